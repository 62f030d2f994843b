"""The methods that still live in a file a framework: what `entries` says of them, registered."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hardball.methods import registry
from hardball.methods.contract import Entry as Declared
from hardball.methods.contract import Kind
from hardball.methods.facts import Fact
from hardball.methods.parameter import Parameter, Value


@dataclass(frozen=True)
class Entry:
    """One method.

    module: dotted path below hardball; a pair lives in <module>_jax and <module>_torch.
    function: its name in both halves ("" where the module itself is the method, as a manifold is).
    looks: whether what a sampler draws depends on where the points lie.
    sums: whether a loss adds its negatives up, so that a factor on all their weights matters.
    owns: the arrays that a regulariser's `build` makes for it alone, see `handed.Head`.
    curves: whether a regulariser learns the curvature at which the loss's distances are taken.
    cost: of a sampler, for N nodes, "memory of its arrays; work of a draw".
    formula: of a sampler, what is drawn; where it is empty the docstring of the halves says it.
    settings: values of the parameter `setting` -> the parameters that each of them fixes.
    build: a host function (hierarchy, known, **params) -> dict of arrays, shared by both halves;
    of a regulariser that `owns` arrays (problem, **params) -> `handed.Head`; of a radius
    (hierarchy, **params) -> that of every node.
    words: a host function (negatives, **params) -> words an anchor; "" where a draw takes one.
    refresh: the name in both halves of what makes a sampler's lists from the points, again and
    again during the training.
    parameters: every parameter with its default.
    said: other fields of `contract.Entry`. hosts: those that are host functions, "module:function".
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
    owns: tuple[Fact, ...] = ()
    curves: bool = False
    cost: str = ""
    formula: str = ""
    said: Mapping[str, Any] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def costs(self) -> tuple[str, str]:
        """Memory of a sampler's arrays, work of a draw; both "" where no cost is said."""
        memory, _, work = self.cost.partition("; ")
        return memory, work

    settings: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


class Paired(Declared):
    """An entry whose halves are <module>_jax and <module>_torch."""

    def _half(self, xp: Any) -> Any:
        return importlib.import_module(f"hardball.{self._bound['old'].module}_{xp.NAME}")

    def _make(self, xp: Any) -> Any:
        old, half = self._bound["old"], self._half(xp)
        return getattr(half, old.function) if old.function else half

    def bind_refresh(self, xp: Any) -> Callable[..., Any] | None:
        old = self._bound["old"]
        return getattr(self._half(xp), old.refresh) if old.refresh else None

    @property
    def module(self) -> str:
        return f"hardball.{self._bound['old'].module}"

    def code(self, framework: str) -> list[str]:
        old = self._bound["old"]
        half = f"{old.module}_{framework}" if old.paired else old.module
        return [half, *([old.build.split(":")[0]] if old.build else [])]

    @property
    def paired(self) -> bool:
        return bool(self._bound["old"].paired)


def _host(place: str) -> Callable[..., Any] | None:
    if not place:
        return None
    module, function = place.split(":")
    return getattr(importlib.import_module(f"hardball.{module}"), function)


def register_all(entries: tuple[Entry, ...]) -> None:
    """Registers what is not declared yet."""
    for old in entries:
        declared = {
            k: Parameter(v, choices=tuple(old.choices.get(k, ())))
            for k, v in old.parameters.items()
        }
        registry.register(
            Paired(
                old.kind,
                old.name,
                old.summary,
                old.source,
                build=_host(old.build),
                declared=declared,
                form=old.form,
                draws_words=_host(old.words),
                looks=old.looks,
                sums=old.sums,
                owns=old.owns,
                curves=old.curves,
                cost=old.cost,
                formula=old.formula,
                settings=old.settings,
                _bound={"old": old},
                **old.said,
                **{name: _host(place) for name, place in old.hosts.items()},
            )
        )
