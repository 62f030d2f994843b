"""Broken Markov blankets: an encoder of a node's blanket learns to notice what the blanket lost."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import blankets as found
from hardball.hierarchy.blankets import DROPS, Blankets
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.methods.declare import pretext
from hardball.methods.losses.infonce import infonce
from hardball.methods.parameter import choice, flag, real, whole
from hardball.methods.samplers.blanket import broken
from hardball.methods.sources import HARDBALL, OORD_2018
from hardball.methods.study import Arrays, Ask, Settings, Study, Words
from hardball.metrics.encoders import in_order

TABLE = "table"


class Task(NamedTuple):
    """blankets of all nodes; alike (N,): equal numbers for equal blankets.

    Of the nodes whose blanket has something to drop, int32 ids in random order: anchors are trained
    on; unbroken, some of them, against other nodes' blankets alone, never their own broken one;
    unseen are no anchors, so that their rows are trained as members of other blankets only.
    """

    blankets: Blankets
    alike: np.ndarray
    anchors: np.ndarray
    unbroken: np.ndarray
    unseen: np.ndarray

    @property
    def examples(self) -> int:
        return int(self.anchors.size)

    @property
    def data(self) -> Mapping[str, np.ndarray]:
        """members, kinds, mask (N, W); anchors; alike and, of the nodes whose breaks are trained
        on, broken (N,).
        """
        members, kinds, mask, _ = self.blankets
        trained = ~np.isin(np.arange(len(members)), self.unbroken)
        arrays = {"members": members, "kinds": kinds, "mask": mask, "alike": self.alike}
        return {**arrays, "anchors": self.anchors, "broken": trained}


def build(
    h: Hierarchy, spec: Settings, *, drop: str, breaks: int, others: bool, width: int,
    heldout: float, scale: float,
) -> Task:  # fmt: skip
    """The blankets, and which nodes are trained on, by a random order of those with a drop.

    Raises HardballError where that leaves one of the three parts empty, and where an anchor would
    be compared with nothing.
    """
    if not breaks and not others:
        raise HardballError("pretext blankets: breaks=0 leaves no negatives: set others")
    all_nodes = found.blankets(h, width=width, seed=spec.seed)
    able = np.flatnonzero(found.droppable(all_nodes, drop)).astype(np.int32)
    order = able[random_bits.permutation(spec.seed, "blankets/heldout", 0, able.size)]
    kept_out = round(heldout * able.size)
    if not 0 < 2 * kept_out < able.size:
        raise HardballError(
            f"{h.name}: twice heldout={heldout} of the {able.size} nodes with a {drop} to drop: "
            f"some must be held out and some left, so change heldout, drop or the hierarchy"
        )
    unseen, anchors = order[:kept_out], order[kept_out:]
    return Task(all_nodes, found.alike(all_nodes), anchors, anchors[:kept_out], unseen)


def start(task: Task, spec: Settings, *, scale: float) -> Arrays:
    """The table of all nodes' first tangent vectors, normal of deviation `scale`; (N, dim)."""
    shape = task.alike.size, spec.dim
    return {TABLE: scale * random_bits.normal(spec.seed, "blankets/table", shape)}


def words(task: Task, spec: Settings, first: int, steps: int, *, breaks: int) -> Words:
    """Words of `steps` steps: uint32 (steps, B) that draw anchors, (steps, B, breaks) members."""
    batch = spec.batch_size
    anchors = random_bits.block(spec.seed, "blankets/anchors", first, steps, batch)
    dropped = random_bits.block(spec.seed, "blankets/breaks", first, steps, batch * breaks)
    return anchors, dropped.reshape(steps, batch, breaks)


def scored(spec: Settings, *, breaks: int, others: bool) -> int:
    """Encodings that an anchor is compared with beside its own blanket's."""
    return breaks + others * (spec.batch_size - 1)


def step(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, drawn: Array,
    lost: Array, *, drop: str, others: bool, temperature: float,
) -> Array:  # fmt: skip
    """The loss of a batch's anchors; drawn (B,), lost (B, breaks) words.

    An anchor is the row of a node, its positive the encoding of the node's blanket, which does not
    hold the node; negatives are the encodings of that blanket without one member and, if `others`,
    the blankets of the batch's other nodes, equal blankets masked.
    """
    anchors = data["anchors"][xp.mulhi(drawn, data["anchors"].shape[0])]
    at, ends, valid = views(xp, space, c, encode, arrays, data, anchors, anchors, lost, drop=drop)
    d = space.dist(at[:, None], ends, c)
    d_neg, weight = d[:, 1:], valid & data["broken"][anchors][:, None]
    if others:
        alike = data["alike"][anchors]
        d_neg = xp.concatenate([d_neg, space.dist_matrix(at, ends[:, 0], c)], axis=1)
        weight = xp.concatenate([weight, alike[:, None] != alike], axis=1)
    return blankets(xp, d[:, 0], d_neg, xp.astype(weight, d), temperature=temperature)


def views(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, anchors: Array,
    owners: Array, lost: Array, *, drop: str,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Anchors' points (B, D); owners' whole and broken blankets' (B, 1+K, D); valid (B, K)."""
    kinds, mask = data["kinds"][owners], data["mask"][owners]
    masks, valid = broken(xp, kinds, mask, lost, drop=drop)
    at, members = (
        space.project(space.exp0(arrays[TABLE][nodes], c), c)
        for nodes in (anchors, data["members"][owners])
    )
    masks = xp.concatenate([mask[:, None], masks], axis=1)
    return at, encode(members[:, None], kinds[:, None], masks), valid


def distances(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, anchors: Array,
    owners: Array, lost: Array, *, drop: str,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """From the rows of anchors to the blankets of owners, whole and broken; and whether it is.

    anchors, owners (n,), lost words (n, 1): which member of the kind `drop` is lost; (n,) each.
    """
    at, ends, valid = views(xp, space, c, encode, arrays, data, anchors, owners, lost, drop=drop)
    d = space.dist(at[:, None], ends, c)
    return d[:, 0], d[:, 1], valid[:, 0]


def points(xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any) -> Array:
    """Nodes' own rows as points, (N, D)."""
    return space.project(space.exp0(arrays[TABLE], c), c)


def strangers(nodes: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """For each node the next of `nodes`, in a circle, whose blanket is not equal; else itself."""
    out = nodes.copy()
    equal = np.ones(nodes.size, bool)
    for shift in range(1, nodes.size):
        out[equal] = np.roll(nodes, -shift)[equal]
        equal = alike[out] == alike[nodes]
        if not equal.any():
            break
    return np.where(equal, nodes, out)


def figures(
    ask: Ask, task: Task, spec: Settings, split: Split, begun: Arrays, ended: Arrays, *, drop: str
) -> dict[str, float]:
    """What the distances of held-out nodes' rows show, before and after; see `compared`."""
    out = {}
    for group, nodes in (("unseen", task.unseen), ("unbroken", task.unbroken)):
        for when, arrays in (("_start", begun), ("", ended)):
            for name, (far, near) in compared(ask, task, spec, arrays, nodes, drop).items():
                if far.size:
                    out[f"{name}_auc_{group}{when}"] = in_order(far, near)
    return out


def compared(
    ask: Ask, task: Task, spec: Settings, arrays: Arrays, nodes: np.ndarray, drop: str
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(what should lie farther, what nearer), distances from the nodes' rows, a node an entry.

    break: the broken blanket against the whole one, of nodes with other members left. kind: equally
    large, the blanket that lost a `drop` against the one that lost a child (a parent, if drop is
    child), of nodes that have both. node: another node's whole blanket against the node's own.
    """

    def measure(owners: np.ndarray, lacks: str) -> tuple[np.ndarray, ...]:
        lost = random_bits.words(spec.seed, f"blankets/test/{lacks}", 0, nodes.size)[:, None]
        return ask(distances, arrays, nodes, owners, lost, drop=lacks)

    whole, lost, _ = measure(nodes, drop)
    owners = strangers(nodes, task.alike)
    elsewhere, _, _ = measure(owners, drop)
    _, control, both = measure(nodes, "parent" if drop == "child" else "child")
    left, apart = task.blankets.sizes[nodes] > 1, owners != nodes
    return {
        "break": (lost[left], whole[left]),
        "kind": (lost[both], control[both]),
        "node": (elsewhere[apart], whole[apart]),
    }


@pretext(
    summary="tells Markov blankets from broken ones and from those of other nodes",
    source=f"{OORD_2018}; {HARDBALL}, Markov-blanket perturbation",
    parameters={
        "drop": choice("parent", *DROPS[1:], summary="what a broken blanket lacks"),
        "breaks": whole(1, "broken blankets that an anchor is compared with; 0: none", at_least=0),
        "others": flag(True, "whether it is compared with the batch's other blankets too"),
        "width": whole(16, "members of a blanket at most", at_least=1),
        "temperature": real(0.5, "what distances are divided by", above=0),
        "heldout": real(0.1, "share of the nodes in each of two held-out groups", above=0, below=1),
        "scale": real(0.1, "standard deviation of the rows at first, tangent vectors", above=0),
    },
    build=build,
    study=Study(build, start, words, scored, figures, step, points),
)
def blankets(xp, d_pos, d_neg, weight, *, temperature):
    """Mean over anchors of InfoNCE of d(x, E(MB)) against d(x, E_k); ().

    mean_B log(1 + sum_k w_k e^((d_pos - d_neg_k) / T)). d_pos (B,): from an anchor's row to the
    encoding of its blanket; d_neg, weight (B, K): to those of broken and of other blankets.
    """
    return xp.mean(infonce(xp, d_pos, d_neg, weight, temperature=temperature))
