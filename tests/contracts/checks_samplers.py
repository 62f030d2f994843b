"""What every sampler must hold; see `checks.py`."""

import functools
import importlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import calls
import inputs
import jax
import numpy as np
from scipy import stats
from subject import Subject

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, closure
from hardball.methods import registry
from hardball.methods.contract import Entry
from hardball.methods.samplers.space import Space

B, K, D = 24, 8, 3
# Seeds are fixed, so that every p-value is one number.
ENOUGH, DRAWS = 1e-4, 30_000
Drawn = tuple[np.ndarray, np.ndarray]


class Setting(NamedTuple):
    """What a sampler is called with, beside its options."""

    index: Mapping[str, np.ndarray]
    known: Csr
    anchors: np.ndarray
    positives: np.ndarray
    words: np.ndarray
    progress: float
    points: np.ndarray

    @property
    def n_nodes(self) -> int:
        return len(self.points)


@functools.cache
def setting(entry: Entry, place: int, graph: str, progress: float = 1 / 3) -> Setting | None:
    """A batch on one of `inputs.graphs`; None where the sampler cannot be built for it."""
    h, parameters = inputs.graphs()[graph], inputs.variants(entry)[place][1]
    known, rng = closure(h), np.random.default_rng(1)
    try:
        index = registry.builder(*inputs.key(entry))(h, known, negatives=K, **parameters)
    except HardballError:
        return None
    anchors = rng.integers(0, h.n_nodes, B)
    rows = [known.indices[known.indptr[n] : known.indptr[n + 1]] for n in anchors]
    positives = np.array(
        [rng.choice(row) if len(row) else n for n, row in zip(anchors, rows, strict=True)]
    )
    count = entry.draws_words(K, **parameters) if entry.draws_words else K
    words = random_bits.words(1, "pairs", 0, B * count)
    # The least and the greatest word, and the middle.
    words[:4] = [0, 2**32 - 1, 2**31, 2**31 - 1][: len(words)]
    drawn = rng.normal(size=(h.n_nodes, D))
    points = 0.8 * drawn / (1 + np.linalg.norm(drawn, axis=1, keepdims=True))
    return Setting(index, known, anchors, positives, words.reshape(B, count), progress, points)


def _index(framework: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """A sampler's arrays in their own types, as the engine hands them over."""
    if framework == "jax":
        return dict(calls.to("jax", arrays))
    import torch

    return {name: torch.as_tensor(array) for name, array in arrays.items()}


def draw(
    entry: Entry,
    framework: str,
    function: Any,
    parameters: Mapping[str, Any],
    given: Setting,
) -> Drawn:
    """Ids and what of them is valid, (B, K); or a pool's ids and weights, (M,)."""
    membership = importlib.import_module(f"hardball.arrays.on_{framework}.membership")
    space = registry.load("manifold", "poincare", framework)
    points = calls.to(framework, given.points)
    width = int(np.diff(given.known.indptr).max(initial=0))
    rows = _index(framework, {"a": given.known.indptr.astype(np.int32), "b": given.known.indices})
    known = functools.partial(membership.Known, *rows.values(), width)
    place = Space(space, 1.0, points.__getitem__)
    index = _index(framework, given.index)
    refresh = registry.refresher(*inputs.key(entry), framework)
    if refresh is not None:
        index["lists"] = _lists(entry, framework, refresh, parameters, given, place, known)
    anchors = calls.to(framework, given.anchors)
    facts = {
        "index": index,
        "anchors": anchors,
        "words": calls.to(framework, given.words),
        "space": place,
        "progress": calls.to(framework, np.array(given.progress)),
        "positives": calls.to(framework, given.positives),
        "known": known(anchors),
        "negatives": K,
    }
    if entry.form == "pool":
        facts["words"] = facts["words"].reshape(-1)
    loaded = registry.load(*inputs.key(entry), framework)
    taken = {name: fact for name, fact in facts.items() if name in calls.takes(loaded)}
    bound = functools.partial(function, **inputs.options(loaded, parameters))
    return calls.back(_at_once(framework, bound, taken))


def _lists(
    entry: Entry,
    framework: str,
    refresh: Any,
    parameters: Mapping[str, Any],
    given: Setting,
    place: Space,
    known: Any,
) -> Any:
    """The lists of a sampler that keeps some, made for the second time."""
    n, width = given.n_nodes, entry.refresh_words(**parameters) if entry.refresh_words else 0
    words = random_bits.words(5, "lists", 0, 2 * n * width).reshape(2, n, width)
    lists = None
    for each in words:
        facts = {"nodes": calls.to(framework, np.arange(n)), "words": calls.to(framework, each)}
        facts |= {"space": place, "known": known, "lists": lists, "candidates": None}
        taken = {name: fact for name, fact in facts.items() if name in calls.takes(refresh)}
        bound = functools.partial(refresh, **inputs.options(refresh, parameters))
        lists = _at_once(framework, bound, taken)
    return lists


def _at_once(framework: str, function: Callable[..., Any], taken: dict[str, Any]) -> Any:
    """A call, in JAX as one program: operation by operation each would be compiled by itself."""
    if framework == "torch":
        return function(**taken)
    held = {name: taken[name] for name in ("space", "known", "negatives") if name in taken}
    held |= {name: None for name, each in taken.items() if each is None}
    arrays = {name: each for name, each in taken.items() if name not in held}
    return jax.jit(lambda arrays: function(**arrays, **held))(arrays)


@functools.lru_cache(maxsize=5000)
def drawn(
    entry: Entry,
    framework: str,
    function: Any,
    place: int,
    graph: str,
    progress: float = 1 / 3,
) -> Drawn | None:
    """The draws of a variant, once for each function; None where there is nothing to draw from."""
    given, parameters = setting(entry, place, graph, progress), inputs.variants(entry)[place][1]
    if given is None:
        return None
    # Training mostly goes without 64-bit numbers; distances are compared with them.
    with jax.enable_x64(entry.looks):
        return draw(entry, framework, function, parameters, given)


@functools.cache
def _places(entry: Entry) -> tuple[int, ...]:
    """The variants that differ in their arrays or in what the function is told."""
    function, seen, found = registry.load(*inputs.key(entry), "torch"), [], []
    for place, (_, parameters) in enumerate(inputs.variants(entry)):
        given = setting(entry, place, "forest")
        if given is None:
            continue
        arrays = {name: (array.shape, array.tobytes()) for name, array in given.index.items()}
        told = arrays, inputs.options(function, parameters)
        if told not in seen:
            seen.append(told)
            found.append(place)
    assert not found or found[0] == 0, "the defaults cannot be built"
    return tuple(found)


def _graphs(entry: Entry, place: int) -> tuple[str, ...]:
    """Few nodes and one node are asked for once; a lone node has nobody to look at."""
    return ("forest",) if place else ("forest", "small") if entry.looks else tuple(inputs.graphs())


def same_draws(entry: Entry, function: Any, other: Any) -> bool:
    """Whether two functions draw alike wherever the checks look."""
    for place in _places(entry):
        for graph in _graphs(entry, place):
            try:
                both = [drawn(entry, "torch", each, place, graph) for each in (function, other)]
            except (LookupError, RuntimeError):
                return False
            ours, theirs = both
            if ours is None or theirs is None:
                continue
            if not all(map(np.array_equal, ours, theirs)):
                return False
    return True


def draws_are_the_same(subject: Subject) -> None:
    """Bit for bit in both frameworks: every variant, few nodes, one node, three times of a run."""
    entry, frameworks = subject.entry, calls.FRAMEWORKS
    asked = [(place, graph, 1 / 3) for place in _places(entry) for graph in _graphs(entry, place)]
    taken = calls.takes(registry.load(*inputs.key(entry), "torch"))
    asked += [(0, "forest", now) for now in (0.0, 1.0) if "progress" in taken]
    found = 0
    for place, graph, now in asked:
        both = [drawn(entry, f, subject.function(f), place, graph, now) for f in frameworks]
        if both[0] is None:
            continue
        found += 1
        for ours, theirs in zip(*both, strict=True):
            said = f"{inputs.variants(entry)[place][0]}, {graph}, {now}"
            np.testing.assert_array_equal(ours, theirs, err_msg=said)
    assert found >= len(asked) // 2


def draws_are_allowed(subject: Subject) -> None:
    """Nodes of the hierarchy; void ones are the anchor; no known positive where they are told."""
    entry, function = subject.entry, subject.torch
    taken = calls.takes(registry.load(*inputs.key(entry), "torch"))
    for place in _places(entry):
        for graph in _graphs(entry, place):
            given = setting(entry, place, graph)
            found = drawn(entry, "torch", function, place, graph)
            if given is None or found is None:
                continue
            ids, fine = found
            assert ids.min() >= 0
            assert ids.max() < given.n_nodes
            if entry.form == "pool":
                first = np.append(True, np.diff(ids) > 0)
                assert (np.diff(ids) >= 0).all()
                counted = np.add.reduceat(np.ones(len(ids)), np.flatnonzero(first))
                np.testing.assert_array_equal(fine[first], counted)
                assert not fine[~first].any()
                continue
            anchors = np.broadcast_to(given.anchors[:, None], ids.shape)
            np.testing.assert_array_equal(ids[~fine], anchors[~fine])
            support = _support(given)
            if support is not None:
                assert support[anchors, ids][fine].all(), f"{graph}: out of its rings"
            if "known" in taken:
                banned = _known(given)
                assert not banned[anchors, ids][fine].any(), f"{graph}: a known positive"


def _support(given: Setting) -> np.ndarray | None:
    """Who may be drawn for whom, by the bounds of rings: bool (N, N); None without any."""
    bounds = [given.index.get(name) for name in ("lo", "hi", "xlo", "xhi")]
    if any(bound is None or bound.ndim != 1 for bound in bounds):
        return None
    low, high, skip, resume = (bound[:, None] for bound in bounds)
    nodes = np.arange(given.n_nodes)
    return (low <= nodes) & (nodes < high) & ~((skip <= nodes) & (nodes < resume))


def _known(given: Setting) -> np.ndarray:
    """Each node's known positives and itself: bool (N, N)."""
    table = np.eye(given.n_nodes, dtype=bool)
    rows = np.repeat(np.arange(given.n_nodes), np.diff(given.known.indptr))
    table[rows, given.known.indices] = True
    return table


def draws_follow_their_own_words(subject: Subject) -> None:
    """Anchors in another order, with their words, are drawn the same: each by itself.

    And a pool is the same whatever the order of its words, its batch as it was.
    """
    entry, function = subject.entry, subject.torch
    given, parameters = setting(entry, 0, "forest"), entry.parameters
    assert given is not None
    order = np.random.default_rng(8).permutation(B)
    turning = ("words",) if entry.form == "pool" else ("anchors", "positives", "words")
    fields = {name: getattr(given, name)[order] for name in turning}
    ids, fine = drawn(entry, "torch", function, 0, "forest")
    turned = draw(entry, "torch", function, parameters, given._replace(**fields))
    expected = (ids, fine) if entry.form == "pool" else (ids[order], fine[order])
    for ours, theirs in zip(turned, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    if entry.form != "pool":
        assert fine.any(), "nothing to draw for anybody in a forest of 60 nodes"
        assert len(np.unique(ids[fine])) > 3, "the same few nodes for everybody"


def reference(entry: Entry, place: int, graph: str) -> np.ndarray | None:
    """How likely each node is drawn for each, in proportion: (N, N); None where nothing says it.

    By the dense matrix where that knows a sampler of this name, by the bounds of rings otherwise.
    """
    h, parameters = inputs.graphs()[graph], inputs.variants(entry)[place][1]
    dense = registry.entry("sampler", "matrix")
    shared = {name: value for name, value in parameters.items() if name in dense.declared}
    if entry.name in dense.choices["of"]:
        asked = registry.parameters(*inputs.key(dense), {**shared, "of": entry.name})
        made = registry.builder(*inputs.key(dense))(h, closure(h), negatives=K, **asked)
        table = made["cumulative"].astype(float)
        return np.diff(np.column_stack([np.zeros(len(table)), table]))
    given = setting(entry, place, graph)
    return None if given is None or _support(given) is None else _support(given).astype(float)


def draws_are_as_likely_as_said(subject: Subject) -> None:
    """Chi-square of 30,000 draws against the dense matrix, or the bounds of rings."""
    entry = subject.entry
    for place in _places(entry):
        parameters = inputs.variants(entry)[place][1]
        table = reference(entry, place, "forest")
        if table is None or not parameters.get("replace", True):
            continue
        given = setting(entry, place, "forest")
        n, count = given.n_nodes, DRAWS // given.n_nodes
        words = random_bits.words(11, entry.name, 0, n * count).reshape(n, count)
        every = given._replace(anchors=np.arange(n), positives=np.arange(n), words=words)
        ids, fine = draw(entry, "torch", subject.torch, parameters, every)
        assert _likelihood(ids, fine, table) > ENOUGH, inputs.variants(entry)[place][0]


def _likelihood(ids: np.ndarray, fine: np.ndarray, table: np.ndarray) -> float:
    """p of the chi-square statistics of all rows; 0 where a node was drawn that cannot be.

    Draws of the anchor are left out, as the engine does. Nodes that expect fewer than 5 draws are
    put together.
    """
    statistic, freedom = 0.0, 0
    for node, (row, said) in enumerate(zip(ids, fine, strict=True)):
        kept = row[said & (row != node)]
        if not len(kept):
            continue
        counts = np.bincount(kept, minlength=len(table))
        if counts[table[node] == 0].any():
            return 0.0
        expected = table[node] / table[node].sum() * len(kept)
        rare = expected < 5
        counts = np.append(counts[~rare], counts[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
        cells = expected > 0
        statistic += ((counts - expected)[cells] ** 2 / expected[cells]).sum()
        freedom += cells.sum() - 1
    return float(stats.chi2.sf(statistic, freedom)) if freedom else 1.0


SAMPLERS: tuple[Callable[[Subject], None], ...] = (
    draws_are_the_same,
    draws_are_allowed,
    draws_follow_their_own_words,
    draws_are_as_likely_as_said,
)
