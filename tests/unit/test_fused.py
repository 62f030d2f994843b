"""The pieces of a PyTorch step, compiled: as many configurations a process as anyone likes."""

import functools
import gc
import weakref

import numpy as np
import pytest
import torch

from hardball.core import random_bits
from hardball.runs.spec import RunSpec
from hardball.training import engine_torch, problem
from hardball.training.words import words_per_step

STEPS = 4


@pytest.fixture
def graph(random_dag):
    """More nodes than a batch touches."""
    return random_dag(100, 5)


@pytest.fixture
def compile_always(monkeypatch):
    """Without a backend: what is tested is which calls find which code, not the code."""
    monkeypatch.setattr(engine_torch, "_worth_compiling", lambda task, how: True)
    traced = functools.partial(torch.compile, backend="eager")
    monkeypatch.setattr(torch, "compile", traced)
    monkeypatch.setattr(engine_torch, "_COMPILED", {})
    yield
    torch.compiler.reset()


def run(graph, seed=0, **settings):
    """An engine, and the points that it ends at."""
    base = {"dataset": "dag", "framework": "torch", "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"sampler": "pool", "negatives": 12, "kernels": "plain", "init_scale": 0.1}
    spec = RunSpec(seed=seed, **{**base, **settings})
    task = problem.build(spec, graph)
    engine = engine_torch.Engine(task, STEPS)
    order = problem.Batches(seed, len(task.positives), spec.batch_size).take(0, STEPS)
    drawn = random_bits.block(seed, "negatives", 0, STEPS, words_per_step(spec))
    table, _ = engine.run(
        engine.start(), problem.Chunk(0, order, drawn, np.full(STEPS, spec.lr), np.ones(STEPS))
    )
    return engine, engine.points(table, STEPS)


@pytest.mark.full
def test_each_configuration_and_size_has_code_of_its_own(graph, random_dag, compile_always):
    """By itself PyTorch gives up on a function that is compiled for more than eight."""
    other = random_dag(101, 6)
    chosen = [(graph, {}), (graph, {"manifold": "poincare"}), (other, {})]
    chosen += [(graph, {"loss": loss}) for loss in ("margin_by_depth", "multi_hop_contrastive")]
    chosen += [(graph, {"loss": loss}) for loss in ("distance_preserving", "adjacency")]
    chosen += [(graph, {"loss": loss}) for loss in ("entailment_cones", "angle_preserving")]
    chosen += [(graph, {"regularizers": ["laplacian_normalized", "norm_target"]})]
    chosen += [(graph, {"regularizers": ["feature_reconstruction", "curvature_penalty"]})]
    # One: no piece is compiled for a second time.
    with torch._dynamo.config.patch(recompile_limit=1):
        for tree, given in chosen:
            engine, points = run(tree, **given)
            assert engine.compiled
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engine_torch, "_worth_compiling", lambda task, how: False)
                plain, expected = run(tree, **given)
            assert not plain.compiled
            np.testing.assert_array_equal(points, expected)
    assert len(engine_torch._COMPILED) == len(chosen)


def test_seeds_of_one_configuration_share_it(graph, compile_always):
    (one, points), (two, others) = (run(graph, seed=seed) for seed in (0, 1))
    assert one.how.pieces is two.how.pieces
    assert not np.array_equal(points, others)


def test_an_engine_leaves_nothing_behind(graph):
    engine, _ = run(graph)
    how = weakref.ref(engine.how)
    del engine
    gc.collect()
    assert how() is None
