"""Mistakes put into one framework's function of every method: each must be caught by a check.

`python tests/contracts/mutants.py` prints which check of `checks.CHECKS` catches which; none of the
checks was written for a method. A mutant that takes an argument away fits the methods that have it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import calls
import checks
import checks_samplers
import checks_spaces
import inputs
import torch
from subject import Subject

from hardball.methods import registry
from hardball.methods.contract import Entry

Function = Callable[..., Any]
Change = Callable[[Function], Function]


class Mutant(NamedTuple):
    """A mistake, and the function that has it."""

    name: str
    function: Any


# Mistakes in what a function gives. Of several arrays, as an optimiser gives, the first is changed.


def _of_first(change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    def wrap(function: Function) -> Function:
        def wrong(*given: Any, **named: Any) -> Any:
            found = function(*given, **named)
            if isinstance(found, tuple):
                return (change(found[0]), *found[1:])
            return change(found)

        return wrong

    return wrap


REALS: Mapping[str, Change] = {
    "value squared": _of_first(lambda x: x * x),
    "sign flipped": _of_first(lambda x: -x),
    "cast to float32": _of_first(lambda x: x.float().to(x.dtype)),
    "too large by 1e-9": _of_first(lambda x: x * (1 + 1e-9) + 1e-9),
    "rows out of order": _of_first(lambda x: x.roll(1, 0) if x.ndim else x + 1),
}
GRADIENTS: Mapping[str, Change] = {
    "gradient's sign flipped": _of_first(lambda x: 2 * x.detach() - x),
    "gradient lost": _of_first(lambda x: x.detach() + 0 * x),
    "gradient doubled": _of_first(lambda x: 2 * x - x.detach()),
}
TRUTHS: Mapping[str, Change] = {"turned round": _of_first(torch.logical_not)}
DRAWS: Mapping[str, Change] = {
    "the next node": _of_first(lambda ids: ids + 1),
    "the node before": _of_first(lambda ids: (ids - 1).clamp(min=0)),
    "columns out of order": _of_first(lambda ids: ids.roll(1, -1)),
}


def _all_valid(function: Function) -> Function:
    def wrong(**named: Any) -> Any:
        ids, fine = function(**named)
        return ids, torch.ones_like(fine)

    return wrong


# Mistakes in what a function is told.


def _told(name: str, change: Callable[[Any], Any]) -> Change:
    def wrap(function: Function) -> Function:
        return lambda **named: function(**{**named, name: change(named[name])})

    return wrap


def _without(name: str, default: Any) -> Change:
    """A parameter that is not looked at: it has its default, whatever is given."""
    return _told(name, lambda _: default)


def _bound(name: str, by: int) -> Change:
    """One bound of every ring off by some."""
    return _told("index", lambda index: {**index, name: index[name] + by})


def _one_word(words: torch.Tensor) -> torch.Tensor:
    return words.reshape(-1)[7].expand(words.shape)


class _NobodyKnown:
    """Known positives forgotten: nobody is one, not even the anchor."""

    def __init__(self, known: Any) -> None:
        self.anchors = known.anchors

    def each(self, candidates: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(candidates, dtype=torch.bool)

    def shared(self, ascending: torch.Tensor) -> torch.Tensor:
        return torch.zeros((len(self.anchors), len(ascending)), dtype=torch.bool)


RINGS: Mapping[str, Change] = {
    "ring too long": _bound("hi", 1),
    "ring ends too early": _bound("hi", -1),
    "ring begins too early": _bound("lo", -1),
    "anchor not left out": _bound("xhi", -1),
    "a node before the anchor left out": _bound("xlo", -1),
}
TOLD: Mapping[str, Mapping[str, Change]] = {
    "weight": {
        "mask forgotten": _told("weight", lambda w: w.clamp(min=1)),
        "all masked": _told("weight", torch.zeros_like),
        "multiplicity forgotten": _told("weight", torch.sign),
        "last negative forgotten": _told("weight", lambda w: w * (torch.arange(w.shape[1]) < 4)),
    },
    "words": {
        "one random word for all": _told("words", _one_word),
        "words out of order": _told("words", lambda w: w.flip(0)),
    },
    "anchors": {"around another anchor": _told("anchors", lambda a: a.roll(1))},
    "known": {"known positives forgotten": _told("known", _NobodyKnown)},
    "progress": {"progress ignored": _told("progress", torch.zeros_like)},
    "lr": {"rate doubled": _told("lr", lambda lr: 2 * lr)},
    "grads": {"gradients out of order": _told("grads", lambda g: g.roll(1, 0))},
    "radius": {"another radius": _told("radius", lambda r: r.roll(1))},
    "c": {"curvature ignored": _without("c", 1.0)},
}
# Facts that are arrays are given in another order too: those of another pair.
HANDLED = {*TOLD, "index", "space", "negatives", "manifold", "rows", "state"}
VALUED = ("loss", "regularizer", "pretext", "objective", "radius", "optimizer")
GRADED = ("loss", "regularizer", "pretext")
# No mistake: what makes the same function.
SAME = {
    ("loss", "triplet_hard"): ("multiplicity forgotten",),
    # It does not look at the radius.
    ("radius", "free"): ("another radius",),
    # It sums over all vectors.
    ("regularizer", "orthogonality"): ("tangent of another pair",),
    # Lengths are hyperbolic, whatever the curvature; in the ball only the limit depends on it.
    ("manifold", "tangent"): tuple(
        f"{name}: curvature ignored"
        for name in ("egrad_to_rgrad", "exp0", "log0", "norm", "radius", "retract", "transport")
    ),
    ("manifold", "poincare"): ("retract: curvature ignored",),
    # All its factors are 1.
    ("objective", "sum"): ("value squared", "cast to float32", "rows out of order"),
    # Its arrays say how far; the function asks only whether anybody is too near.
    ("sampler", "distance_hard"): ("hops ignored",),
}


def mutants(entry: Entry) -> Iterator[Mutant]:
    """Every mistake that fits a method."""
    made = _manifold_mutants(entry) if entry.kind == "manifold" else _function_mutants(entry)
    made = (mutant for mutant in made if mutant.name not in SAME.get(inputs.key(entry), ()))
    return (mutant for mutant in made if not _draws_alike(entry, mutant))


def _draws_alike(entry: Entry, mutant: Mutant) -> bool:
    """Whether what was changed means nothing to a sampler: words of a pool, which is sorted; the
    anchors of one that draws for all alike; void draws where there are none."""
    if entry.kind != "sampler":
        return False
    own = registry.load(*inputs.key(entry), "torch")
    return checks_samplers.same_draws(entry, own, mutant.function)


def _function_mutants(entry: Entry) -> Iterator[Mutant]:
    function = registry.load(*inputs.key(entry), "torch")
    for name, change in _changes(entry, calls.takes(function)):
        yield Mutant(name, change(function))


def _changes(entry: Entry, taken: tuple[str, ...]) -> Iterator[tuple[str, Change]]:
    if entry.kind in VALUED:
        yield from REALS.items()
    if entry.kind in GRADED:
        yield from GRADIENTS.items()
    if entry.kind == "sampler":
        yield from DRAWS.items()
        if entry.form == "pairs":
            yield "void draws counted", _all_valid
        if _has_rings(entry):
            yield from RINGS.items()
    for name in taken:
        if name in entry.parameters:
            yield f"{name} ignored", _without(name, entry.parameters[name])
        elif name in TOLD and (name != "c" or entry.kind == "manifold"):
            yield from TOLD[name].items()
        elif name not in HANDLED and entry.kind in GRADED:
            yield f"{name} of another pair", _told(name, _turned)


def _turned(array: Any) -> Any:
    """In another order; a number plus a half."""
    return array.roll(1, 0) if getattr(array, "ndim", 0) else array + 0.5


def _has_rings(entry: Entry) -> bool:
    given = checks_samplers.setting(entry, 0, "forest")
    return given is not None and "xlo" in given.index


def _manifold_mutants(entry: Entry) -> Iterator[Mutant]:
    """One function of the space at a time."""
    space = registry.load(*inputs.key(entry), "torch")
    plain = {name: value for name, value in vars(space).items() if not name.startswith("__")}
    for name in checks_spaces.functions_of(entry):
        function = getattr(space, name)
        changes = dict(TRUTHS) if name == "touches" else {**REALS, **GRADIENTS}
        if "c" in entry.parameters and name != "touches":
            changes["curvature ignored"] = _positional_c
        for said, change in changes.items():
            module = SimpleNamespace(**{**plain, name: change(function)})
            yield Mutant(f"{name}: {said}", module)


def _positional_c(function: Function) -> Function:
    """The curvature is the last argument, by its place or by its name."""

    def wrong(*given: Any, **named: Any) -> Any:
        return function(*given, **{**named, "c": 1.0}) if named else function(*given[:-1], 1.0)

    return wrong


def caught(entry: Entry, mutant: Mutant) -> str:
    """The name of the first check that a mutant in PyTorch fails; "" where it passes them all."""
    jax = registry.load(*inputs.key(entry), "jax")
    wrong = Subject(entry, jax, mutant.function)
    for check in checks.CHECKS[entry.kind]:
        try:
            check(wrong)
        except (AssertionError, LookupError, RuntimeError):
            return check.__name__
    return ""


def table(entries: list[Entry]) -> Iterator[tuple[Entry, str, str]]:
    """Method, mistake, and the check that catches it."""
    for entry in entries:
        for mutant in mutants(entry):
            yield entry, mutant.name, caught(entry, mutant)


def all_entries() -> list[Entry]:
    """The methods that have code for a framework and checks of their kind."""
    return [e for kind in checks.CHECKS for e in registry.entries(kind) if e.paired]


def main() -> int:
    import jax

    torch.set_num_threads(1)
    jax.config.update("jax_enable_x64", True)
    missed = total = 0
    for entry, name, check in table(all_entries()):
        print(f"{entry.kind:12} {entry.name:24} {name:36} {check or 'NOT CAUGHT'}", flush=True)
        total, missed = total + 1, missed + (not check)
    print(f"{total} mutants of {len(all_entries())} methods, {missed} not caught")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
