"""Declares methods: a decorator for each kind, which also registers what it decorates.

>>> from hardball.methods.declare import loss
>>> from hardball.methods.parameter import real
>>> @loss(
...     summary="mean difference to the negatives",
...     source="hardball: an example",
...     parameters={"scale": real(1.0, "what distances are multiplied by", above=0)},
... )
... def difference(xp, d_pos, d_neg, weight, *, scale):
...     return scale * xp.sum(weight * (d_pos[:, None] - d_neg), axis=1)
>>> difference.name, difference.parameters
('difference', {'scale': 1.0})

A method of your own is declared in the same way, in a module of yours.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar, cast

from hardball.methods import registry
from hardball.methods.contract import Body, Entry, Kind
from hardball.methods.parameter import Parameter, Value

Declared = Mapping[str, Parameter | Value]
Host = TypeVar("Host", bound=Callable[..., Any])


def declare(
    kind: Kind,
    body: Body | ModuleType | None = None,
    *,
    name: str = "",
    parameters: Declared | None = None,
    **said: Any,
) -> Entry:
    """Registers one method and returns its entry; said: the other fields of `contract.Entry`.

    name: the body's own unless it is given. A plain value among the parameters is a default
    without bounds.
    """
    called = name or getattr(body, "__name__", "").rpartition(".")[2]
    declared = {
        key: value if isinstance(value, Parameter) else Parameter(value)
        for key, value in (parameters or {}).items()
    }
    return registry.register(Entry(kind, called, body=body, declared=declared, **said))


def _decorator(kind: Kind) -> Callable[..., Callable[[Body], Entry]]:
    def of_kind(
        *, summary: str, source: str, parameters: Declared | None = None, **said: Any
    ) -> Callable[[Body], Entry]:
        def decorate(body: Body) -> Entry:
            return declare(
                kind, body, summary=summary, source=source, parameters=parameters, **said
            )

        return decorate

    of_kind.__name__ = kind
    of_kind.__doc__ = f"Declares a {kind}: see `contract.Entry` for what may be said of one."
    return of_kind


def _host(kind: Kind) -> Callable[..., Callable[[Host], Host]]:
    def of_kind(
        *,
        name: str = "",
        summary: str,
        source: str,
        parameters: Declared | None = None,
        **said: Any,
    ) -> Callable[[Host], Host]:
        def decorate(build: Host) -> Host:
            called = name or build.__name__

            takes = inspect.signature(build).parameters
            handed = {key for key, p in takes.items() if p.kind is not p.KEYWORD_ONLY}

            @functools.wraps(build)
            def checked(*given: Any, **named: Any) -> Any:
                own = {key: value for key, value in named.items() if key not in handed}
                rest = {key: value for key, value in named.items() if key in handed}
                return build(*given, **rest, **registry.parameters(kind, called, own))

            declare(
                kind,
                name=called,
                summary=summary,
                source=source,
                parameters=parameters,
                build=checked,
                **said,
            )
            return cast(Host, checked)

        return decorate

    of_kind.__name__ = kind
    of_kind.__doc__ = (
        f"Declares a {kind}, which is host code alone: the function stays one that can be called. "
        "Its parameters have the defaults that are declared; it raises HardballError on a value "
        "that is not allowed."
    )
    return of_kind


task = _host("task")
start = _host("start")
pairs = _host("pairs")
batches = _host("batches")
strategy = _host("strategy")
sampler = _decorator("sampler")
loss = _decorator("loss")
regularizer = _decorator("regularizer")
objective = _decorator("objective")
optimizer = _decorator("optimizer")
radius = _decorator("radius")
encoder = _decorator("encoder")
pretext = _decorator("pretext")
