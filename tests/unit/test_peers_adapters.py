"""Each system under the clock on a small tree: it trains, and its points come back in our order."""

import contextlib
import importlib
import time
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.data.store import open_hierarchy
from hardball.hierarchy import closure as closures
from hardball.studies.peers import adapter_hardball
from hardball.studies.peers.clock import Clock, Finished
from hardball.studies.peers.task import Data, Task


@pytest.fixture
def data(tree):
    relations = closures.closure(tree)
    # Out of order, so that a system that numbers nodes as they come numbers them otherwise.
    pairs = closures.pairs(relations)[::-1].copy()
    return Data(pairs, relations.indptr, relations.indices)


def task_of(system, **changes):
    settings = {"dim": 2, "negatives": 2, "batch_size": 4, "lr": 0.1, "seconds": 60.0}
    return Task(system=system, dataset="tree", **{**settings, "burn_in": 0, **changes})


class Counted(Clock):
    """A clock that runs out after some batches."""

    def __init__(self, folder, batches):
        super().__init__(folder, limit=1e9)
        self.batches, self.last = batches, np.empty(0)

    def tick(self, pairs, scorings, points):
        self.count(0.001, pairs, scorings)
        self.batches -= 1
        if not self.batches:
            self.last = points()
            raise Finished


def trained(adapter, task, data, tmp_path, batches):
    clock = Counted(tmp_path, batches)
    with pytest.raises(Finished):
        adapter.train(task, data, clock, {})
    return clock


def test_gensim_numbers_nodes_otherwise_and_is_put_back(data, tmp_path, monkeypatch):
    pytest.importorskip("gensim", reason="gensim is not installed: [peers]")
    from hardball.studies.peers.foreign import adapter_gensim

    models = []
    begin = adapter_gensim.Ticking.train
    monkeypatch.setattr(
        adapter_gensim.Ticking, "train", lambda self, **kw: (models.append(self), begin(self, **kw))
    )
    clock = trained(adapter_gensim, task_of("gensim"), data, tmp_path, 5)
    (model,) = models
    assert model.kv.index_to_key != [str(node) for node in range(data.n_nodes)]
    for node in range(data.n_nodes):
        assert clock.last[node].tolist() == model.kv[str(node)].tolist()
    # 5 batches of 4 pairs, each pair scored with its ancestor and 2 negatives.
    assert (clock.pairs, clock.scorings) == (20, 60)


@pytest.mark.parametrize("system", ["geoopt_rsgd", "geoopt_radam", "hypll"])
def test_libraries_train_in_our_order(system, data, tmp_path):
    package = "geoopt" if system.startswith("geoopt") else "hypll"
    pytest.importorskip(package, reason=f"{package} is not installed: [peers]")
    from hardball.studies.peers.foreign import torch_loop

    adapter = importlib.import_module(f"hardball.studies.peers.foreign.adapter_{package}")
    task = task_of(system, lr=0.05)
    before = torch_loop.start(task, data.n_nodes)
    first = trained(adapter, task, data, tmp_path, 1).last
    assert np.abs(first - before).max() < 0.2
    clock = trained(adapter, task, data, tmp_path, 400)
    assert clock.scorings == 400 * 4 * 3
    norm = np.linalg.norm(clock.last, axis=1)
    assert (norm < 1).all()
    # The root ends nearer the middle than the leaves do.
    assert norm[0] < norm[[5, 6, 7, 8]].min()


@pytest.mark.parametrize("batch_size", [1, 4])
def test_geoopt_walks_the_very_path_of_our_engine(batch_size, tree, tmp_path):
    pytest.importorskip("geoopt", reason="geoopt is not installed: [peers]")
    from hardball.core import random_bits
    from hardball.runs.spec import RunSpec
    from hardball.studies.peers.foreign import adapter_geoopt
    from hardball.training import problem
    from hardball.training.engine_torch import Engine

    steps = 60
    spec = RunSpec(
        dataset="tree", framework="torch", seed=3, manifold="poincare", sampler="uniform", dim=3,
        negatives=2, optimizer="rsgd", lr=0.1, lr_final=1.0, batch_size=batch_size, epochs=200,
        dtype="float64",
    )  # fmt: skip
    begun = problem.build(spec, tree)
    engine = Engine(begun, steps)
    chunk = problem.Chunk(
        first=0,
        batch=problem.Batches(3, len(begun.positives), batch_size).take(0, steps),
        words=random_bits.block(3, "negatives", 0, steps, batch_size * 2),
        lr=np.full(steps, spec.lr),
        fade=np.ones(steps),
    )
    table = engine.start()
    engine.compile(table, chunk)
    table, _ = engine.run(table, chunk)
    relations = closures.closure(tree)
    data = Data(closures.pairs(relations), relations.indptr, relations.indices)
    task = task_of("geoopt_rsgd", dim=3, batch_size=batch_size, seed=3)
    theirs = trained(adapter_geoopt, task, data, tmp_path, steps).last
    moved = np.abs(theirs - engine.points(engine.start(), 0)).max()
    assert moved > 0.01
    # Measured: 1e-14 at B = 1, 5e-14 at B = 4.
    assert np.abs(engine.points(table, steps) - theirs).max() < 1e-12


def test_hypll_measures_with_c_one(data):
    torch = pytest.importorskip("torch")
    pytest.importorskip("hypll", reason="hypll is not installed: [peers]")
    from hardball.methods import registry
    from hardball.studies.peers.foreign.adapter_hypll import Points

    table = Points(task_of("hypll", init_scale=0.8), data.n_nodes)
    rows = torch.as_tensor(table.points())
    anchors, others = torch.tensor([0, 4]), torch.tensor([[1, 2, 3], [5, 0, 8]])
    found = table.distances(anchors, others).detach()
    manifold = registry.load("manifold", "poincare", "torch")
    expected = manifold.dist(rows[anchors][:, None], rows[others], 1.0)
    assert found.numpy() == pytest.approx(expected.numpy(), rel=1e-9)


class Slow:
    """An engine that takes a millisecond a step and learns nothing."""

    threads = 1
    rates: ClassVar[list[float]] = []

    def __init__(self, begun, capacity):
        self.begun = begun

    def start(self):
        return self.begun.start

    def compile(self, table, chunk):
        self.rates.clear()
        return 0.25

    def run(self, table, chunk):
        time.sleep(1e-3 * len(chunk.lr))
        self.rates.extend(chunk.lr)
        return table, {"broken": 0}

    def read(self, totals):
        return totals

    def points(self, table, step):
        return table


@pytest.fixture
def primates():
    relations = closures.closure(open_hierarchy("ncbi_primates"))
    return Data(closures.pairs(relations), relations.indptr, relations.indices)


@pytest.fixture
def slow(monkeypatch):
    def found(name):
        return SimpleNamespace(Engine=Slow)

    monkeypatch.setattr(adapter_hardball, "importlib", SimpleNamespace(import_module=found))
    monkeypatch.setattr(adapter_hardball, "TRIAL_SECONDS", 0.2)
    monkeypatch.setattr(adapter_hardball, "SCORINGS", {"pairs": 2**14, "pool": 2**20})
    monkeypatch.setattr(adapter_hardball, "CALL_SECONDS", 0.05)
    return Slow


def test_a_falling_rate_ends_where_the_time_ends(slow, primates, tmp_path):
    # A pool of 64, 512 pairs a step: 7,868 / 512 = 15.4 steps a pass. A
    # millisecond a step and room for 0.95 s make up to 61 passes; a busy machine makes fewer.
    task = Task("hardball_torch_pool", "ncbi_primates", 3, 64, 512, 0.3, 1.0, dtype="float32")
    clock, found = Clock(tmp_path, 1.0), {}
    with contextlib.suppress(Finished):
        adapter_hardball.train(task, primates, clock, found)
    assert found == {"manifold": "tangent", "threads": 1, "compile_seconds": 0.25}
    assert 0.5 < clock.seconds < 1.2
    assert slow.rates[0] == 0.3
    assert slow.rates[-1] < 0.1
    assert clock.pairs == 512 * len(slow.rates)
    assert clock.scorings == clock.pairs * 65
    assert clock.snapshots[-1].scorings == clock.scorings


def test_a_constant_rate_goes_on_until_the_time_ends(slow, primates, tmp_path):
    task = Task("hardball_jax_pairs", "ncbi_primates", 3, 10, 40, 0.3, 0.6, burn_in=20)
    clock, found = Clock(tmp_path, 0.6), {}
    with pytest.raises(Finished):
        adapter_hardball.train(task, primates, clock, found)
    assert clock.seconds >= 0.6
    assert set(slow.rates) <= {0.3, 0.3 * 0.01}
    assert slow.rates[-1] == 0.3


def test_pairs_of_another_hierarchy_are_refused(primates, tmp_path):
    task = Task("hardball_jax_pairs", "ncbi_primates", 3, 10, 40, 0.3, 1.0)
    other = primates._replace(pairs=primates.pairs[::-1])
    with pytest.raises(HardballError, match="has changed since"):
        adapter_hardball.train(task, other, Clock(tmp_path, 1.0), {})
