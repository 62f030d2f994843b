"""Every setting and every parameter of every method: inside its range taken, outside refused."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.parameter import Parameter
from hardball.runs import settings
from hardball.runs.spec import RunSpec

KINDS = tuple(dict.fromkeys(entry.kind for entry in registry.entries()))
PARAMETERS = [
    (entry.kind, entry.name, name, parameter)
    for entry in registry.entries()
    for name, parameter in entry.declared.items()
]


def inside(parameter: Parameter, drawn: random.Random) -> list[Any]:
    """The bounds that are allowed, the default, and values drawn between."""
    if parameter.choices:
        return list(parameter.choices)
    if isinstance(parameter.default, bool):
        return [False, True]
    if isinstance(parameter.default, str):
        return [parameter.default]
    low, high = max(parameter.low, -1e9), min(parameter.high, 1e9)
    if isinstance(parameter.default, int):
        return [int(low), int(high), parameter.default, drawn.randint(int(low), int(high))]
    first = math.nextafter(low, math.inf) if parameter.low_open else low
    last = math.nextafter(high, -math.inf) if parameter.high_open else high
    return [first, last, parameter.default, *(drawn.uniform(first, last) for _ in range(4))]


def outside(parameter: Parameter) -> list[Any]:
    """Values beyond each bound, of another type, and what is no number."""
    if parameter.choices:
        return ["no such choice"] if isinstance(parameter.default, str) else [10**9 + 7]
    if isinstance(parameter.default, bool):
        return ["maybe", 3]
    if isinstance(parameter.default, str):
        return []
    wrong: list[Any] = [math.nan, math.inf, -math.inf, "many", True]
    step = 1 if isinstance(parameter.default, int) else 1e-3
    for bound, sign, opened in (
        (parameter.low, -1, parameter.low_open), (parameter.high, 1, parameter.high_open),
    ):  # fmt: skip
        if math.isfinite(bound):
            wrong += [bound + sign * step, *([bound] if opened else [])]
    return wrong


def refusal(take: Callable[[], object]) -> str:
    """What a user's mistake is told in one line, "" where it is taken."""
    said = ""
    try:
        take()
    except HardballError as error:
        said = str(error)
    assert "\n" not in said
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_inside_their_ranges_are_taken(kind: Any) -> None:
    drawn = random.Random(0)
    for _, method, name, parameter in (each for each in PARAMETERS if each[0] == kind):
        for value in inside(parameter, drawn):
            taken = {name: value}
            said = refusal(lambda m=method, t=taken: registry.parameters(kind, m, t))
            assert not said, (method, name, value)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_outside_their_ranges_are_refused_in_one_line(kind: Any) -> None:
    tried = 0
    for _, method, name, parameter in (each for each in PARAMETERS if each[0] == kind):
        for value in outside(parameter):
            with pytest.raises(HardballError) as refused:
                registry.parameters(kind, method, {name: value})
            assert "\n" not in str(refused.value)
            assert name in str(refused.value)
            tried += 1
    assert tried or not any(each[0] == kind and outside(each[3]) for each in PARAMETERS)


NUMBERS = {
    name: field
    for name, field in RunSpec.model_fields.items()
    if field.annotation in (int, float) and name != "seed"
}


def bounds(name: str) -> dict[str, float]:
    """ge, gt, le, lt of a setting, those that it has."""
    return {
        key: getattr(rule, key)
        for rule in NUMBERS[name].metadata
        for key in ("ge", "gt", "le", "lt")
        if getattr(rule, key, None) is not None
    }


def spec(name: str, value: Any) -> RunSpec:
    return settings.make_spec({"dataset": "d", name: value}, "torch", 0)


@pytest.mark.parametrize("name", NUMBERS)
def test_settings_of_a_run_at_and_beyond_their_bounds(name: str) -> None:
    given_bounds = bounds(name)
    step = 1 if NUMBERS[name].annotation is int else 1e-9
    good = [given_bounds[key] for key in ("ge", "le") if key in given_bounds]
    good += [given_bounds["gt"] + step] if "gt" in given_bounds else []
    bad: list[Any] = [math.nan, math.inf, -math.inf, True, "many", [1], {"a": 1}]
    bad += [given_bounds["ge"] - step] if "ge" in given_bounds else []
    bad += (
        [given_bounds["le"] + max(step, given_bounds["le"] * 1e-9)] if "le" in given_bounds else []
    )
    bad += [given_bounds["gt"]] if "gt" in given_bounds else []
    assert given_bounds
    for value in good:
        assert getattr(spec(name, value), name) == value
    for value in bad:
        with pytest.raises(HardballError) as refused:
            spec(name, value)
        assert "\n" not in str(refused.value)
        assert name in str(refused.value)


@pytest.mark.parametrize("seed", [-1, 2**53 + 1, 2**63, 2**80, 1.5, "x", True])
def test_seeds_that_do_not_fit(seed: Any) -> None:
    with pytest.raises(HardballError, match="seed") as refused:
        settings.make_spec({"dataset": "d"}, "torch", seed)
    assert "\n" not in str(refused.value)


@examples(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=st.text(max_size=40))
def test_any_text_as_a_setting_is_taken_or_refused_in_one_line(text: str) -> None:
    for key in ("lr", "epochs", "sampler", "loss", "manifold", "regularizers", "hard"):
        refusal(lambda k=key: spec(k, settings.read(k, text)))
