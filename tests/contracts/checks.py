"""What every method must hold, whatever it is: `CHECKS` lists the checks of a kind.

A check takes a `Subject`, a method bound for both frameworks, and raises AssertionError. What it
compares with, the functions as they are, is computed once: see `outcome`.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import calls
import inputs
import numpy as np
from checks_samplers import SAMPLERS
from checks_spaces import SPACES
from subject import Subject, same

from hardball.methods import facts, registry
from hardball.methods.contract import Entry

# Of float64, and of float32 beside float64.
EXACT, NEAR = 1e-12, 5e-6


# Of a loss, a regulariser, an objective: how its usual arguments are changed, by name.
Change = Callable[[Entry, inputs.Arrays], inputs.Arrays]


def as_they_are(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    return given


def _facts(entry: Entry, given: inputs.Arrays) -> Iterator[tuple[str, facts.Fact]]:
    """Those of the arguments that are arrays of facts."""
    table = inputs.facts_of(entry)
    return ((n, table[n]) for n in given if n in table and table[n].shape)


def _reals(entry: Entry, given: inputs.Arrays) -> Iterator[tuple[str, facts.Fact]]:
    return ((n, f) for n, f in _facts(entry, given) if not f.whole)


def least(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """Every real fact at its least: no distance, points at the origin."""
    changed = {n: np.full_like(given[n], max(f.low, 0)) for n, f in _reals(entry, given)}
    return {**given, **changed}


def greatest(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """Every real fact four times its greatest: the far end of every space."""
    changed = {n: np.full_like(given[n], 4 * f.high) for n, f in _reals(entry, given)}
    return {**given, **changed}


def mixed(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """Every other real number at its least, the rest at four times its greatest."""
    near, far = least(entry, given), greatest(entry, given)
    return {
        name: np.where(np.arange(value.size).reshape(value.shape) % 2, near[name], far[name])
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for name, value in given.items()
    }


def _columns(entry: Entry, given: inputs.Arrays) -> dict[str, facts.Fact]:
    """The facts that are told of every negative."""
    return {n: f for n, f in _facts(entry, given) if f.shape is not None and "K" in f.shape}


def without_negatives(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """No negatives at all."""
    return {**given, **{n: given[n][:, :0] for n in _columns(entry, given)}}


def one_pair(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """The last pair alone: rows B - 1 and, of both ends, 2 B - 1 too."""
    last = {"B": slice(-1, None), "2B": slice(inputs.B - 1, None, inputs.B)}
    axes = {n: f.shape[0] for n, f in _facts(entry, given) if f.shape}
    told = inputs.node_facts(entry)
    axes |= dict.fromkeys((n for n in given if n in told), "2B")
    return {**given, **{n: given[n][last[a]] for n, a in axes.items() if a in last}}


def in_single_precision(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    return {
        n: a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a
        for n, a in given.items()
    }


@functools.lru_cache(maxsize=20_000)
def outcome(
    entry: Entry, framework: str, function: Any, place: int, *changes: Change
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Value and gradients for the arguments of a variant, changed; computed once a function."""
    parameters = inputs.allowed(entry)[place][1]
    given = arguments(entry, place)
    for change in changes:
        given = change(entry, given)
    chosen = inputs.options(registry.load(*inputs.key(entry), framework), parameters)
    moves = inputs.moving(entry, given)
    bound = functools.partial(function, **chosen)
    return calls.both(framework, bound, given, moves)


@functools.cache
def arguments(entry: Entry, place: int) -> inputs.Arrays:
    """Usual arguments of a variant."""
    parameters = inputs.allowed(entry)[place][1]
    return inputs.usual(entry, registry.load(*inputs.key(entry), "torch"), parameters)


def _variants(entry: Entry) -> Iterator[tuple[int, str]]:
    return ((place, label) for place, (label, _) in enumerate(inputs.allowed(entry)))


SHAPED = (as_they_are, least, mixed)
EDGES = (without_negatives, one_pair)


def _edges(entry: Entry) -> tuple[Change, ...]:
    """What leaves nothing over: no negatives where a method is told of any, else one pair."""
    told = _columns(entry, arguments(entry, 0))
    return (without_negatives,) if told else (one_pair,)


def both_frameworks_agree(subject: Subject) -> None:
    """Values and gradients to 1e-12, for every variant, and for unusual arguments too."""
    entry = subject.entry
    for place, label in _variants(entry):
        for change in (*SHAPED, *(_edges(entry) if place < 2 else ())):
            ours = outcome(entry, "jax", subject.jax, place, change)
            theirs = outcome(entry, "torch", subject.torch, place, change)
            same(theirs, ours, f"{label}, {change.__name__}")


def gradients_are_slopes(subject: Subject) -> None:
    """Along random directions, against differences of values 1e-6 apart.

    Not where weights are held still, whose gradient tests/pairs/test_losses.py has by hand.
    """
    entry = subject.entry
    if entry.detached:
        return
    for place, label in _variants(entry):
        given = arguments(entry, place)
        moves = inputs.moving(entry, given)
        if not moves:
            return
        value, gradients = outcome(entry, "torch", subject.torch, place, as_they_are)
        rng, step = np.random.default_rng(9), 1e-6
        along = {n: rng.normal(size=given[n].shape) for n in moves}
        chosen = inputs.options(
            registry.load(*inputs.key(entry), "torch"), _parameters(entry, place)
        )
        ends = []
        for sign in (1, -1):
            moved = {n: given[n] + sign * step * along[n] for n in moves}
            bound = functools.partial(subject.torch, **chosen)
            ends.append(calls.call("torch", bound, {**given, **moved}))
        slope = np.sum(calls.cotangent(value.shape, value.dtype) * (ends[0] - ends[1])) / (2 * step)
        found = sum(np.sum(gradients[n] * along[n]) for n in moves)
        np.testing.assert_allclose(found, slope, rtol=2e-6, atol=2e-8, err_msg=label)


def _parameters(entry: Entry, place: int) -> Mapping[str, Any]:
    return inputs.allowed(entry)[place][1]


def all_is_finite(subject: Subject) -> None:
    """In both precisions: no distances, far points, rows without negatives, one pair."""
    entry = subject.entry
    asked = [("torch", change) for change in (*SHAPED, greatest, *EDGES)]
    # JAX compiles every operation for every shape, which is what takes time here.
    asked += [("jax", change) for change in (*SHAPED, greatest)]
    for framework, change in asked:
        function = subject.function(framework)
        for precision in ((), (in_single_precision,)):
            found = outcome(entry, framework, function, 0, change, *precision)
            for name, array in {"value": found[0], **found[1]}.items():
                said = f"{framework}, {change.__name__}: {name}"
                assert np.isfinite(array).all(), said


def the_precision_stays(subject: Subject) -> None:
    """float32 arguments give float32 values and gradients, which are those of float64."""
    entry = subject.entry
    exact = outcome(entry, "jax", subject.jax, 0, as_they_are)
    for framework in calls.FRAMEWORKS:
        function = subject.function(framework)
        value, gradients = outcome(entry, framework, function, 0, as_they_are, in_single_precision)
        for name, array in {"value": value, **gradients}.items():
            assert array.dtype == np.float32, f"{framework}: {name} is {array.dtype}"
            wide = exact[0] if name == "value" else exact[1][name]
            scale = NEAR * max(1, np.abs(wide).max(initial=0))
            np.testing.assert_allclose(array, wide, rtol=NEAR, atol=scale, err_msg=name)


def _masked(times: float) -> Change:
    """Whatever is told of a negative of weight 0 at so many times its greatest."""

    def masked(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
        made = dict(given)
        for name, fact in _columns(entry, given).items():
            if name != "weight":
                made[name] = np.where(given["weight"] > 0, given[name], times * fact.high)
        return made

    return masked


# An anchor masked among its own negatives has no distance; and one that is out of all bounds.
_MASKED = (_masked(0.0), _masked(100.0))


def a_masked_negative_changes_nothing(subject: Subject) -> None:
    """Values and gradients are the same, bit for bit, whatever a negative of weight 0 is."""
    entry = subject.entry
    if "weight" not in arguments(entry, 0):
        return
    hidden = arguments(entry, 0)["weight"] == 0
    assert hidden.any()
    for framework in calls.FRAMEWORKS:
        function = subject.function(framework)
        value, gradients = outcome(entry, framework, function, 0, as_they_are)
        for change in _MASKED:
            theirs, their_gradients = outcome(entry, framework, function, 0, change)
            np.testing.assert_array_equal(theirs, value, err_msg=framework)
            for name, gradient in gradients.items():
                other = their_gradients[name]
                np.testing.assert_array_equal(other, gradient, err_msg=name)
                if gradient.shape == hidden.shape:
                    assert not gradient[hidden].any(), f"a masked negative moves {name}"


def _repeated(entry: Entry, given: inputs.Arrays) -> inputs.Arrays:
    """Each negative as often as its weight says, at most three times, with weight 1."""
    made = dict(given)
    table = _columns(entry, given)
    for name in table:
        made[name] = np.repeat(given[name], 3, axis=1)
    places = np.tile(np.arange(3), inputs.K)
    made["weight"] = (places < np.repeat(given["weight"], 3, axis=1)).astype(float)
    return made


def a_weight_is_a_multiplicity(subject: Subject) -> None:
    """A negative of weight 3 counts as three negatives of weight 1."""
    entry = subject.entry
    if "weight" not in arguments(entry, 0):
        return
    value, _ = outcome(entry, "torch", subject.torch, 0, as_they_are)
    often, _ = outcome(entry, "torch", subject.torch, 0, _repeated)
    np.testing.assert_allclose(often, value, rtol=EXACT, atol=EXACT)


VALUES = (
    both_frameworks_agree,
    gradients_are_slopes,
    all_is_finite,
    the_precision_stays,
    a_masked_negative_changes_nothing,
    a_weight_is_a_multiplicity,
)
CHECKS: Mapping[str, tuple[Callable[[Subject], None], ...]] = MappingProxyType(
    {
        "loss": VALUES,
        "regularizer": VALUES[:4],
        "pretext": VALUES[:4],
        **SPACES,
        "sampler": SAMPLERS,
        "objective": (both_frameworks_agree, all_is_finite, the_precision_stays),
    }
)
