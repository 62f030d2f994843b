"""What exists: kind and name -> the method, see `contract.Entry`.

A name here is the YAML value, the workflow wildcard, the CSV value and the name in the docs.
Every module below hardball.methods is read when the first method is asked for, and every plug-in,
see `plugins`; what a module declares is registered by being there. Neither framework is imported
before `load` asks for it.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from hardball.arrays.namespace import namespace
from hardball.core import plugins
from hardball.core.errors import HardballError, unknown
from hardball.methods import schedules
from hardball.methods.contract import Entry, Kind
from hardball.methods.parameter import Value
from hardball.metrics.charts import CHARTS

__all__ = ["Entry", "Kind", "Value"]

# What every method of a kind takes beside its own parameters. The first value is the default, which
# is left out: a configuration that does not say it is called as it was before there was a choice.
COMMON: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "regularizer": {"schedule": schedules.NAMES}
}

KINDS: tuple[Kind, ...] = (
    "task",
    "start",
    "strategy",
    "pairs",
    "batches",
    "sampler",
    "manifold",
    "loss",
    "regularizer",
    "objective",
    "radius",
    "optimizer",
    "encoder",
    "pretext",
)

_ENTRIES: dict[tuple[Kind, str], Entry] = {}


def register(entry: Entry) -> Entry:
    """Makes a method known.

    Raises HardballError where another has its name, and where an argument of its body is neither a
    fact nor a parameter.
    """
    key = entry.kind, entry.name
    known = _ENTRIES.get(key)
    if known is not None and known.module != entry.module:
        raise HardballError(
            f"{entry.kind} {entry.name!r} is declared by {known.module} and by {entry.module}: "
            "rename one of them"
        )
    if inspect.isfunction(entry.body):
        entry.check(entry.body)
    if entry.chart is not None:
        CHARTS[entry.name] = entry.chart
    _ENTRIES[key] = entry
    return entry


def _read() -> None:
    """Has every module read that declares methods, the package's own and plug-ins."""
    _read_package()
    plugins.read()


@functools.cache
def _read_package() -> None:
    """Imports every module of the package's methods, whose declarations register themselves."""
    package = importlib.import_module("hardball.methods")
    for found in pkgutil.walk_packages(package.__path__, "hardball.methods."):
        importlib.import_module(found.name)


def entries(kind: Kind | None = None) -> list[Entry]:
    """All methods, or those of one kind, in the order of their kinds and of their names."""
    _read()
    found = sorted(_ENTRIES.values(), key=lambda entry: (KINDS.index(entry.kind), entry.name))
    return [entry for entry in found if kind is None or entry.kind == kind]


def entry(kind: Kind, name: str) -> Entry:
    """The method called `name`; raises HardballError that lists what is allowed."""
    # Without reading where it is known: a piece of a step that is compiled may ask.
    if (kind, name) not in _ENTRIES:
        _read()
    if (kind, name) in _ENTRIES:
        return _ENTRIES[kind, name]
    raise unknown(kind, name, (e.name for e in entries(kind)))


def parameters(kind: Kind, name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """`given` over the method's defaults, each in its default's type, and what a setting fixes.

    Raises HardballError on unknown names, wrong types, values that are not allowed, and a value
    beside a setting that fixes another.
    """
    known = entry(kind, name)
    common = COMMON.get(kind, {})
    strange = sorted(set(given) - set(known.declared) - set(common))
    if strange:
        allowed = ", ".join([*known.declared, *common]) or "none"
        raise HardballError(f"{kind} {name} has no parameter {strange[0]!r}: allowed are {allowed}")
    resolved = {key: _typed(known, key, given.get(key, d)) for key, d in known.parameters.items()}
    if "schedule" in common and "schedule" in given:
        try:
            schedules.read(str(given["schedule"]))
        except HardballError as error:
            raise HardballError(f"{kind} {name}: {error}") from None
    resolved |= {key: given[key] for key in common if key in given}
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
    try:
        return known.declared[key].typed(value)
    except TypeError as error:
        raise HardballError(f"{known.kind} {known.name}: {key}={value!r} {error}") from None
    except ValueError as error:
        raise HardballError(f"{known.kind} {known.name}: {key}={value!r}, {error}") from None


def load(kind: Kind, name: str, framework: str) -> Any:
    """A framework's function of a method, or its bound module where a module is the method."""
    return entry(kind, name).bind(namespace(framework))


def refresher(kind: Kind, name: str, framework: str) -> Callable[..., Any] | None:
    """What makes a method's lists from the points in a framework, None where it keeps none."""
    return entry(kind, name).bind_refresh(namespace(framework))


def coaster(name: str, framework: str) -> Callable[..., Any] | None:
    """What makes up for the steps that passed a row by, None where an optimiser needs nothing."""
    known = entry("optimizer", name)
    return None if known.coast is None else known.bind_coast(namespace(framework))


def builder(kind: Kind, name: str) -> Callable[..., Any]:
    """The host function that builds a method's arrays; its parameters have their defaults."""
    build = entry(kind, name).bind_build()
    if build is None:
        raise HardballError(f"{kind} {name} builds no arrays")
    return build
