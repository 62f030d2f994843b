"""Methods that train themselves: somebody's own model, loop and loss, declared by a decorator.

>>> import numpy as np
>>> from hardball.library.own_methods import method
>>> @method("by depth", space="euclidean")
... def by_depth(hierarchy, dim, seed, *, step=1.0):
...     points = np.random.default_rng(seed).normal(size=(hierarchy.n_nodes, dim))
...     points[:, 0] += step * hierarchy.depth
...     return points
>>> by_depth.name, by_depth.settings({"step": 2})
('by depth', {'step': 2.0})

Such a function is handed a `handed_over.Training` and returns points, see `returned.points_of`. It
is a plug-in like any other: a file, a module or an entry point, see `core.plugins`.
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardball.core import plugins
from hardball.core.errors import HardballError, unknown
from hardball.core.text import scalar
from hardball.methods.parameter import Parameter, Value
from hardball.metrics.charts import CHARTS

FRAMEWORKS = ("numpy", "torch", "jax")
HANDED = ("dim", "seed", "seconds")

_METHODS: dict[str, "OwnMethod"] = {}


@dataclass(frozen=True, eq=False)
class OwnMethod:
    """A function (hierarchy, dim, seed, seconds, settings) -> points, and what is said of it.

    space: the coordinates of its points, curvature -c, where c is its setting of that name, or 1;
    "" where it returns the space's name beside the points. framework: numpy, torch or jax; "" where
    the points tell. handed: which of dim, seed and seconds it takes. declared: its settings.
    """

    name: str
    train: Callable[..., Any]
    space: str
    framework: str
    source: str
    summary: str = ""
    handed: tuple[str, ...] = HANDED
    declared: Mapping[str, Parameter] = field(default_factory=dict)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self.train(*given, **named)

    def settings(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """`given` over the defaults, each in its default's type.

        Raises HardballError on an unknown name and on a value that is not allowed.
        """
        for key in given:
            if key not in self.declared:
                raise HardballError(
                    f"method {self.name!r} has no setting {key!r}: allowed are "
                    f"{', '.join(self.declared) or 'none'}"
                )
        return {
            key: self._typed(key, known, given.get(key, known.default))
            for key, known in self.declared.items()
        }

    def read(self, key: str, text: str) -> Value:
        """The value of a setting that a text says: text as it stands, everything else as YAML."""
        known = self.declared.get(key)
        given: Value = text if known and isinstance(known.default, str) else scalar(text)
        return self.settings({key: given})[key]

    def _typed(self, key: str, known: Parameter, value: Value) -> Value:
        try:
            return known.typed(value)
        except TypeError as error:
            raise HardballError(f"method {self.name!r}: {key}={value!r} {error}") from None
        except ValueError as error:
            raise HardballError(f"method {self.name!r}: {key}={value!r}, {error}") from None

    @property
    def file(self) -> Path | None:
        """The file that declares it; None where there is none, as in a notebook."""
        try:
            named = inspect.getsourcefile(self.train)
        except TypeError:
            return None
        return Path(named) if named and Path(named).is_file() else None

    @property
    def code(self) -> bytes:
        """The text of its file, or of the function alone; b"" where neither is to be had."""
        if self.file is not None:
            return self.file.read_bytes()
        try:
            return inspect.getsource(self.train).encode()
        except (OSError, TypeError):
            return b""

    @property
    def code_sha256(self) -> str:
        """sha256 of `code`; "" where it cannot be read."""
        return hashlib.sha256(self.code).hexdigest() if self.code else ""


def method(
    name: str,
    *,
    space: str = "",
    framework: str = "",
    source: str = "",
    summary: str = "",
    parameters: Mapping[str, Parameter | Value] | None = None,
) -> Callable[[Callable[..., Any]], OwnMethod]:
    """Declares a method that trains itself; it then runs by its name.

    name: what tables call it. space: the coordinates of the points that it returns: poincare,
    lorentz, tangent or euclidean; unnamed, it returns (points, space). framework: numpy, torch or
    jax; unnamed, the points tell. source: a paper, or where the idea is from.
    The function takes the hierarchy, and those of dim, seed and seconds that it names; every other
    argument is a setting and has a default. `parameters` gives settings bounds, see
    `methods.parameter`. A class is a function that returns its object.
    Raises HardballError on an unknown space or framework, on a setting without a default, and where
    another file has a method of that name.
    """
    if space and space not in CHARTS:
        raise unknown("space", space, CHARTS)
    if framework and framework not in FRAMEWORKS:
        raise unknown("framework", framework, FRAMEWORKS)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise HardballError(f'method {name!r}: name it by one line of text, @method("mine")')

    def decorate(train: Callable[..., Any]) -> OwnMethod:
        handed, declared = _arguments(name, train, parameters or {})
        said = summary or (inspect.getdoc(train) or "").partition("\n")[0]
        made = OwnMethod(name, train, space, framework, source, said, handed, declared)
        known = _METHODS.get(name)
        if known is not None and known.file != made.file:
            raise HardballError(
                f"method {name!r} is declared by {known.file} and by {made.file}: rename one"
            )
        _METHODS[name] = made
        return made

    return decorate


def named(name: str) -> OwnMethod:
    """The method called `name`; raises HardballError that lists those that are declared."""
    known = {each.name: each for each in declared()}
    if name in known:
        return known[name]
    if not known:
        raise HardballError(
            f"no method {name!r}: none is declared; name the file that does, --plugin my.py"
        )
    raise unknown("method", name, known)


def declared() -> list[OwnMethod]:
    """All methods that train themselves, by name, those of plug-ins among them."""
    plugins.read()
    return [_METHODS[name] for name in sorted(_METHODS)]


def _arguments(
    name: str, train: Callable[..., Any], given: Mapping[str, Parameter | Value]
) -> tuple[tuple[str, ...], dict[str, Parameter]]:
    """Which of HANDED a function takes, and its settings, bounded as `given` says."""
    takes = list(inspect.signature(train).parameters.values())
    wrong = [each for each in takes if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    if not takes or wrong:
        raise HardballError(
            f"method {name!r}: write its function as (hierarchy, dim, seed, seconds, ...), every "
            "setting by its name"
        )
    own = {each.name: each.default for each in takes[1:] if each.name not in HANDED}
    strange = sorted(set(given) - set(own))
    if strange:
        raise HardballError(f"method {name!r}: its function does not take {strange[0]!r}")
    settings = {key: _bounded(name, key, given.get(key, own[key])) for key in own}
    return tuple(each.name for each in takes[1:] if each.name in HANDED), settings


def _bounded(name: str, key: str, value: Any) -> Parameter:
    bounded = value if isinstance(value, Parameter) else Parameter(value)
    if not isinstance(bounded.default, bool | int | float | str):
        raise HardballError(
            f"method {name!r}: give {key} a default that is a number, true, false or a text"
        )
    return bounded
