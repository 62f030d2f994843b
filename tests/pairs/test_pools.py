"""Pools that a batch shares: whose nodes they hold, how often each counts, several as one."""

import importlib
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats

from hardball.arrays import on_torch as xp
from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.methods import registry
from hardball.methods.samplers.common import tally
from hardball.runs.spec import RunSpec
from hardball.training import engine_torch, loop, negatives, pools, problem, words

POOL = {"sampler": "pool", "negatives": 12}


def spec_of(framework="torch", **settings):
    base = {"dataset": "random", "seed": 3, "dim": 3, "dtype": "float64", "batch_size": 8}
    return RunSpec(framework=framework, **{**base, "epochs": 2, **POOL, **settings})


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(120, 5)


def counted(ids, count):
    """{node: how often}, which must stand at the first of equal ids."""
    ids, count = np.asarray(ids), np.asarray(count)
    assert (np.diff(ids) >= 0).all()
    repeats = np.r_[False, np.diff(ids) == 0]
    assert not count[repeats].any()
    return {int(node): float(times) for node, times in zip(ids, count, strict=True) if times}


@pytest.mark.parametrize("seed", range(3))
def test_a_tally_counts_each_node_once(seed):
    rng = np.random.default_rng(seed)
    ids, valid = rng.integers(0, 9, 30), rng.random(30) < 0.6
    assert counted(*tally(xp, torch.tensor(ids))) == Counter(ids.tolist())
    found = tally(xp, torch.tensor(ids), torch.tensor(valid))
    assert counted(*found) == Counter(ids[valid].tolist())


def test_several_pools_are_one_in_which_weights_add_up():
    given = [([2, 2, 5], [2.0, 0, 1], [0.5, 0, 3.0]), ([1, 5, 7], [1.0, 1, 0], [1.0, 0.25, 0])]
    made = [
        pools.Pool(torch.tensor(ids), *(torch.tensor(each) for each in rest))
        for ids, *rest in given
    ]
    found = pools.merged(xp, made)
    assert found.ids.tolist() == [1, 2, 2, 5, 5, 7]
    assert counted(found.ids, found.count) == {1: 1, 2: 2, 5: 2}
    assert counted(found.ids, found.weight) == {1: 1, 2: 0.5, 5: 3.25}
    assert pools.merged(xp, made[:1]) is made[0]


def drawn(graph, steps=1, framework="torch", **settings):
    """(rows, [(ids, weights)]) of some pairs and what is drawn for them in a few steps."""
    task = problem.build(spec_of(framework, **settings), graph)
    engine, asked = engine_torch.Engine(task, 1), negatives.plan(task)
    table = engine.start()
    found = [engine.sample(table, 0, asked.rows, words) for words in asked.words[:steps]]
    return task, asked.rows, found


def chances(graph, alpha):
    """The share of the training pairs to the power alpha, of every node."""
    above = np.bincount(closure(graph).indices, minlength=graph.n_nodes)
    weight = np.where(above > 0, np.maximum(above, 1.0) ** alpha, 0)
    return weight / weight.sum()


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_popular_nodes_come_as_often_as_they_stand_above_others(graph, alpha):
    sampler = {"name": "popularity", "alpha": alpha}
    made = problem.build(spec_of(sampler=sampler, negatives=40_000), graph)
    words = np.random.default_rng(1).integers(0, 2**32, 40_000)
    index = {name: torch.tensor(array) for name, array in made.indexes[0].items()}
    ids, count = registry.load("sampler", "popularity", "torch")(index, torch.tensor(words))
    found = np.zeros(graph.n_nodes)
    np.add.at(found, ids.numpy(), count.numpy())
    expected = chances(graph, alpha)
    assert not found[expected == 0].any()
    drawn_at_all = expected > 0
    _, p = stats.chisquare(found[drawn_at_all], 40_000 * expected[drawn_at_all])
    assert p > 1e-3


@pytest.mark.parametrize("by", ["pairs", "degree"])
def test_a_corrected_popular_node_weighs_what_it_was_drawn_too_often(graph, by):
    """1 / (N q): the mean of any function over draws is then its mean over the nodes drawn."""
    build = registry.builder("sampler", "popularity")
    index = build(graph, closure(graph), negatives=9, by=by, alpha=0.75, corrected=True)
    plain = build(graph, closure(graph), negatives=9, by=by, alpha=0.75, corrected=False)
    assert "correction" not in plain
    # The chances that the alias table really has.
    n, full = graph.n_nodes, 2**31
    q = np.bincount(np.arange(n), index["threshold"].astype(float), n)
    q += np.bincount(index["alias"], full - index["threshold"].astype(float), n)
    q /= q.sum()
    value = np.random.default_rng(0).random(n)
    weighed = np.sum(q * index["correction"] * value)
    assert weighed == pytest.approx(value[q > 0].sum() / n, rel=1e-6)


def test_weights_are_corrected_in_the_loss_and_counts_are_not(graph):
    """Points that have not moved: log(1 + sum of the weights of an anchor's negatives)."""
    sampler = {"name": "popularity", "corrected": True}
    task = problem.build(spec_of(sampler=sampler, init_scale=1e-12), graph)
    engine = engine_torch.Engine(task, 1)
    assert not engine.how.native
    chunk = problem.chunk(task, problem.batches_of(task), 0, 1)
    ids, count = engine.sample(engine.start(), 0, chunk.batch[0], chunk.words[0])
    assert (count == count.astype(int)).all()
    weight = count * task.indexes[0]["correction"][ids]
    totals = engine.read(engine.run(engine.start(), chunk)[1])
    assert totals["loss"] == pytest.approx(np.log1p(weight.sum(axis=1)).mean(), rel=1e-6)
    assert totals["drawn"] - totals["masked"] == count.sum()


def test_the_positives_of_a_batch_are_for_all_of_its_anchors(graph):
    task, rows, ((ids, weight),) = drawn(graph, sampler="in_batch", negatives=8)
    positives = task.positives[rows[:8], 1]
    masked = {
        anchor: {anchor, *task.known_indices[slice(*task.known_indptr[anchor : anchor + 2])]}
        for anchor in task.positives[rows, 0].tolist()
    }
    for anchor, row, counts in zip(task.positives[rows, 0].tolist(), ids, weight, strict=True):
        kept = [node for node in positives.tolist() if node not in masked[anchor]]
        assert counted(row, counts) == Counter(kept)


def test_more_positives_than_a_batch_has_are_refused():
    with pytest.raises(HardballError, match="9 negatives of a batch of 8"):
        loop.check(spec_of(hard=[{"sampler": "in_batch", "negatives": 9}]))


def test_siblings_of_the_batchs_positives_are_shared(graph):
    """One of each of eight positives: a sibling, or what stands in for an only child's."""
    sampler = {"name": "shared", "of": "siblings(relative_to=positive)"}
    task, rows, found = drawn(graph, steps=4, sampler=sampler, negatives=32)
    positives = task.positives[rows, 1][:32]
    index = task.indexes[0]
    rings = [
        set(range(index["lo"][p], index["hi"][p])) - set(range(index["xlo"][p], index["xhi"][p]))
        for p in positives
    ]
    for ids, weight in found:
        shared = set(ids[0][weight.max(axis=0) > 0].tolist())
        assert shared
        assert shared <= set.union(*rings)
        # No more of them than pairs whose rings hold a node.
        assert weight.max(axis=0).sum() <= sum(map(bool, rings))


def test_a_pool_of_more_than_one_draw_a_pair_holds_first_draws_first():
    ids, fine = torch.tensor([[1, 2], [3, 4], [5, 6]]), torch.ones(3, 2, dtype=torch.bool)
    found, count = pools.of_draws(xp, ids, fine, 4)
    assert counted(found, count) == {1: 1, 3: 1, 5: 1, 2: 1}


@pytest.mark.parametrize("first", [0, 3, 40])
@pytest.mark.parametrize("pairs", ["all", "edges"])
def test_a_queue_holds_the_positives_shown_last_whatever_the_chunks(graph, first, pairs):
    """Steps of 8 pairs and a queue of 20: two batches and a half, whole steps before `first`."""
    task = problem.build(spec_of(sampler="queue", negatives=20, pairs=pairs, epochs=5), graph)
    batches, engine = problem.batches_of(task), engine_torch.Engine(task, 1)
    shown = task.positives[batches.take(0, first + 6).ravel(), 1]
    chunk = problem.chunk(task, batches, first, 6)
    for step in range(first, first + 6):
        batch, words = chunk.batch[step - first], chunk.words[step - first]
        assert (task.positives[batch, 1] == shown[8 * step : 8 * step + 8]).all()
        ids, _ = engine.sample(engine.start(), step, batch, words)
        queue = shown[max(0, 8 * step - 20) : 8 * step]
        spent = Counter(ids[0].tolist())
        assert Counter(queue.tolist()) <= spent
        assert spent.total() == 20
    one = problem.chunk(task, batches, first + 5, 1)
    np.testing.assert_array_equal(one.words[0], chunk.words[5])


def test_a_queue_that_is_not_full_is_filled_with_uniform_nodes(graph):
    spec = {"sampler": "queue", "negatives": 40_000, "batch_size": 8}
    task = problem.build(spec_of(**spec), graph)
    chunk = problem.chunk(task, problem.batches_of(task), 1, 1)
    named = chunk.words[0].astype(np.uint64) * np.uint64(graph.n_nodes) >> np.uint64(32)
    assert (named[-8:] == task.positives[problem.batches_of(task).take(0, 1)[0], 1]).all()
    assert stats.chisquare(np.bincount(named[:-8].astype(int), minlength=120)).pvalue > 1e-3


def test_every_node_has_a_word_that_names_it():
    for n_nodes in (1, 2, 3, 7, 82_115, 2**31 - 1):
        nodes = np.unique(np.linspace(0, n_nodes - 1, 1000).astype(np.int64))
        named = words.naming(nodes, n_nodes).astype(np.uint64) * np.uint64(n_nodes)
        np.testing.assert_array_equal(named >> np.uint64(32), nodes)


def test_a_queue_beside_a_pool_leaves_the_pool_its_words(graph):
    beside = [{"sampler": "queue", "negatives": 16}]
    made = [problem.build(spec_of(hard=hard), graph) for hard in ([], beside)]
    alone, both = (problem.chunk(task, problem.batches_of(task), 5, 2).words for task in made)
    assert (alone.shape, both.shape) == ((2, 12), (2, 28))
    task = made[1]
    rows = problem.batches_of(task).take(3, 2).ravel()
    last = words.naming(task.positives[rows, 1], graph.n_nodes)
    np.testing.assert_array_equal(both[0, 12:], last)


def test_a_queue_needs_the_words_of_the_host():
    with pytest.raises(HardballError, match="words=device knows no earlier batches"):
        loop.check(spec_of(sampler="queue", words="device"))


def test_the_negatives_of_a_row_are_those_of_the_queue_at_the_end(graph):
    task = problem.build(spec_of(sampler="queue", negatives=8), graph)
    asked, steps = negatives.plan(task), task.total_steps
    last = problem.batches_of(task).take(steps - len(asked.words) - 1, len(asked.words))
    named = asked.words.astype(np.uint64) * np.uint64(graph.n_nodes) >> np.uint64(32)
    np.testing.assert_array_equal(named, task.positives[last, 1])


BESIDE = {
    "popularity": [{"sampler": "popularity", "negatives": 6}],
    "in_batch": [{"sampler": "in_batch", "negatives": 8}],
    "shared": [{"sampler": "shared", "negatives": 5}],
    "queue": [{"sampler": "queue", "negatives": 20}],
    "late": [{"sampler": "in_batch", "negatives": 8, "after": 0.5}],
    "three": [
        {"sampler": {"name": "popularity", "alpha": 0.5}, "negatives": 6},
        {"sampler": "siblings", "negatives": 2},
        {"sampler": "shared", "negatives": 5},
    ],
}


@pytest.mark.parametrize("kernels", ["native", "plain"])
@pytest.mark.parametrize("hard", BESIDE.values(), ids=BESIDE)
def test_pools_beside_a_pool_count_for_what_they_hold(graph, hard, kernels):
    """The loss of points that have not moved is log(1 + k) for each anchor's k negatives."""
    task = problem.build(spec_of(hard=hard, init_scale=1e-12, kernels=kernels), graph)
    for first in (0, task.total_steps - 1):
        engine = engine_torch.Engine(task, 1)
        (chunk,) = loop._chunks(task, [(first, 1)])
        _, weight = engine.sample(engine.start(), first, chunk.batch[0], chunk.words[0])
        totals = engine.read(engine.run(engine.start(), chunk)[1])
        assert totals["drawn"] - totals["masked"] == weight.sum()
        assert totals["loss"] == pytest.approx(np.log1p(weight.sum(axis=1)).mean(), rel=1e-9)
        shared = 12 + sum(g["negatives"] for g in hard if g["sampler"] != "siblings")
        late = "after" in hard[0] and first == 0
        assert weight[:, :shared].max(axis=0).sum() <= (12 if late else shared)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_slopes_are_those_of_a_step_whatever_the_draws_count_for(graph, framework):
    """In R^d a step of plain descent is -lr times the gradient, which `slopes` has of all nodes."""
    flat = {"manifold": "euclidean", "optimizer": "rsgd", "kernels": "plain", "init_scale": 1.0}
    found = {}
    for corrected in (True, False):
        sampler = {"name": "popularity", "corrected": corrected}
        task = problem.build(spec_of(framework, sampler=sampler, burn_in=0, **flat), graph)
        engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
        (chunk,) = loop._chunks(task, [(0, 1)])
        start = engine.start()
        found[corrected] = np.asarray(engine.slopes(start, chunk))
        engine.compile(start, chunk)
        moved = engine.points(engine.run(start, chunk)[0], 1)
        expected = (task.start - moved) / chunk.lr[0]
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(found[corrected], expected, rtol=0, atol=1e-12)
    # The same draws: what each counts for makes the difference.
    assert np.abs(found[True] - found[False]).max() > 1e-4
