"""What the catalogue says of a method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "task",
    "start",
    "manifold",
    "sampler",
    "loss",
    "regularizer",
    "optimizer",
    "pairs",
    "batches",
    "objective",
    "radius",
    "encoder",
    "pretext",
]
Value = bool | int | float | str


@dataclass(frozen=True)
class Entry:
    """One method.

    module: dotted path below hardball; a pair lives in <module>_jax and <module>_torch.
    function: its name in both halves ("" where the module itself is the method, as a manifold is).
    looks: whether what a sampler draws depends on where the points lie.
    sums: whether a loss adds its negatives up, so that a factor on all their weights matters.
    owns: whether a regulariser has arrays of its own that are trained with the points.
    curves: whether a regulariser learns the curvature at which the loss's distances are taken.
    cost: of a sampler, for N nodes, "memory of its arrays; work of a draw".
    formula: of a sampler, what is drawn; where it is empty the docstring of the halves says it.
    settings: values of the parameter `setting` -> the parameters that each of them fixes.
    build: a host function (hierarchy, known, **params) -> dict of arrays, shared by both halves;
    of a regulariser that `owns` arrays (problem, **params) -> `trainers.heads.Head`; of a radius
    (hierarchy, **params) -> that of every node.
    words: a host function (negatives, **params) -> words an anchor; "" where a draw takes one.
    refresh: the name in both halves of what makes a sampler's lists from the points, again and
    again during the training.
    parameters: every parameter with its default.
    """

    kind: Kind
    name: str
    summary: str
    source: str
    module: str
    function: str = ""
    build: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    form: Literal["", "pairs", "pool", "composed"] = ""
    words: str = ""
    refresh: str = ""
    paired: bool = True
    looks: bool = False
    sums: bool = False
    owns: bool = False
    curves: bool = False
    cost: str = ""
    formula: str = ""

    @property
    def costs(self) -> tuple[str, str]:
        """Memory of a sampler's arrays, work of a draw; both "" where no cost is said."""
        memory, _, work = self.cost.partition("; ")
        return memory, work

    settings: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
