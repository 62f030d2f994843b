"""What a method declares: its name, source and parameters beside its code.

A method's body takes the array namespace `xp` as its first argument (see `arrays.namespace`), so
that one text serves JAX and PyTorch. `Entry.bind` gives the function of one framework.
"""

import copy
import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from hardball.core.errors import HardballError
from hardball.methods import facts
from hardball.methods.facts import Fact
from hardball.methods.parameter import Parameter, Value
from hardball.methods.study import Study
from hardball.metrics.charts import Chart

Kind = Literal[
    "task",
    "start",
    "strategy",
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
Body = Callable[..., Any]

# A part of a row's optimiser state: its name and how many numbers it is, "point" for as many as the
# row's point has.
Columns = tuple[tuple[str, int | Literal["point"]], ...]


@dataclass(frozen=True, eq=False)
class Entry:
    """One method.

    body: the function, or the module where a module is the method, as a manifold is; its first
    argument is the array namespace, the others are facts, see `facts.FACTS`, and parameters.
    None where the method is all host code.
    build: a host function (hierarchy, known, **params) -> dict of arrays, for both frameworks; of
    a method that `owns` arrays (problem, **params) -> its Head; of a radius (hierarchy,
    **params) -> that of every node; of a strategy (hierarchy, seed, **params) -> the number of the
    arrival that brings every node, all 0 where all are there from the beginning.
    declared: every parameter, see `parameter.Parameter`.
    looks: whether what a sampler draws depends on where the points lie.
    sums: whether a loss adds its negatives up, so that a factor on all their weights matters.
    detached: whether a loss weighs by something that no gradient goes through, so that its gradient
    is not its slope.
    owns: the arrays that the `build` of a regulariser, or of a loss, makes for it alone, see
    `handed.Head`.
    curves: whether a regulariser learns the curvature at which the loss's distances are taken.
    form: how a sampler draws: for each pair, one pool a batch, or composed of other samplers.
    cost: of a sampler, for N nodes, "memory of its arrays; work of a draw".
    formula: of a sampler, what is drawn.
    settings: values of the parameter `setting` -> the parameters that each of them fixes.
    draws_words: a host function (negatives, **params) -> random words an anchor; None where a draw
    takes one word.
    replays: whether a pool's words name the positives of earlier pairs, see `training.words`; its
    body then takes word w for node floor(w N / 2^32).
    refresh: a body that makes a sampler's lists from the points, again and again in training. It
    takes what it names of: space, known (nodes -> a `Known`), nodes (N,), words (N, W), lists (the
    last ones, None at the start) and candidates (N, C), what `search` found, or None.
    refresh_words: a host function (**params) -> W, random words a node for a refresh.
    search: a host function (points, manifold, c, **params) -> candidates for a refresh, int32 (N,
    C); None where all nodes are looked at.
    state: what an optimiser keeps of each row, zeros at first.
    coast: a body (xp, manifold, rows, state, before, lr, c, **params) -> (rows, state) that makes
    up for the steps since a row was last touched; None where an untouched row stays as it is.
    promises: what a sampler promises of its draws: "depth", that they lie as deep as the node they
    are drawn for; "near", that they are fewer hops away than random nodes too; "" neither. A host
    function (**params) -> one of these where it depends on the parameters.
    complete: whether the pairs of a `pairs` are all training pairs, equally often.
    curvature_free: whether a row of a manifold means the same tangent vector at the origin whatever
    the curvature, so that this can be learned.
    chart: how the exact metrics read a manifold's points; needed unless `metrics.charts` has it.
    kernel: which of the compiled kernels' parts does the same: of a manifold, an optimiser, a loss.
    fits: a host function (spec, **params) that raises HardballError where another setting of the
    run contradicts the method; of a sampler with the keyword `negatives`.
    reads: a host function (**params) -> the files that a method reads beside the data set.
    earlier: of a start that goes on from another run, a host function (hierarchy, **params) -> an
    `starts.earlier.Earlier`.
    energy: of a loss that compares no distances, a host function (polar, pairs (L, 2), **params) ->
    how far each pair of node and ancestor is from a link: float64 (L,), low for a link.
    scores: of a regulariser that `owns` arrays, a host function (task, points, c, own, **params) ->
    metrics of its arrays at the end, by name.
    trains: of a strategy other than one training from start to end, modules below hardball that are
    loaded for its runs alone, {framework} for the framework; the function `run` of the first trains
    a run, see `training.trained`.
    study: of a pretext, what an encoder is trained on and asked, see `study.Study`; an encoder's
    `build` makes the arrays that it begins with: (seed, dim, **params) -> float64 by name.
    overrides: by framework, what makes its function from the namespace where the body will not do.

    Some parameters mean something to training: `c` of a manifold, its curvature is -c; of a
    sampler `relative_to`, the end of a pair that draws are around, `every`, the steps between two
    refreshes, `corrected`, that draws weigh by its array `correction` (N,) and not by their number;
    `temperature` of a loss, what it divides distances by; of a regulariser `schedule` and `lr`, how
    its weight goes and the rate of what it owns; `features` and `file`, features of the nodes.
    """

    kind: Kind
    name: str
    summary: str
    source: str
    body: Body | ModuleType | None = None
    build: Body | None = None
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    form: Literal["", "pairs", "pool", "composed"] = ""
    draws_words: Body | None = None
    replays: bool = False
    refresh: Body | None = None
    refresh_words: Callable[..., int] | None = None
    search: Body | None = None
    state: Columns = ()
    coast: Body | None = None
    looks: bool = False
    sums: bool = False
    detached: bool = False
    owns: tuple[Fact, ...] = ()
    curves: bool = False
    cost: str = ""
    formula: str = ""
    settings: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    promises: str | Callable[..., str] = ""
    complete: bool = False
    curvature_free: bool = False
    chart: Chart | None = None
    kernel: str = ""
    fits: Body | None = None
    reads: Callable[..., list[Path]] | None = None
    earlier: Body | None = None
    energy: Body | None = None
    scores: Body | None = None
    trains: tuple[str, ...] = ()
    study: Study | None = None
    overrides: dict[str, Callable[[Any], Body]] = field(default_factory=dict)
    _bound: dict[str, Any] = field(default_factory=dict, repr=False)

    def promise(self, parameters: Mapping[str, Value]) -> str:
        """What a sampler promises with these parameters, see `promises`."""
        return self.promises if isinstance(self.promises, str) else self.promises(**parameters)

    @property
    def parameters(self) -> dict[str, Value]:
        """Every parameter with its default."""
        return {name: parameter.default for name, parameter in self.declared.items()}

    @property
    def choices(self) -> dict[str, tuple[Value, ...]]:
        """The allowed values of each parameter that takes only a few."""
        return {name: p.choices for name, p in self.declared.items() if p.choices}

    @property
    def costs(self) -> tuple[str, str]:
        """Memory of a sampler's arrays, work of a draw; both "" where no cost is said."""
        memory, _, work = self.cost.partition("; ")
        return memory, work

    @property
    def module(self) -> str:
        """The module that declares the method."""
        code = self.body if self.body is not None else self.build
        return (
            code.__name__ if isinstance(code, ModuleType) else str(getattr(code, "__module__", ""))
        )

    @property
    def paired(self) -> bool:
        """Whether there is code for a framework, and not for the host alone."""
        return self.body is not None

    def code(self, framework: str) -> list[str]:
        """The modules below hardball that hold the method's code in a framework."""
        inside = self.module.startswith("hardball.")
        own = [self.module.removeprefix("hardball.")] if inside else []
        return [*own, *(module.format(framework=framework) for module in self.trains)]

    @property
    def file(self) -> Path | None:
        """The file that declares the method; None where the module is not a file."""
        found = getattr(sys.modules.get(self.module), "__file__", None)
        return Path(found) if found else None

    def override(self, framework: str) -> Callable[[Callable[[Any], Body]], Callable[[Any], Body]]:
        """Decorates what makes a framework's own function, given its namespace.

        For what a framework forces, or where it is much quicker: say which, with the figure.
        """

        def put(make: Callable[[Any], Body]) -> Callable[[Any], Body]:
            self.overrides[framework] = make
            return make

        return put

    def check(self, function: Body) -> None:
        """Raises HardballError where an argument is neither a fact nor a parameter."""
        facts.check(self.kind, self.name, function, self.parameters, self.owns)

    def bind(self, xp: Any) -> Any:
        """The method over the namespace `xp`, bound once: a function without the argument `xp`.

        Its parameters have their defaults. Of a module, its functions bound one by one. Raises
        HardballError where `check` does.
        """
        if xp.NAME not in self._bound:
            made = self._make(xp)
            if not isinstance(made, Bound | ModuleType):
                self.check(made)
            self._bound[xp.NAME] = made
        return self._bound[xp.NAME]

    def bind_refresh(self, xp: Any) -> Body | None:
        """`refresh` over the namespace `xp`; None where the sampler keeps no lists."""
        return None if self.refresh is None else _with_defaults(self.refresh, xp, self.parameters)

    def bind_build(self) -> Body | None:
        """`build` with the defaults of its parameters; None where the method builds no arrays."""
        if self.build is None:
            return None
        defaults = facts.options(self.build, self.parameters)
        return _described(functools.partial(self.build, **defaults), self.build)

    def bind_coast(self, xp: Any) -> Body | None:
        """`coast` over the namespace `xp`; None where untouched rows stay as they are."""
        return None if self.coast is None else _with_defaults(self.coast, xp, self.parameters)

    def __call__(self, xp: Any, *given: Any, **parameters: Any) -> Any:
        """The method's value, for bodies that are made of other methods."""
        return self.bind(xp)(*given, **parameters)

    def _make(self, xp: Any) -> Any:
        if xp.NAME in self.overrides:
            made = self.overrides[xp.NAME](xp)
            defaults = facts.options(made, self.parameters)
            return _described(functools.partial(made, **defaults), self.body or made)
        if self.body is None:
            raise TypeError(f"{self.kind} {self.name} has no code for a framework")
        if isinstance(self.body, ModuleType):
            return (Manifold if self.kind == "manifold" else Bound)(self.body, xp)
        _bind_called(self.body, xp)
        return _with_defaults(self.body, xp, self.parameters)


class Bound:
    """A module's public functions and constants over one namespace.

    Functions whose first argument is `xp` lose it. Raises HardballError, one line, where the module
    lacks what the class lists.
    """

    def __init__(self, module: ModuleType, xp: Any) -> None:
        self.__name__, self.__doc__ = module.__name__, module.__doc__
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__:
                if not name.startswith("_"):
                    takes_xp = facts.takes(value)[:1] == ("xp",)
                    setattr(self, name, _with_defaults(value, xp, {}) if takes_xp else value)
            elif name.isupper():
                setattr(self, name, value)
        lacking = [name for name in type(self).__annotations__ if not hasattr(self, name)]
        if lacking:
            kind = type(self).__name__.lower()
            raise HardballError(f"{kind} {module.__name__} lacks {', '.join(lacking)}: define them")


class Manifold(Bound):
    """What every manifold must have; points are rows, the curvature c > 0 means -c.

    coordinates(dim): width of a row of a dim-dimensional space. MAX_RADIUS: largest sqrt(c) radius
    in "float32" and in "float64" of a run that sets none. FLAT: whether the space is R^d. All
    others take c last, and broadcast over leading axes but for `dist_matrix`: (B, D) and (M, D) ->
    (B, M). `project` and `touches` take another largest sqrt(c) radius after c. A space whose
    points may lie farther out than MAX_RADIUS says how far, FAR_RADIUS, and has `far_dist` and
    `far_dist_matrix` for it.
    """

    MAX_RADIUS: Mapping[str, float]
    FLAT: bool
    coordinates: Body
    exp0: Body
    log0: Body
    radius: Body
    dist: Body
    dist_matrix: Body
    exp_map: Body
    log_map: Body
    transport: Body
    retract: Body
    egrad_to_rgrad: Body
    norm: Body
    project: Body
    touches: Body

    def farthest(self, dtype: str) -> float:
        """Largest sqrt(c) radius that a run may ask for."""
        return float(getattr(self, "FAR_RADIUS", self.MAX_RADIUS[dtype]))

    def within(self, most: float) -> "Manifold":
        """This space with sqrt(c) radii up to `most`; 0 leaves it as it is, up to MAX_RADIUS."""
        if not most:
            return self
        kept = copy.copy(self)
        kept.project = functools.partial(self.project, most=most)
        kept.touches = functools.partial(self.touches, most=most)
        if hasattr(self, "FAR_RADIUS") and most > self.MAX_RADIUS["float32"]:
            own = vars(self)
            kept.dist, kept.dist_matrix = own["far_dist"], own["far_dist_matrix"]
        return kept


def _with_defaults(body: Body, xp: Any, parameters: Mapping[str, Value]) -> Body:
    """`body` with `xp` and the defaults of the parameters that it takes."""
    return _described(functools.partial(body, xp, **facts.options(body, parameters)), body)


def _described(bound: Any, body: Any) -> Any:
    """`bound` with the name and the docstring of `body`."""
    functools.update_wrapper(bound, body)
    # Without it a signature would be read from the body, and show `xp`.
    del bound.__wrapped__
    return bound


def _bind_called(body: Body, xp: Any) -> None:
    """Binds the methods that a body calls, so that nothing is bound while a call is compiled."""
    for name in body.__code__.co_names:
        called = body.__globals__.get(name)
        if isinstance(called, Entry):
            called.bind(xp)
