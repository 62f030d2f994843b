"""What training hands to a method: one table, from which a method takes what its body names.

A body's arguments are, beside `xp` and its parameters, facts of this table or arrays that it owns:

>>> FACTS["loss"]["hops"].summary
'edges of the shortest path from the anchor up to its positive'
>>> from hardball.methods import registry
>>> named(registry.load("loss", "multi_hop_contrastive", "torch"), "loss")
('d_pos', 'd_neg', 'weight', 'hops')

A training step has B pairs of an anchor and its positive. K is the number of an anchor's negatives,
those that it shares with others included; R that of all rows, 2 B of the pairs and then every
negative; N that of all nodes; d the dimension. Distances and radii are hyperbolic lengths at the
run's curvature -c, plain lengths in R^d; depths and hops are counted in edges.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hardball.core.errors import HardballError

# What a fact is of: a training pair, its anchor, both ends of a pair, every row of the step, the
# spanning tree between a pair's anchor and others, the step itself, a single draw, or a term's own.
Of = Literal["pair", "anchor", "ends", "rows", "tree", "step", "draw", "term"]


@dataclass(frozen=True)
class Fact:
    """One thing that a method may be handed.

    name: the argument's. shape: its axes, as in the module's docstring; None of what is no array.
    of: see `Of`; facts of a pair, an anchor, ends or rows are looked up in an array of all pairs or
    nodes, those of the tree in its index, and the others are computed in every step.
    by: parameters of the method that asks, by which the fact is computed.
    low, high, whole: a range of usual values, for `sample`. moves: whether a gradient goes through.
    """

    name: str
    shape: tuple[str, ...] | None
    summary: str
    of: Of = "step"
    low: float = 0.0
    high: float = 10.0
    whole: bool = False
    moves: bool = False
    by: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The shape as a person reads it.

        >>> FACTS["loss"]["d_neg"].text
        '(B, K)'
        """
        if self.shape is None:
            return "an object"
        last = "," if len(self.shape) == 1 else ""
        return f"({', '.join(self.shape)}{last})"

    def sizes(self, **axes: int) -> tuple[int, ...]:
        """The shape in numbers.

        >>> FACTS["regularizer"]["tangent"].sizes(B=4, d=3)
        (8, 3)
        """
        read = (re.fullmatch(r"(\d*)(\w)", axis) for axis in self.shape or ())
        return tuple(int(axis[1] or 1) * axes[axis[2]] for axis in read if axis)

    def sample(self, generator: np.random.Generator, **axes: int) -> np.ndarray:
        """Usual values, uniform in the fact's range: float64, whole numbers where it counts."""
        size = self.sizes(**axes)
        if self.whole:
            return generator.integers(int(self.low), int(self.high) + 1, size).astype(np.float64)
        return generator.uniform(self.low, self.high, size)


# What a loss compares, of an anchor with its positive, <measure>_pos, and with its negatives,
# <measure>_neg: distances, angles at the origin, angles at the others, boxes.
MEASURES = ("d", "theta", "xi", "box")

_PI = 3.14159

_COUNTS: dict[str, Any] = {"low": 1, "high": 8, "whole": True}

_SAMPLER = (
    Fact("index", None, "the sampler's arrays by name, as its builder made them", "draw"),
    Fact("anchors", ("B",), "nodes to draw for: anchors, or positives", "draw", whole=True),
    Fact("words", ("B", "K"), "random words in 0 .. 2^32 - 1", "draw", 0, 2**32 - 1, True),
    Fact("space", None, "distances between nodes as they lie now: `dist`, `dist_matrix`, `choose`"),
    Fact("progress", (), "the share of the training that is over", high=1.0),
    Fact("positives", ("B",), "the anchors' positives", whole=True),
    Fact("known", None, "which candidates are known positives: `each`, `shared`"),
    Fact("negatives", (), "K, how many to draw for an anchor", "draw", 1, 50, True),
)

_LOSS = (
    Fact("d_pos", ("B",), "distance from the anchor to its positive", moves=True),
    Fact("d_neg", ("B", "K"), "distances from the anchor to its negatives", moves=True),
    Fact(
        "theta_pos", ("B",), "angle at the origin to the positive, radians", high=_PI, moves=True
    ),
    Fact(
        "theta_neg", ("B", "K"), "angles at the origin to the negatives", high=_PI, moves=True
    ),
    Fact(
        "xi_pos",
        ("B",),
        "angle at the positive between the ray outwards and the way to the anchor, radians",
        high=_PI,
        moves=True,
    ),
    Fact("xi_neg", ("B", "K"), "the same at the negatives", high=_PI, moves=True),
    Fact("box_pos", ("B",), "-log of the share of the anchor's box in the positive's, see "
         "`manifolds.boxes`", low=0.01, moves=True),
    Fact("box_neg", ("B", "K"), "the same of the negatives", low=0.01, moves=True),
    Fact("weight", ("B", "K"), "how often a negative counts; 0 masks it", high=1, whole=True),
    Fact("hops", ("B",), "edges of the shortest path from the anchor up to its positive", "pair",
         **_COUNTS),
    Fact("depth", ("B",), "edges from a root to the anchor", "anchor", **_COUNTS),
    Fact("absent", ("B",), "of the nodes not known above the anchor, the share of one of its pairs",
         "anchor", **_COUNTS),
    Fact("tree_pos", ("B",), "edges along the spanning tree to the positive", "tree", **_COUNTS),
    Fact("tree_neg", ("B", "K"), "edges along the spanning tree to the negatives", "tree",
         **_COUNTS),
    Fact("depth_pos", ("B",), "edges from a root to the positive", "tree", **_COUNTS),
    Fact("depth_neg", ("B", "K"), "edges from a root to the negatives", "tree", **_COUNTS),
    Fact("norm_pos", ("B",), "|x| / (1 - |x|^2) of the positive in the unit ball; |x| in R^d",
         low=1.0, high=8.0, moves=True),
    Fact("norm_neg", ("B", "K"), "the same of the negatives", low=1.0, high=8.0, moves=True),
    Fact("r", ("B",), "distance from the origin to the anchor, in 1/sqrt(c)", low=0.5, high=9.0,
         moves=True),
    Fact("r_pos", ("B",), "the same of the positive", low=0.5, high=9.0, moves=True),
    Fact("r_neg", ("B", "K"), "the same of the negatives", low=0.5, high=9.0, moves=True),
    Fact("level", ("B",), "log of the anchor's height in the half space whose top is the ideal "
         "point along the first axis; 0 at the origin", low=-5, high=5, moves=True),
    Fact("level_pos", ("B",), "the same of the positive", low=-5, high=5, moves=True),
    Fact("level_neg", ("B", "K"), "the same of the negatives", low=-5, high=5, moves=True),
    Fact("c", (), "the curvature is -c", low=1, high=1),
)  # fmt: skip

_REGULARIZER = (
    Fact("radii", ("2B",), "distance from the origin", moves=True),
    Fact("d_pos", ("B",), "distance from the anchor to its positive", moves=True),
    Fact("tangent", ("2B", "d"), "tangent vectors at the origin", low=-3, high=3, moves=True),
    Fact("degrees", ("2B",), "training pairs that a node is in", "ends", 1, 99, True),
    Fact("depths", ("2B",), "edges from a root", "ends", 0, 11, True),
    Fact("vectors", ("R", "d"), "tangent vectors at the origin", low=-3, high=3, moves=True),
    Fact("start", ("R", "d"), "the same when the run began", "rows", -3, 3),
    Fact("fisher", ("R", "d"), "how much a node's place mattered to the run that this one begins "
         "from: N times the diagonal Fisher information over `batches` batches", "rows", 0, 1,
         by=("batches",)),
    Fact("c", (), "the curvature is -c", low=1, high=1),
)  # fmt: skip

_OBJECTIVE = (
    Fact("values", ("T",), "means of the T terms over a batch, the main loss first"),
    Fact("products", ("T", "T"), "inner products of the terms' gradients"),
)

_RADIUS = (
    Fact("manifold", None, "the space's functions"),
    Fact("rows", ("R", "d"), "points", low=-0.5, high=0.5, moves=True),
    Fact("radius", ("R",), "the radius asked for", "rows", high=3),
    Fact("c", (), "the curvature is -c", low=1, high=1),
)

_OPTIMIZER = (
    Fact("manifold", None, "the space's functions"),
    Fact("rows", ("R", "d"), "points", low=-0.5, high=0.5),
    Fact("grads", ("R", "d"), "Euclidean gradients of the loss in them", low=-1, high=1),
    Fact("state", None, "what the optimiser keeps of each row, arrays by name"),
    Fact("lr", (), "the learning rate", low=0.01, high=0.5),
    Fact("c", (), "the curvature is -c", low=1, high=1),
)


def _table(*facts: Fact) -> dict[str, Fact]:
    return {fact.name: fact for fact in facts}


FACTS: Mapping[str, Mapping[str, Fact]] = {
    "sampler": _table(*_SAMPLER),
    "loss": _table(*_LOSS),
    "regularizer": _table(*_REGULARIZER),
    "objective": _table(*_OBJECTIVE),
    "radius": _table(*_RADIUS),
    "optimizer": _table(*_OPTIMIZER),
}
# What a loss or a regulariser is told of pairs and nodes, beside what follows from the points.
TOLD: Mapping[str, Fact] = {
    name: fact
    for kind in ("loss", "regularizer")
    for name, fact in FACTS[kind].items()
    if fact.of not in ("step", "draw")
}
# What follows from single points, of the anchor, <length>, of the others <length>_pos and _neg.
LENGTHS = ("norm", "r", "level")
# What follows from the points of a batch, beside the measure that a loss is about.
_ENDS = [(name, "") for name in LENGTHS]
_ENDS += [(name, end) for name in (*MEASURES, *LENGTHS) for end in ("_pos", "_neg")]
MEASURED = (*(f"{name}{end}" for name, end in _ENDS), "c")


def of(kind: str, name: str) -> Of:
    """What a fact is of."""
    return FACTS[kind][name].of


def takes(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's arguments, in order."""
    return tuple(inspect.signature(function).parameters)


def options(function: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Of the parameters those that the function takes.

    >>> options(lambda x, margin: x, {"margin": 0.5, "top": 16})
    {'margin': 0.5}
    """
    asked = takes(function)
    return {name: value for name, value in parameters.items() if name in asked}


def named(function: Callable[..., Any], kind: str) -> tuple[str, ...]:
    """The facts that a function of a kind takes, in the order of its arguments."""
    return tuple(name for name in takes(function) if name in FACTS[kind])


def measure_of(loss: Callable[..., Any]) -> str:
    """Which of MEASURES a loss compares, the first that it names as d_pos, d_neg.

    Raises HardballError where it names none.
    """
    asked = takes(loss)
    found = [each for each in MEASURES if f"{each}_pos" in asked and f"{each}_neg" in asked]
    if not found:
        pairs = ", ".join(f"{each}_pos and {each}_neg" for each in MEASURES)
        raise HardballError(f"a loss takes ({', '.join(asked)}): it compares one of {pairs}")
    return min(found, key=lambda each: asked.index(f"{each}_pos"))


def beside_measure(loss: Callable[..., Any]) -> tuple[str, ...]:
    """What a loss takes of the points beside the measure that it compares, see MEASURED."""
    compared, asked = measure_of(loss), takes(loss)
    mine = (f"{compared}_pos", f"{compared}_neg")
    return tuple(name for name in MEASURED if name in asked and name not in mine)


def check(
    kind: str,
    name: str,
    function: Callable[..., Any],
    parameters: Collection[str],
    owned: Sequence[Fact] = (),
) -> None:
    """Raises HardballError where an argument is no fact, no parameter and nothing that is owned."""
    if kind not in FACTS:
        return
    allowed = {"xp", *FACTS[kind], *parameters, *(fact.name for fact in owned)}
    unknown = [argument for argument in takes(function) if argument not in allowed]
    if unknown:
        raise HardballError(
            f"{kind} {name} takes {unknown[0]!r}, which is none of its parameters "
            f"({', '.join(parameters) or 'none'}) and none of what a {kind} is handed "
            f"({', '.join(FACTS[kind])})"
        )
