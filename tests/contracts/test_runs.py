"""Short runs in both frameworks that together name every method there is: one path, step by step.

Which methods go together is asked of the package: a combination that it refuses is not taken.
"""

import dataclasses
import functools

import jax
import numpy as np
import pytest
import torch

from hardball.core.errors import HardballError
from hardball.data import groups
from hardball.data.cards import Group
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods import registry
from hardball.runs.spec import METHODS, RunSpec
from hardball.training import draws_torch, engine_torch, heads, methods, problem
from hardball.training.words import words_per_step

STEPS = 30
KINDS = (*METHODS, "regularizer")
# Methods that ask for where an earlier run ended; tests/unit/test_earlier.py trains by them. And a
# task on two data sets alone, see tests/unit/test_published_splits.py, one on data sets of two
# versions, see tests/unit/test_temporal_task.py, and one on graphs of two sides, see
# tests/unit/test_bipartite.py.
LATER = {("start", "run"), ("regularizer", "ewc"), ("task", "ganea2018"), ("task", "temporal")}
LATER |= {("task", "bipartite_links")}
# Kinds of few methods take turns once all of them are named.
TURNS = ("manifold", "optimizer", "objective", "radius")
BASE = {"dataset": "small", "seed": 3, "dim": 3, "dtype": "float64", "batch_size": 8}
BASE |= {"negatives": 6, "epochs": 20, "init_scale": 0.3, "lr": 0.02, "kernels": "plain"}
# Farther out in the ball, where some starts put points, a step in coordinates blows rounding up:
# paths of rmsprop are 2e-5 apart after six steps at radius 34.
BASE |= {"max_radius": 12}


@functools.cache
def small() -> Hierarchy:
    """A hundred nodes below two roots, some with a second parent, in groups by depth."""
    rng, edges = np.random.default_rng(1), set()
    for node in range(2, 100):
        edges.add((node, int(rng.integers(max(0, node - 9), node))))
        if rng.random() < 0.2:
            edges.add((node, int(rng.integers(node))))
    children, parents = zip(*sorted(edges), strict=True)
    made = from_edges("small", [f"n{i}" for i in children], [f"n{i}" for i in parents])
    return groups.add(made, [Group(name="depth", by="depth", k=1)])


def spec_of(chosen, framework="torch"):
    """A run by the chosen methods, one of a kind, and the package's defaults otherwise."""
    given = {kind: name for kind, name in chosen.items() if kind != "regularizer"}
    given["regularizers"] = [chosen["regularizer"]] if "regularizer" in chosen else []
    return RunSpec(framework=framework, **BASE, **given)


@functools.cache
def refused(pairs):
    """Whether the package says that these methods do not go together."""
    try:
        spec = spec_of(dict(pairs))
        heads.check(spec)
        task = problem.build(spec, small())
        methods.resolve(spec, "torch", task.known_width)
        assert len(task.heads) <= 1
        problem.batches_of(task)
    except (HardballError, ValueError):
        return True
    return False


@functools.cache
def runs():
    """Methods by kind, of as few runs as name all: greedily, each takes what is still unnamed."""
    left = [(e.kind, e.name) for e in registry.entries() if e.kind in KINDS]
    left, found = [each for each in left if each not in LATER], []
    while left:
        chosen = {}
        for kind, name in left:
            if kind not in chosen and not refused(tuple({**chosen, kind: name}.items())):
                chosen[kind] = name
        if not chosen:
            break
        for kind in TURNS:
            turn = registry.entries(kind)[len(found) % len(registry.entries(kind))]
            if kind not in chosen and not refused(tuple({**chosen, kind: turn.name}.items())):
                chosen[kind] = turn.name
        left = [each for each in left if each not in chosen.items()]
        found.append(chosen)
    return found, left


@pytest.fixture(scope="module", autouse=True)
def _wide():
    with jax.enable_x64(True):
        yield


def test_the_runs_name_every_method():
    found, left = runs()
    assert left == []
    most = max(len([e for e in registry.entries(kind)]) for kind in KINDS)
    assert len(found) <= most + 2


@pytest.mark.parametrize("number", range(len(runs()[0])))
def test_every_step_is_the_same(number, step_by_step):
    """Points to 1e-9 after each of thirty steps, and the same counts of draws."""
    chosen = runs()[0][number]
    paths = []
    for framework in ("jax", "torch"):
        task = problem.build(spec_of(chosen, framework), small())
        steps = list(step_by_step(task, STEPS, endless=True))
        paths.append([(after, totals) for _, _, after, totals in steps])
    moved = np.abs(paths[0][-1][0] - paths[0][0][0]).max()
    assert moved > 1e-4, chosen
    for (ours, our_totals), (theirs, their_totals) in zip(*paths, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9, err_msg=str(chosen))
        assert our_totals["drawn"] == their_totals["drawn"]
        assert our_totals["masked"] == their_totals["masked"]


AROUND = [
    pytest.param(e, id=e.name) for e in registry.entries("sampler") if "relative_to" in e.declared
]


def drawn_around(entry, where, how_of=lambda how: how):
    """(anchors, positives) -> a batch's negatives (B, K), drawn around one of the two."""
    sampler = {"name": entry.name, "relative_to": where}
    task = problem.build(spec_of({"sampler": sampler}), small())
    engine = engine_torch.Engine(task, 1)
    how, table = how_of(engine.how), engine.refresh(engine.start(), 0)
    words = np.random.default_rng(4).integers(0, 2**32, words_per_step(how.spec))

    def draw(anchors, positives):
        ends = torch.tensor(anchors), torch.tensor(positives)
        now = torch.tensor(0), torch.tensor(0.1, dtype=torch.float64)
        drawn = draws_torch.draw(how, engine.data, table, *ends, torch.tensor(words), *now)
        return drawn.own.numpy()

    return draw, "known" in how.samplers[0].wants


def assert_around(entry, where, how_of=lambda how: how):
    """Draws follow the nodes that they are around, and nobody else.

    A sampler that is told the anchors' known positives looks at those too.
    """
    draw, told = drawn_around(entry, where, how_of)
    ours, others, theirs = np.random.default_rng(5).integers(2, small().n_nodes, (3, 8))
    plain = draw(ours, others)
    same, moved = (ours, theirs), (theirs, others)
    if where == "positive":
        same, moved = moved, same
    assert (draw(*moved) != plain).any(), "the same nodes around others"
    if not (told and where == "positive"):
        np.testing.assert_array_equal(draw(*same), plain)


@pytest.mark.parametrize("where", ["anchor", "positive"])
@pytest.mark.parametrize("entry", AROUND)
def test_negatives_are_drawn_around_whom_they_should(entry, where):
    assert_around(entry, where)


@pytest.mark.parametrize("entry", AROUND)
def test_negatives_around_the_other_end_would_be_seen(entry):
    def turned(how):
        first = dataclasses.replace(how.samplers[0], by_positive=True)
        return dataclasses.replace(how, samplers=(first,))

    with pytest.raises(AssertionError):
        assert_around(entry, "anchor", turned)
