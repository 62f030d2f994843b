"""What a run is made of, resolved for one framework: its samplers, loss, terms, optimiser."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.methods import facts, registry
from hardball.methods.contract import Columns, Manifold
from hardball.methods.samplers.compose import Part, Ramp
from hardball.runs.negatives import samplers
from hardball.runs.spec import MoreLoss, RunSpec
from hardball.training import heads, terms
from hardball.training.native import settings
from hardball.training.problem import Problem, curvature, held
from hardball.training.words import words_shape


@dataclass(frozen=True, eq=False)
class Sampling:
    """One of a run's samplers: what draws, and how much.

    options: its parameters that the draw takes; counts: whether it is told how many to draw; part:
    see `compose.Part`; wants: the facts of a step that it takes; refresh: what makes its lists,
    every `every` steps, from what it names, see `contract.Entry`, with `refresh_words` random words
    a node and what `search` finds; pool: whether what it draws is a pool already; by_positive:
    whether draws are around the positive rather than the anchor.
    """

    draw: Callable[..., Any]
    options: dict[str, Any]
    counts: bool
    part: Part
    wants: tuple[str, ...]
    refresh: Callable[..., Any] | None
    every: int
    refresh_words: int
    search: Callable[..., np.ndarray] | None
    pool: bool
    by_positive: bool

    @property
    def after(self) -> float:
        return self.part.after

    @property
    def ramp(self) -> Ramp | None:
        return self.part.ramp

    def words_shape(self, batch: int) -> tuple[int, ...]:
        """Of the words that a batch takes."""
        return words_shape(self.part, batch)

    def told(self, batch: int) -> dict[str, Any]:
        """What the draw for a batch takes beside words and facts."""
        return {**self.options, "negatives": self.part.each(batch)} if self.counts else self.options


class Term(NamedTuple):
    """One of a run's regularisers; wants: what it is handed of a batch, see `term_values.values`.

    name: see `terms.of_regularizers`; schedule: how its weight goes over the run, see
    `schedules.schedule`; lr: of its own arrays at the run's first rate, see `handed.Head`.
    """

    name: str
    value: Callable[..., Any]
    params: dict[str, Any]
    wants: tuple[str, ...]
    schedule: str
    lr: float


class Further(NamedTuple):
    """One of a run's further losses, see `spec.MoreLoss`.

    measure: which of `facts.MEASURES` it compares; facts: what it is told; beside: what else of the
    points it takes, see `facts.beside_measure`.
    """

    value: Callable[..., Any]
    params: dict[str, Any]
    weight: float
    schedule: str
    measure: str
    facts: tuple[str, ...]
    beside: tuple[str, ...]


class Objective(NamedTuple):
    """How the terms share a step; by: "values" of the terms, or "products" of their gradients."""

    factors: Callable[..., Any]
    params: dict[str, Any]
    by: str


@dataclass(frozen=True, eq=False)
class Methods:
    """The halves of the pairs that a spec names, resolved once.

    samplers: the run's own, then its hard ones.
    corrects: whether draws weigh by their samplers' corrections, or are just counted.
    measure: which of `facts.MEASURES` the loss compares. facts: what it is told; beside: what else
    of the points it takes, see `facts.beside_measure`; params: its parameters that its body takes.
    losses: the further ones. owners: the terms that own arrays, and these arrays' first rates.
    curved: the term that learns the curvature of the loss's distances, "" where it is fixed.
    columns, coast: what the optimiser keeps of each row, and what makes up for the steps that
    passed a row by, see `contract.Entry`.
    hold: what puts points at their radius, see `radii.radii`; None where they are free.
    native: whether steps are taken by the compiled kernel (see `native.settings.has_kernel`).
    chooses: whether samplers that look at the points choose by the compiled kernel.
    pieces: the functions of a step in PyTorch, see `engine_torch`; JAX compiles the whole of it.
    """

    spec: RunSpec
    c: float
    width: int
    samplers: tuple[Sampling, ...]
    manifold: Manifold
    loss: Callable[..., Any]
    facts: tuple[str, ...]
    regularizers: tuple[Term, ...]
    objective: Objective
    optimise: Callable[..., Any]
    columns: Columns
    coast: Callable[..., Any] | None
    hold: Callable[..., Any] | None
    curved: str = ""
    native: bool = False
    corrects: bool = True
    chooses: bool = False
    pieces: Any = None
    measure: str = "d"
    beside: tuple[str, ...] = ()
    losses: tuple[Further, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    owners: Mapping[str, float] = field(default_factory=dict)

    @property
    def flat(self) -> bool:
        """Whether the space is R^d."""
        return self.manifold.FLAT

    @property
    def shared(self) -> int:
        """Negatives that all anchors of a batch share: the size of all pools, 0 without one."""
        return sum(each.part.negatives for each in self.samplers if each.part.shared)

    @property
    def told(self) -> tuple[str, ...]:
        """Which facts of nodes, pairs and the tree the loss or a regulariser takes."""
        taken = {*self.facts, *(name for term in self.regularizers for name in term.wants)}
        taken |= {name for more in self.losses for name in more.facts}
        return tuple(name for name in facts.TOLD if name in taken)

    @property
    def apart(self) -> bool:
        """Whether a step takes the gradient of each term by itself."""
        return self.objective.by == "products" and bool(self.regularizers or self.losses)

    @property
    def scheduled(self) -> bool:
        """Whether a regulariser is told how far the run has come."""
        return any(each != "constant" for each in self.schedules)

    @property
    def schedules(self) -> tuple[str, ...]:
        """How the weights of all terms go over the run, that of the main loss first."""
        further = (more.schedule for more in self.losses)
        own = (term.schedule for term in self.regularizers)
        return (self.spec.loss_schedule, *further, *own)

    @property
    def tracked(self) -> tuple[str, ...]:
        """What the totals call the means of the terms; () without regularisers."""
        return terms.names(self.spec)

    @property
    def looked_up(self) -> tuple[str, ...]:
        """Of those, what is an array of all pairs or nodes; the rest follows from the tree."""
        return tuple(name for name in self.told if facts.TOLD[name].of != "tree")

    @property
    def coordinates(self) -> int:
        """Width of a point's row."""
        return self.manifold.coordinates(self.spec.dim)

    @property
    def kernel(self) -> str:
        """Which compiled step a native run takes, see `native.settings.step_kernel`."""
        return settings.step_kernel(self.spec)

    @property
    def precision(self) -> str:
        """What the compiled kernels compute with, see `native.settings.precision`."""
        return settings.precision(self.spec, self.manifold)


def resolve(spec: RunSpec, framework: str, width: int) -> Methods:
    """The methods of a spec in `framework`, "jax" or "torch"; width: Problem.known_width."""
    drawn = tuple(_sampling(framework, part) for part in samplers(spec))
    native = spec.kernels == "native"
    loss = registry.load("loss", spec.loss.name, framework)
    taken = facts.takes(loss)
    measure, curved = facts.measure_of(loss), heads.curved(spec)
    losses = tuple(_further(framework, more) for more in spec.losses)
    _check_curved(
        spec,
        curved,
        {spec.loss.name: loss}
        | {
            more.loss.name: further.value for more, further in zip(spec.losses, losses, strict=True)
        },
    )
    called = zip(terms.of_regularizers(spec), spec.regularizers, strict=True)
    regularizers = tuple(_term(framework, name, r.name, r.params) for name, r in called)
    return Methods(
        spec=spec,
        c=curvature(spec),
        width=width,
        samplers=drawn,
        manifold=registry.load("manifold", spec.manifold.name, framework).within(spec.max_radius),
        loss=loss,
        facts=tuple(name for name in facts.TOLD if name in taken),
        regularizers=regularizers,
        objective=_objective(framework, spec.objective.name, spec.objective.params),
        optimise=registry.load("optimizer", spec.optimizer.name, framework),
        columns=_columns(spec),
        coast=registry.coaster(spec.optimizer.name, framework),
        hold=registry.load("radius", spec.radius.name, framework) if held(spec) else None,
        curved=curved,
        native=native and settings.has_kernel(spec),
        chooses=native
        and settings.reads_rows(spec)
        and any("space" in each.wants for each in drawn),
        measure=measure,
        beside=facts.beside_measure(loss),
        losses=losses,
        params=facts.options(loss, spec.loss.params),
        owners=_owners(spec, regularizers),
    )


def _columns(spec: RunSpec) -> Columns:
    """What stands beside a point in its row: the optimiser's state, and what fills the row up."""
    state = registry.entry("optimizer", spec.optimizer.name).state
    point = registry.load("manifold", spec.manifold.name, spec.framework).coordinates(spec.dim)
    used = point + sum(point if width == "point" else width for _, width in state)
    return (*state, *settings.padding(spec, used))


def _owners(spec: RunSpec, regularizers: tuple[Term, ...]) -> dict[str, float]:
    """Every term that owns arrays, and the rate of these where the run's is its first one."""
    own = {term.name: term.lr for term in regularizers if term.lr}
    main = registry.entry("loss", spec.loss.name).owns
    return own | ({heads.MAIN: float(spec.loss.params["lr"])} if main else {})


def _check_curved(spec: RunSpec, curved: str, losses: dict[str, Callable[..., Any]]) -> None:
    """Raises HardballError where a loss compares more than distances and the curvature moves."""
    for name, loss in losses.items():
        if curved and (facts.measure_of(loss) != "d" or facts.beside_measure(loss)):
            raise HardballError(
                f"{curved} with loss {name}, which compares angles or lengths: take one of "
                "distances"
            )


def _further(framework: str, more: MoreLoss) -> Further:
    loss = registry.load("loss", more.loss.name, framework)
    return Further(
        value=loss,
        params=more.loss.params,
        weight=more.weight,
        schedule=more.schedule,
        measure=facts.measure_of(loss),
        facts=tuple(name for name in facts.TOLD if name in facts.takes(loss)),
        beside=facts.beside_measure(loss),
    )


def _term(framework: str, called: str, name: str, params: dict[str, Any]) -> Term:
    value = registry.load("regularizer", name, framework)
    own = facts.options(value, params)
    wants = tuple(key for key in facts.takes(value) if key not in own)
    schedule, lr = params.get("schedule", "constant"), params.get("lr", 0.0)
    return Term(called, value, own, wants, schedule, lr)


def _objective(framework: str, name: str, params: dict[str, Any]) -> Objective:
    factors = registry.load("objective", name, framework)
    (by,) = facts.named(factors, "objective")
    return Objective(factors, params, by)


def _sampling(framework: str, part: Part) -> Sampling:
    name, params = part.method.name, part.method.params
    known = registry.entry("sampler", name)
    draw = registry.load("sampler", name, framework)
    refresh = registry.refresher("sampler", name, framework)
    if refresh is not None:
        refresh = functools.partial(refresh, **facts.options(refresh, params))
    search = known.search
    if search is not None:
        search = functools.partial(search, **facts.options(search, params))
    return Sampling(
        draw=draw,
        options=facts.options(draw, params),
        counts="negatives" in facts.takes(draw),
        part=part,
        wants=tuple(n for n in facts.named(draw, "sampler") if facts.of("sampler", n) == "step"),
        refresh=refresh,
        every=int(params.get("every", 0)),
        refresh_words=known.refresh_words(**params) if known.refresh_words else 0,
        search=search,
        pool=known.form == "pool",
        by_positive=params.get("relative_to") == "positive",
    )


def native_arrays(how: Methods) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """powers, settings, codes of the compiled kernels, in the run's dtype; empty without one."""
    dtype = np.dtype(how.spec.dtype)
    if not (how.native or how.chooses):
        return np.zeros((3, 0), dtype), np.zeros(0, dtype), np.zeros(0, np.int32)
    powers = settings.powers(how.spec).astype(dtype)
    numbers = settings.settings(how.spec, how.manifold).astype(dtype)
    return powers, numbers, np.array(settings.codes(how.spec), np.int32)


def path_arrays(how: Methods, problem: Problem) -> dict[str, np.ndarray]:
    """What facts of the tree are found by, where one of them is told; empty otherwise."""
    return problem.paths if any(facts.TOLD[name].of == "tree" for name in how.told) else {}


def identity(how: Methods) -> tuple[str, int]:
    """What a compiled step depends on, beside the shapes of its arguments."""
    names = {"batch_size", "clip", "device", "dtype", "hard", "kernels", "loss", "losses"}
    names |= {"loss_schedule"}
    names |= {"manifold", "negatives", "objective", "optimizer"}
    names |= {"radius", "regularizers", "sampler", "words"}
    # The rate of a term's own arrays is a share of the run's.
    names |= {"lr"} if how.owners else set()
    text = json.dumps(how.spec.model_dump(mode="json", include=names), sort_keys=True)
    return text, how.width
