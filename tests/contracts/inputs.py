"""What every method is called with: its variants, and arrays made from the table of facts.

No method is named here: arguments are looked up in `facts.FACTS`, parameters in what an entry
declares.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from hardball.core.errors import HardballError
from hardball.data import groups
from hardball.data.cards import Group
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods import facts, registry
from hardball.methods.contract import Entry
from hardball.methods.parameter import Parameter, Value
from hardball.runs.spec import RunSpec
from hardball.training import problem

B, K, D, T = 6, 5, 3, 4
AXES = {"B": B, "K": K, "d": D, "T": T, "R": 2 * B + B * K, "N": 40}
Arrays = dict[str, Any]


@functools.cache
def grown(n: int, roots: int, extra: float, seed: int = 0) -> Hierarchy:
    """A random forest of n nodes; with probability `extra` a node has a second parent."""
    rng = np.random.default_rng(seed)
    edges = set()
    for node in range(roots, n):
        edges.add((f"n{node}", f"n{rng.integers(max(0, node - 9), node)}"))
        if rng.random() < extra:
            edges.add((f"n{node}", f"n{rng.integers(0, node)}"))
    ordered = sorted(edges)
    nodes = [f"n{i}" for i in range(n)]
    made = from_edges("grown", [c for c, _ in ordered], [p for _, p in ordered], nodes=nodes)
    return groups.add(made, [Group(name="depth", by="depth", k=1)]) if n > 9 else made


def graphs() -> dict[str, Hierarchy]:
    """A forest, a tree with fewer nodes than an anchor has draws, and one node alone."""
    lone = from_edges("lone", [], [], nodes=["only"])
    return {"forest": grown(60, 3, 0.3), "small": grown(9, 1, 0.0), "lone": lone}


def changed(parameter: Parameter) -> Value:
    """Another allowed value of a number; the default of anything else."""
    default = parameter.default
    if isinstance(default, bool | str) or parameter.choices:
        return default
    tries: list[Value] = [default + 2, default - 1] if isinstance(default, int) else []
    tries += [] if tries else [1.5 * default + 0.1, 0.5 * default, 0.9 * default]
    for value in tries:
        try:
            return parameter.typed(value)
        except ValueError:
            continue
    raise AssertionError(f"no other value than {default} is allowed: {parameter.allowed}")


@functools.cache
def variants(entry: Entry) -> tuple[tuple[str, Mapping[str, Value]], ...]:
    """Parameters to call a method with: its defaults; every other choice; all numbers changed.

    The numbers are changed with each of the choices in turn, so that every parameter has an effect
    in one variant at least.
    """
    numbers = {name: changed(p) for name, p in entry.declared.items()}
    numbers = {name: value for name, value in numbers.items() if value != entry.parameters[name]}
    asked: list[dict[str, Value]] = [{}, numbers]
    for name, parameter in entry.declared.items():
        others = parameter.choices or ((not parameter.default,) if _is_flag(parameter) else ())
        for value in others:
            fixed = entry.settings.get(str(value), {}) if name == "setting" else {}
            free = {key: each for key, each in numbers.items() if key not in fixed}
            asked.append({**free, name: value})
    return tuple((str(given), registry.parameters(*key(entry), given)) for given in _apart(asked))


def _is_flag(parameter: Parameter) -> bool:
    return isinstance(parameter.default, bool)


def _apart(asked: list[dict[str, Value]]) -> Iterator[dict[str, Value]]:
    for place, given in enumerate(asked):
        if given not in asked[:place]:
            yield given


def key(entry: Entry) -> tuple[registry.Kind, str]:
    return entry.kind, entry.name


def options(function: Callable[..., Any], parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Of the parameters those that the function takes."""
    return facts.options(function, parameters)


def facts_of(entry: Entry) -> Mapping[str, facts.Fact]:
    """What a method of its kind may be handed.

    Of pretexts, what losses compare, or scores of examples and how often each counts.
    """
    if entry.kind in facts.FACTS:
        return facts.FACTS[entry.kind]
    asked = facts.takes(registry.load(*key(entry), "torch"))
    weights = {n: facts.Fact(n, ("B",), "", high=3, whole=True) for n in asked if n[:2] == "w_"}
    scores = {n: facts.Fact(n, ("B",), "", low=-9, moves=True) for n in asked if n[:2] == "z_"}
    compared = {n: facts.FACTS["loss"][n] for n in asked if n in facts.FACTS["loss"]}
    return {**compared, **scores, **weights}


def usual(entry: Entry, function: Callable[..., Any], parameters: Mapping[str, Value]) -> Arrays:
    """Usual values of all facts that a function takes, float64; its first pair has no negatives."""
    rng = np.random.default_rng(3)
    table, made = facts_of(entry), {}
    for name in facts.takes(function):
        if name in table:
            made[name] = sampled(table[name], rng)
    return {**made, **owned(entry, tuple(sorted(parameters.items())))}


def sampled(fact: facts.Fact, rng: np.random.Generator) -> Any:
    """Usual values of a fact."""
    if fact.shape == ():
        return float(fact.sample(rng))
    if fact.name == "weight":
        weight = rng.integers(0, 4, (B, K)).astype(float)
        weight[0], weight[1] = 0, [0, 1, 2, 3, 2]
        return weight
    if fact.whole:
        # The least counts decide most, and all of them occur: a pair one edge apart, a root.
        size = fact.sizes(**AXES)
        return fact.low + rng.permuted(np.arange(np.prod(size)) % 3.0).reshape(size)
    if fact.shape == ("T", "T"):
        gradients = rng.normal(size=(T, 2 * T))
        return gradients @ gradients.T
    return fact.sample(rng, **AXES)


def moving(entry: Entry, given: Arrays) -> tuple[str, ...]:
    """The arguments through which gradients go: facts that move, and arrays that are trained."""
    table, trained = facts_of(entry), starting(entry)
    return tuple(n for n in given if n in trained or (n in table and table[n].moves))


@functools.cache
def head(entry: Entry, parameters: tuple[tuple[str, Value], ...]) -> Any:
    """What a regulariser or a loss owns in a run on a small graph."""
    method = dict(parameters)
    named = {"loss": method} if entry.kind == "loss" else {"regularizers": [method]}
    spec = RunSpec(dataset="grown", framework="torch", seed=1, dim=D, **named)
    (made,) = problem.build(spec, graphs()["forest"]).heads.values()
    return made


def owned(entry: Entry, parameters: tuple[tuple[str, Value], ...]) -> Arrays:
    """What a regulariser owns, and is told of the nodes of a batch."""
    if not entry.owns:
        return {}
    made = head(entry, (("name", entry.name), *parameters))
    rng = np.random.default_rng(4)
    ends = rng.integers(0, graphs()["forest"].n_nodes, 2 * B)
    told = {name: array[ends] for name, array in made.nodes.items()}
    real = {n: a.astype(np.float64) if a.dtype.kind == "f" else a for n, a in told.items()}
    start = {n: np.asarray(a + 0.1 * rng.normal(size=a.shape)) for n, a in made.start.items()}
    return {**start, **real}


def node_facts(entry: Entry) -> tuple[str, ...]:
    """The names of what a regulariser is told of every node beside the facts."""
    if not entry.owns:
        return ()
    return tuple(head(entry, (("name", entry.name), *sorted(entry.parameters.items()))).nodes)


def starting(entry: Entry) -> tuple[str, ...]:
    """The names of the arrays that a regulariser trains."""
    if not entry.owns:
        return ()
    return tuple(head(entry, (("name", entry.name), *sorted(entry.parameters.items()))).start)


@functools.cache
def allowed(entry: Entry) -> list[tuple[str, Mapping[str, Value]]]:
    """The variants that its function tells apart and whose arrays can be built.

    Those of features in a file cannot, for want of one.
    """
    found, seen = [], []
    function = registry.load(*key(entry), "torch")
    for label, parameters in variants(entry):
        if (told := options(function, parameters)) in seen:
            continue
        try:
            owned(entry, tuple(sorted(parameters.items())))
        except HardballError:
            continue
        found.append((label, parameters))
        seen.append(told)
    assert found[0][1] == entry.parameters, "the defaults cannot be built"
    return found
