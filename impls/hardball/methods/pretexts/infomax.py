"""Deep Graph Infomax: true encodings against corrupted ones, told apart by their summary."""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from hardball.arrays.namespace import Array, Namespace
from hardball.core import random_bits
from hardball.data import features as raw
from hardball.data.features import Features
from hardball.hierarchy import blankets
from hardball.hierarchy.blankets import SELF, Blankets
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.methods.declare import pretext
from hardball.methods.parameter import choice, flag, real, whole
from hardball.methods.study import Arrays, Ask, Settings, Study, Words
from hardball.metrics.encoders import head_accuracy, told_apart

BILINEAR = "bilinear"
SHUFFLES = 20


class Task(NamedTuple):
    """blankets of all N nodes; inputs float64 (N, dim): features, tangent vectors at the origin."""

    blankets: Blankets
    inputs: np.ndarray

    @property
    def examples(self) -> int:
        return len(self.inputs)

    @property
    def data(self) -> Mapping[str, np.ndarray]:
        """members, kinds, mask (N, W); inputs (N, dim)."""
        members, kinds, mask, _ = self.blankets
        return {"members": members, "kinds": kinds, "mask": mask, "inputs": self.inputs}


def build(
    h: Hierarchy, spec: Settings, *, features: str, own: bool, width: int, scale: float
) -> Task:
    """The blankets, with the node itself or without, and the features.

    Raises what `blankets.blankets` and `features.features` raise.
    """
    found = blankets.blankets(h, width=width, seed=spec.seed)
    inputs = scale * reduced(raw.features(h, features), spec.dim)
    return Task(with_self(found) if own else found, inputs)


def with_self(found: Blankets) -> Blankets:
    """The same blankets, each with its node as the first member, of kind SELF."""
    own = np.arange(len(found.members), dtype=np.int32)[:, None]
    return Blankets(
        np.concatenate([own, found.members], axis=1),
        np.concatenate([np.full_like(own, SELF), found.kinds], axis=1),
        np.concatenate([np.ones_like(own, bool), found.mask], axis=1),
        found.sizes + 1,
    )


def reduced(found: Features, dim: int) -> np.ndarray:
    """Features in the `dim` directions that hold most of them: U S of X = U S V^T, (N, dim).

    X are the blocks side by side; where its rank is below dim, the last columns are zeros. Inner
    products are those of X as far as dim directions tell; each direction has a positive sum.
    Source: Deerwester et al. 1990, Indexing by Latent Semantic Analysis.
    """
    side_by_side = sparse.hstack(
        [sparse.csr_array(block) for block in found], format="csr", dtype=float
    )
    used = side_by_side[:, np.unique(side_by_side.indices)]
    if min(used.shape) > dim:
        begin = random_bits.normal(0, "infomax/directions", min(used.shape))
        left, sizes, _ = svds(used, k=dim, v0=begin)
    else:
        left, sizes, _ = np.linalg.svd(used.toarray(), full_matrices=False)
    order = np.argsort(-sizes)
    rows = (left * sizes)[:, order]
    rows *= np.where(rows.sum(axis=0) < 0, -1, 1)
    return np.pad(rows, ((0, 0), (0, dim - rows.shape[1])))


def start(task: Task, spec: Settings) -> Arrays:
    """The discriminator's map (dim, dim), uniform within sqrt(6 / (dim + dim)).

    Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    shape = spec.dim, spec.dim
    drawn = random_bits.symmetric(spec.seed, "infomax/bilinear", shape)
    return {BILINEAR: sqrt(3 / spec.dim) * drawn}


def words(task: Task, spec: Settings, first: int, steps: int) -> Words:
    """Of `steps` steps: words uint32 (steps, B) that draw nodes, shuffles int32 (steps, N).

    A shuffle is a uniform order of all nodes: node j is given the features of node shuffle[j].
    """
    drawn = random_bits.block(spec.seed, "infomax/nodes", first, steps, spec.batch_size)
    orders = [
        random_bits.permutation(spec.seed, "infomax/shuffles", first + i, task.examples)
        for i in range(steps)
    ]
    return drawn, np.array(orders, np.int32)


def scored(spec: Settings) -> int:
    """Shuffled encodings a node."""
    return 1


def held_out(seed: int, nodes: int, count: int) -> np.ndarray:
    """Shuffles that no training sees: int32 (count, N)."""
    return random_bits.permutations(seed, "infomax/heldout", 0, nodes, count).astype(np.int32)


def step(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, drawn: Array,
    order: Array,
) -> Array:  # fmt: skip
    """The loss of B drawn nodes and a shuffle p of all; drawn (B,) words, order (N,).

    h_i = log0 E(X_MB(i)) encodes the features of node i's blanket, h'_i = log0 E(X_p(MB(i))) the
    same blanket with the features of others; s = sigmoid(mean_i h_i) sums up the batch.
    """
    nodes = xp.mulhi(drawn, order.shape[0])
    members = data["members"][nodes]
    both = xp.stack([members, order[members]], axis=1)
    h = space.log0(_ends(xp, space, c, encode, data, nodes, both), c)
    ones = xp.ones_like(h[:, 0, 0])
    z = logits(xp, h, readout(xp, h[:, 0], ones), arrays[BILINEAR])
    return infomax(xp, z[:, 0], z[:, 1], ones, ones)


def _ends(
    xp: Namespace, space: Any, c: float, encode: Any, data: Any, nodes: Array, given: Array
) -> Array:
    """Encodings of the nodes' blankets (B, V, D), members with the features of given (B, V, W)."""
    seen = space.project(space.exp0(data["inputs"], c), c)
    kinds, mask = (
        xp.broadcast_to(data[name][nodes][:, None], given.shape) for name in ("kinds", "mask")
    )
    return encode(seen[given], kinds, mask)


def shuffled(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, order: Array
) -> Array:
    """The encoding of each node's blanket, node j with the features of order[j]; (N, D)."""
    nodes = xp.arange(order.shape[0], order)
    given = order[data["members"]][:, None]
    return _ends(xp, space, c, encode, data, nodes, given)[:, 0]


def points(xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any) -> Array:
    """Nodes' encodings, each with its own features; (N, D)."""
    order = xp.arange(data["inputs"].shape[0], data["members"])
    return shuffled(xp, space, c, encode, arrays, data, order)


def verdicts(
    xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any, order: Array
) -> tuple[Array, Array]:
    """Logits of being true (N,), of all nodes: with their features, and shuffled by `order`.

    The summary is that of all true encodings.
    """
    true = space.log0(points(xp, space, c, encode, arrays, data), c)
    false = space.log0(shuffled(xp, space, c, encode, arrays, data, order), c)
    summary = readout(xp, true, xp.ones_like(true[:, 0]))
    return logits(xp, true, summary, arrays[BILINEAR]), logits(xp, false, summary, arrays[BILINEAR])


def tangent(xp: Namespace, space: Any, c: float, encode: Any, arrays: Any, data: Any) -> Array:
    """Nodes' encodings as tangent vectors at the origin, (N, dim)."""
    return space.log0(points(xp, space, c, encode, arrays, data), c)


def figures(
    ask: Ask, task: Task, spec: Settings, split: Split, begun: Arrays, ended: Arrays
) -> dict[str, float]:
    """The discriminator on SHUFFLES shuffles that training never saw, before and after; where nodes
    have labels, those of linear heads on the features and on untrained encodings.
    """
    orders = held_out(spec.seed, task.examples, SHUFFLES)
    out = {
        f"discriminator_accuracy{when}": told_apart(ask(verdicts, arrays, o) for o in orders)
        for when, arrays in (("_start", begun), ("", ended))
    }
    if split.labels is None or split.graph_of is not None:
        return out
    (untrained,) = ask(tangent, begun)
    given = {"features": task.inputs, "start": untrained}
    for name, vectors in given.items():
        out[f"label_accuracy_{name}"] = head_accuracy(vectors, split.labels, split.l2)
    return out


@pretext(
    summary="tells encodings of true features from those of shuffled ones, by their summary",
    source="Veličković et al. 2019, Deep Graph Infomax, Eq. 1 and section 4.2",
    parameters={
        "features": choice(
            "names", "rank", "degree", "depth", "all", summary="what is known of a node"
        ),
        "own": flag(True, "whether a node's own features are encoded with its blanket's"),
        "width": whole(16, "members of a blanket at most, the node not counted", at_least=1),
        "scale": real(4.0, "length of a row of features as a tangent vector", above=0),
    },
    build=build,
    study=Study(build, start, words, scored, figures, step, points),
)
def infomax(xp, z_true, z_corrupted, w_true, w_corrupted):
    """Cross-entropy of telling N true encodings from M corrupted ones, by their logits; ().

    -(sum_i w_i log D_i + sum_j w_j log(1 - D_j)) / (sum_i w_i + sum_j w_j), which for D =
    sigmoid(z) is (sum_i w_i softplus(-z_i) + sum_j w_j softplus(z_j)) / (sum_i w_i + sum_j w_j);
    Eq. 1 with its sign turned.
    z_true and w_true (N,), z_corrupted and w_corrupted (M,): a weight is a multiplicity, 0 masks.
    Without any encoding it is 0.
    """
    right = w_true * xp.softplus(-xp.where(w_true > 0, z_true, 0))
    wrong = w_corrupted * xp.softplus(xp.where(w_corrupted > 0, z_corrupted, 0))
    total = xp.sum(w_true) + xp.sum(w_corrupted)
    return (xp.sum(right) + xp.sum(wrong)) / xp.where(total > 0, total, 1)


def readout(xp, encodings, weight):
    """Summary of true encodings: s = sigmoid(sum_i w_i h_i / sum_i w_i), (B, D) -> (D,).

    weight (B,): a multiplicity, 0 masks. Without any encoding it is 1/2 throughout.
    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 3.
    """
    present = xp.where(weight[:, None] > 0, encodings, 0)
    total = xp.sum(weight)
    mean = xp.sum(weight[:, None] * present, axis=0) / xp.where(total > 0, total, 1)
    return xp.sigmoid(mean)


def logits(xp, encodings, summary, bilinear):
    """Of being true: z = h^T W s, so that D(h, s) = sigmoid(z); (..., D), (D,), (D, D) -> (...).

    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 4.
    """
    return xp.product(encodings, xp.product(bilinear, summary[:, None]))[..., 0]
