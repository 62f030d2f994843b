"""What exists: name -> summary, source, parameters, and where its code lives.

A name here is the YAML value, the workflow wildcard, the CSV value and the name in the docs.
`load` imports a framework's half of a pair only when it is asked for.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from hardball.core.errors import HardballError
from hardball.methods.contract import Entry, Kind, Value
from hardball.methods.entries import data, samplers, training

__all__ = ["ENTRIES", "Entry", "Kind", "Value"]

# What every method of a kind takes beside its own parameters. The first value is the default, which
# is left out: a configuration that does not say it is called as it was before there was a choice.
COMMON: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "regularizer": {"schedule": ("constant", "decay", "ramp", "late_ramp")}
}

ENTRIES: tuple[Entry, ...] = (*data.ENTRIES, *samplers.ENTRIES, *training.ENTRIES)


def entries(kind: Kind | None = None) -> list[Entry]:
    """All entries, or those of one kind, in catalogue order."""
    return [e for e in ENTRIES if kind is None or e.kind == kind]


def entry(kind: Kind, name: str) -> Entry:
    """The entry called `name`; raises HardballError that lists what is allowed."""
    for candidate in entries(kind):
        if candidate.name == name:
            return candidate
    allowed = ", ".join(e.name for e in entries(kind))
    raise HardballError(f"unknown {kind} {name!r}: allowed are {allowed}")


def parameters(kind: Kind, name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """`given` over the entry's defaults, each in its default's type, and what a setting fixes.

    Raises HardballError on unknown names, wrong types, values that are not allowed, and a value
    beside a setting that fixes another.
    """
    known = entry(kind, name)
    common = COMMON.get(kind, {})
    unknown = sorted(set(given) - set(known.parameters) - set(common))
    if unknown:
        allowed = ", ".join([*known.parameters, *common]) or "none"
        raise HardballError(f"{kind} {name} has no parameter {unknown[0]!r}: allowed are {allowed}")
    resolved = {key: _typed(known, key, given.get(key, d)) for key, d in known.parameters.items()}
    resolved |= {key: given[key] for key in common if key in given}
    for key, allowed_values in (*known.choices.items(), *common.items()):
        if resolved.get(key, allowed_values[0]) not in allowed_values:
            listed = ", ".join(map(str, allowed_values))
            raise HardballError(f"{kind} {name}: {key}={resolved[key]!r}, allowed are {listed}")
    setting = str(resolved.get("setting", ""))
    for key, fixed in known.settings.get(setting, {}).items():
        if key in given and resolved[key] != fixed:
            raise HardballError(
                f"{kind} {name}: {key}={given[key]!r}, but setting={setting} fixes it at {fixed}: "
                "leave one of them out"
            )
        resolved[key] = fixed
    return {k: v for k, v in resolved.items() if k not in common or v != common[k][0]}


def _typed(known: Entry, key: str, value: Value) -> Value:
    """Ints stand for floats; any other mix of types is a mistake."""
    default = known.parameters[key]
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise HardballError(
            f"{known.kind} {known.name}: {key}={value!r} is not of type {type(default).__name__}"
        )
    return value


def load(kind: Kind, name: str, framework: str) -> Any:
    """The framework's half: the function, or the module where the module is the method."""
    known = entry(kind, name)
    module = importlib.import_module(f"hardball.{known.module}_{framework}")
    return getattr(module, known.function) if known.function else module


def refresher(kind: Kind, name: str, framework: str) -> Callable[..., Any] | None:
    """What makes an entry's lists from the points in a framework, None where it keeps none."""
    known = entry(kind, name)
    if not known.refresh:
        return None
    module = importlib.import_module(f"hardball.{known.module}_{framework}")
    return getattr(module, known.refresh)


def builder(kind: Kind, name: str) -> Callable[..., Any]:
    """The host function that builds an entry's arrays."""
    return host(entry(kind, name).build)


def host(place: str) -> Callable[..., Any]:
    """The host function that an entry names as "module:function"."""
    module, function = place.split(":")
    return getattr(importlib.import_module(f"hardball.{module}"), function)
