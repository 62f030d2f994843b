"""Samplers made of samplers: how many draws each part has, and when."""

import importlib

import numpy as np
import pytest

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import rings
from hardball.methods.method import Method
from hardball.methods.samplers.compose import parts
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec
from hardball.training import problem
from hardball.training.words import words_per_step


def spec_of(**changes):
    base = {"dataset": "dag", "framework": "torch", "seed": 2, "dim": 3, "dtype": "float64"}
    base |= {"batch_size": 16, "epochs": 4, "negatives": 10, "init_scale": 0.1}
    return RunSpec(**{**base, **changes})


def made(text, negatives):
    method = Method(name="mixture", params={"of": text}).resolved("sampler")
    return [(str(part.method), part.negatives) for part in parts(method, negatives)]


def drawn(graph, framework, step, **changes):
    """Anchors, and what an engine would draw for them at a step."""
    spec = spec_of(framework=framework, **changes)
    task = problem.build(spec, graph)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    rows = np.arange(spec.batch_size)
    stream = random_bits.words(2, "compose", step, words_per_step(spec))
    ids, weights = engine.sample(engine.start(), step, rows, stream)
    return task.positives[rows, 0], ids, weights


def ring_members(ring, nodes, ids):
    """Whether ids (B, K) lie in the rings of their nodes."""
    low, high, skip, over = (getattr(ring, k)[nodes][:, None] for k in ("lo", "hi", "xlo", "xhi"))
    return (ids >= low) & (ids < high) & ~((ids >= skip) & (ids < over))


def test_a_mixture_shares_its_draws_by_weight():
    """Of 50: 3/5 are 30, 2/5 are 20."""
    assert made("degree(alpha=0.5) 3 + uniform 2", 50) == [
        ("degree(alpha=0.5)", 30),
        ("uniform", 20),
    ]


def test_remainders_go_to_the_largest():
    """Of 10 in thirds: 3.33 each, and the one left goes to the first of equals; 3.75 rounds up."""
    assert [n for _, n in made("uniform + degree + siblings", 10)] == [4, 3, 3]
    assert [n for _, n in made("uniform 5 + siblings 3", 10)] == [6, 4]


def test_parameters_may_hold_commas():
    assert made("uniform 1 + cousins(k=2, replace=false) 1", 4) == [
        ("uniform", 2),
        ("cousins(k=2,relative_to=anchor,replace=False)", 2),
    ]


def test_parameters_are_read_as_anywhere_else():
    """1e-1 is a number, and nothing after the sign is the empty text, as rows print it."""
    method = Method(name="similarity_hard", params={"temperature": 0.1}).resolved("sampler")
    assert "file=," in str(method)
    assert made(f"{method} 1 + similarity_hard(temperature=1e-1) 1", 4) == [(str(method), 2)] * 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uniform 1 + siblings 0.001", "gets none of 10 draws"),
        ("uniform -1", "cannot read"),
        ("uniform 1 +", "cannot read"),
        ("pool 1 + uniform 1", "does not draw for each anchor by itself; allowed are blend"),
        ("mixture 1", "does not draw for each anchor"),
        ("cousins(2) 1", "is no name=value"),
        ("strangers 1", "unknown sampler"),
        ("cousins(q=2) 1", "has no parameter"),
    ],
)
def test_what_cannot_be_read_is_refused(text, said):
    with pytest.raises(HardballError, match=said):
        made(text, 10)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"begin": 0.5, "end": 0.5}, "begin=0.5, end=0.5; allowed are begin < end"),
        ({"end": 1.5}, "end=1.5, allowed are numbers 0 < x <= 1"),
        ({"ratio": 0.0}, "ratio=0.0, allowed are numbers 0 < x <= 1"),
    ],
)
def test_a_curriculum_needs_a_stretch_of_time(given, said):
    with pytest.raises(HardballError, match=said):
        samplers(spec_of(sampler={"name": "curriculum", **given}))


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize(
    ("share", "hard"),
    # ratio K clip((t - 0.2) / 0.5, 0, 1) with K = 10 and ratio 0.8: 8 (0.35 - 0.2) / 0.5 = 2.4,
    # and the columns 0, 1, 2 are below that.
    [(0.0, 0), (0.19, 0), (0.35, 3), (0.7, 8), (0.95, 8)],
)
def test_a_curriculum_ramps_up(random_dag, framework, share, hard):
    graph = random_dag(300, 3)
    # Of all nodes of the same depth hardly any are siblings.
    sampler = {"name": "curriculum", "easy": "uniform", "hard": "siblings"}
    sampler |= {"begin": 0.2, "end": 0.7, "ratio": 0.8}
    total = problem.build(spec_of(), graph).total_steps
    step = round(share * total)
    anchors, ids, _ = drawn(graph, framework, step, sampler=sampler)
    inside = ring_members(rings.siblings(graph), anchors, ids)
    assert inside[:, :hard].all()
    assert not inside[:, hard:].all(axis=0).any()


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize(("share", "level"), [(0.0, 2), (0.3, 2), (0.35, 1), (0.7, 0), (1.0, 0)])
def test_rings_tighten(random_dag, framework, share, level):
    """k = 2: second cousins for a third of the training, first cousins, then siblings."""
    graph = random_dag(300, 3)
    total = problem.build(spec_of(), graph).total_steps
    step = round(share * total)
    anchors, ids, _ = drawn(graph, framework, step, sampler={"name": "tightening", "k": 2})
    wanted = rings.cousins(graph, level) if level else rings.siblings(graph)
    assert ring_members(wanted, anchors, ids).all()
    other = rings.siblings(graph) if level else rings.cousins(graph, 2)
    assert not ring_members(other, anchors, ids).all()


def test_both_engines_would_draw_the_same(random_dag):
    graph = random_dag(300, 3)
    hard = [{"sampler": {"name": "mixture", "of": "siblings 1 + cousins 1"}, "negatives": 4}]
    given = {"sampler": "pool", "negatives": 32, "hard": hard}
    found = [drawn(graph, framework, 3, **given) for framework in ("jax", "torch")]
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert found[0][1].shape == (16, 32 + 4)
