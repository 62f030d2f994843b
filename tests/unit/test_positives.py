"""Which positive pairs a step shows: shares, passes, phases, subgraphs; resuming."""

import dataclasses

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import Csr, pairs
from hardball.methods.pairs import streams
from hardball.runs import settings
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem
from hardball.training.train import train

B = 16
CHOICES = [
    {"pairs": "all"},
    {"pairs": "edges"},
    {"pairs": "balanced"},
    {"pairs": {"name": "balanced", "by": "depth"}},
    {"pairs": {"name": "balanced", "by": "hops_and_depth"}},
    {"pairs": "progressive"},
    {"batches": "neighbours"},
    {"batches": {"name": "neighbours_by_layer", "fanouts": "3,2,1", "seeds": 1}},
    {"batches": {"name": "neighbours", "seeds": 1, "layers": 1, "fanout": 2}},
    {"batches": "layerwise"},
    {"batches": {"name": "layerwise", "nodes": 6}},
]


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(120, 3)


def task_of(graph, framework="torch", **settings):
    given = {"dataset": "dag", "seed": 1, "dim": 2, "batch_size": B, "negatives": 4, "epochs": 20}
    return problem.build(RunSpec(framework=framework, **{**given, **settings}), graph)


def taken(task, first, steps):
    return problem.batches_of(task).take(first, steps)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_pairs_of_a_step_follow_from_seed_and_step_alone(graph, choice):
    task = task_of(graph, **choice)
    whole = taken(task, 0, 40)
    assert whole.shape == (40, B)
    assert whole.dtype == np.int32
    assert 0 <= whole.min() <= whole.max() < len(task.positives)
    piecewise = problem.batches_of(task)
    np.testing.assert_array_equal(piecewise.take(0, 7), whole[:7])
    np.testing.assert_array_equal(piecewise.take(7, 33), whole[7:])
    np.testing.assert_array_equal(taken(task, 29, 11), whole[29:])
    other = taken(task_of(graph, seed=2, **choice), 0, 40)
    assert (other != whole).any()


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_both_frameworks_are_given_the_same_chunk(graph, choice):
    chunks = []
    for framework in ("jax", "torch"):
        task = task_of(graph, framework, **choice)
        chunks.append(problem.chunk(task, problem.batches_of(task), 3, 5))
    np.testing.assert_array_equal(chunks[0].batch, chunks[1].batch)
    np.testing.assert_array_equal(chunks[0].words, chunks[1].words)


def test_all_pairs_are_the_shuffled_epochs_that_they_always_were(graph):
    task = task_of(graph)
    epochs = problem.Batches(1, len(task.positives), B)
    np.testing.assert_array_equal(taken(task, 5, 60), epochs.take(5, 60))


def test_an_epoch_is_as_many_steps_whatever_pairs_are_shown(graph):
    steps = {task_of(graph, **choice).total_steps for choice in CHOICES}
    assert steps == {-(-20 * len(task_of(graph).positives) // B)}


def test_edges_are_the_pairs_one_hop_apart_each_equally_often(graph):
    task = task_of(graph, pairs="edges")
    direct = np.flatnonzero(task.hops == 1)
    assert len(direct) == graph.n_edges
    passes = 2 * B
    found = np.bincount(taken(task, 0, 2 * graph.n_edges).ravel(), minlength=len(task.positives))
    assert set(np.flatnonzero(found)) == set(direct)
    assert (found[direct] == passes).all()


# --- shares ---------------------------------------------------------------------------------------


def test_places_are_dealt_out_evenly():
    # Shares .1, .1, .8: one of each ten places for the first two.
    found = streams.interleaved(np.array([1, 1, 8]))
    assert np.bincount(found).tolist() == [1, 1, 8]
    assert streams.interleaved(np.array([1, 1, 1])).tolist() == [0, 1, 2]
    assert streams.interleaved(np.array([2, 4])).tolist() == [1, 0, 1, 1, 0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_every_beginning_has_the_shares_but_for_less_than_one_place(seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 60, rng.integers(1, 12))
    found = streams.interleaved(weights)
    shown = (found[:, None] == np.arange(len(weights))).cumsum(axis=0)
    due = np.arange(1, len(found) + 1)[:, None] * weights / weights.sum()
    assert np.abs(shown - due).max() < 1
    np.testing.assert_array_equal(shown[-1], weights)


def group_of(task):
    return np.minimum(task.hops, 3) - 1


def test_every_batch_has_a_tenth_of_parents_and_of_grandparents(graph):
    """16 pairs: 1.6, 1.6 and 12.8 of them; five batches have 8, 8 and 64 exactly."""
    task = task_of(graph, pairs="balanced")
    shown = group_of(task)[taken(task, 0, 200)]
    counts = np.stack([(shown == k).sum(axis=1) for k in range(3)], axis=1)
    assert counts[:, :2].min() >= 1
    assert counts[:, :2].max() <= 2
    assert np.unique(counts[:, 2]).tolist() == [12, 13]
    np.testing.assert_array_equal(counts.reshape(40, 5, 3).sum(axis=1), [[8, 8, 64]] * 40)
    due = np.arange(1, 201)[:, None] * B * np.array([0.1, 0.1, 0.8])
    assert np.abs(counts.cumsum(axis=0) - due).max() < 1


def test_within_a_group_every_pair_comes_equally_often(graph):
    task = task_of(graph, pairs={"name": "balanced", "parents": 0.5, "grandparents": 0.25})
    group, rows = group_of(task), taken(task, 0, 700).ravel()
    for k in range(3):
        members = np.flatnonzero(group == k)
        shown = rows[group[rows] == k]
        whole = len(shown) // len(members)
        assert whole >= 3
        one_pass = shown[: whole * len(members)].reshape(whole, -1)
        assert (np.sort(one_pass, axis=1) == members).all()
        assert (one_pass[0] != one_pass[1]).any()


def test_short_passes_are_whole_passes_too():
    """Three pairs: 341 passes share a step's words."""
    some = np.array([4, 7, 9], np.int32)
    stream = streams.passes(0, "x", some)
    assert stream.together == 341
    found = stream.rows(0, 3 * 1000).reshape(1000, 3)
    assert (np.sort(found, axis=1) == some).all()
    _, counts = np.unique(found, axis=0, return_counts=True)
    # 3! = 6 orders, 167 expected of each.
    assert stats.chisquare(counts).pvalue > 1e-3
    np.testing.assert_array_equal(
        streams.passes(0, "x", some).rows(1100, 1130), found.ravel()[1100:1130]
    )


def test_a_group_without_pairs_leaves_its_share_to_the_others():
    from hardball.hierarchy.dag import from_edges

    # A root, 3 children, 5 grandchildren: 8 parents, 5 grandparents, none deeper: .1 to .3.
    two_levels = from_edges("two", list("bcdefghi"), list("aaabbccd"))
    task = task_of(two_levels, pairs={"name": "balanced", "grandparents": 0.3})
    shown = group_of(task)[taken(task, 0, 50)]
    assert (np.bincount(shown.ravel()) == [50 * B / 4, 50 * B * 3 / 4]).all()


def test_by_depth_the_nodes_of_each_depth_have_as_many_pairs(graph):
    task = task_of(graph, pairs={"name": "balanced", "by": "depth"})
    levels = np.unique(graph.depth[task.positives[:, 0]])
    assert 0 not in levels
    steps = 10 * len(levels)
    shown = graph.depth[task.positives[taken(task, 0, steps), 0]]
    assert np.bincount(shown.ravel())[levels].tolist() == [steps * B // len(levels)] * len(levels)


def test_the_deeper_four_fifths_are_of_each_depth_in_equal_parts(graph):
    task = task_of(graph, pairs={"name": "balanced", "by": "hops_and_depth"})
    depth, group = graph.depth[task.positives[:, 0]], group_of(task)
    depths = np.unique(depth[group == 2])
    assert len(depths) > 2
    # 160 K pairs, K depths: 16 K of parents, 16 K of grandparents, 128 of each depth.
    shown = taken(task, 0, 10 * len(depths)).ravel()
    assert np.bincount(group[shown]).tolist() == [len(depths) * n for n in (16, 16, 128)]
    deeper = depth[shown[group[shown] == 2]]
    assert np.bincount(deeper)[depths].tolist() == [128] * len(depths)


# --- phases ---------------------------------------------------------------------------------------


def test_near_pairs_come_before_far_ones_and_phases_end_at_their_steps(graph):
    task = task_of(graph, pairs={"name": "progressive", "first": 0.1, "second": 0.2})
    total = task.total_steps
    apart = task.hops[taken(task, 0, total)]
    ends = [int(np.ceil(0.1 * total)), int(np.ceil(round(0.3 * total, 6)))]
    assert apart[: ends[0]].max() == 1
    assert apart[ends[0] : ends[1]].max() == 2
    assert apart[ends[1] :].max() == task.hops.max() > 2
    # Two hops come in with the phase's first batch, more than two with the third phase's.
    assert apart[ends[0]].max() == 2
    assert apart[ends[1]].max() > 2
    # The last phase is the stream of all pairs from its beginning.
    every = taken(task_of(graph), 0, 9)
    np.testing.assert_array_equal(taken(task, ends[1], 9), every)


def test_a_tenth_and_two_tenths_are_three_tenths(graph):
    """P pairs 40 times in batches of 4 are 10 P steps; in float64, .1 + .2 is more than .3."""
    shares = {"name": "progressive", "first": 0.1, "second": 0.2}
    task = task_of(graph, pairs=shares, batch_size=4, epochs=40)
    n = len(task.positives)
    assert task.total_steps == 10 * n
    assert problem.batches_of(task).stream.begins == [0, n * 4, 3 * n * 4]


def test_phases_may_be_empty(graph):
    task = task_of(graph, pairs={"name": "progressive", "first": 0.0, "second": 0.0})
    np.testing.assert_array_equal(taken(task, 0, 30), taken(task_of(graph), 0, 30))


# --- subgraphs ------------------------------------------------------------------------------------


def undirected(h):
    graph = nx.Graph(pairs(Csr(h.parents_indptr, h.parents_indices)).tolist())
    graph.add_nodes_from(range(h.n_nodes))
    return graph


def scratch_of(batches, name):
    """The arrays that a kernel works on, by the name that its builder knows them by."""
    closed = dict(zip(batches.fill.__code__.co_freevars, batches.fill.__closure__, strict=True))
    return closed[name].cell_contents


@pytest.mark.parametrize(("fanout", "layers"), [(2, 1), (3, 2), (1, 3)])
def test_neighbourhoods_are_of_the_depth_and_width_asked_for(graph, fanout, layers):
    """With one seed and one pair a step, the last subgraph is the one that the pair is from."""
    method = {"name": "neighbours", "fanout": fanout, "layers": layers, "seeds": 1}
    task = task_of(graph, batches=method, batch_size=1)
    batches, edges = problem.batches_of(task), undirected(graph)
    for step in range(150):
        pair = task.positives[batches.take(step, 1)[0, 0]]
        nodes = scratch_of(batches, "scratch")[1][: scratch_of(batches, "state")[1]]
        assert set(pair) <= set(nodes)
        assert len(set(nodes)) == len(nodes) <= (1 + fanout) ** layers
        away = nx.single_source_shortest_path_length(edges, nodes[0])
        assert max(away[node] for node in nodes) <= layers
        # Nodes within reach of less than `fanout` edges each are all there.
        first = list(edges[nodes[0]])
        if len(first) <= fanout:
            assert set(first) <= set(nodes)
        else:
            assert len(set(first) & set(nodes)) >= fanout


def test_fan_outs_of_each_layer_are_those_of_neighbours_where_they_are_equal(graph):
    one = task_of(graph, batches={"name": "neighbours", "fanout": 3, "layers": 2, "seeds": 4})
    each = task_of(graph, batches={"name": "neighbours_by_layer", "fanouts": "3,3", "seeds": 4})
    np.testing.assert_array_equal(taken(each, 0, 50), taken(one, 0, 50))


def test_every_layer_has_its_own_fan_out():
    """A star of ten leaves, each with ten leaves of its own: 4 of the first, then 2 of each."""
    from hardball.hierarchy.dag import from_edges

    first = [f"n{i}" for i in range(10)]
    second = [f"{parent}.{k}" for parent in first for k in range(10)]
    tree = from_edges("tree", first + second, ["a"] * 10 + [c.partition(".")[0] for c in second])
    method = {"name": "neighbours_by_layer", "fanouts": "4,2", "seeds": 1}
    batches = problem.batches_of(task_of(tree, batches=method, batch_size=1))
    middle = 0
    for step in range(2000):
        batches.take(step, 1)
        nodes = scratch_of(batches, "scratch")[1][: scratch_of(batches, "state")[1]]
        if nodes[0] == 0:
            middle += 1
            levels = np.bincount(tree.depth[nodes], minlength=3)
            # The middle's second draw of 2 leaves may meet new ones; a leaf's 2 edges may lead up.
            assert 4 <= levels[1] <= 6
            assert levels[2] <= 8
    assert middle > 5


def test_neighbours_are_distinct_and_equally_likely():
    """A star of ten leaves; from its middle, three of them a time, 3,000 times."""
    from hardball.hierarchy.dag import from_edges

    star = from_edges("star", [f"n{i}" for i in range(10)], ["a"] * 10)
    method = {"name": "neighbours", "fanout": 3, "layers": 1, "seeds": 1}
    batches = problem.batches_of(task_of(star, batches=method, batch_size=1))
    seen = np.zeros(11, int)
    for step in range(30_000):
        batches.take(step, 1)
        nodes = scratch_of(batches, "scratch")[1][: scratch_of(batches, "state")[1]]
        if nodes[0] == 0:
            assert len(nodes) == 4
            seen[nodes[1:]] += 1
    # Middle: one seed of eleven, 2,727 expected, and three leaves of ten each time.
    assert 2_500 < seen.sum() / 3 < 2_960
    assert stats.chisquare(seen[1:]).pvalue > 1e-3


def test_a_larger_neighbourhood_than_the_graph_has_every_pair_equally_often(graph):
    """All pairs lie inside, and a random part of them fills the batch."""
    method = {"name": "neighbours", "fanout": 120, "layers": 9, "seeds": 200}
    task = task_of(graph, batches=method)
    rows = taken(task, 0, 2000)
    assert all(len(set(row)) == B for row in rows)
    counts = np.bincount(rows.ravel(), minlength=len(task.positives))
    assert stats.chisquare(counts).pvalue > 1e-3


def test_layers_hold_the_nodes_asked_for_and_the_pairs_between_them(graph):
    task = task_of(graph, batches={"name": "layerwise", "nodes": 12}, batch_size=1)
    batches = problem.batches_of(task)
    for step in range(200):
        node, ancestor = task.positives[batches.take(step, 1)[0, 0]]
        state = scratch_of(batches, "state")
        stamp, _, nodes, *_ = scratch_of(batches, "scratch")
        lower, upper = nodes[: state[1]], np.flatnonzero(stamp == state[0])
        assert node in lower
        assert ancestor in upper
        assert len(lower) <= 6
        assert len(upper) <= 6
        above = {a for v in lower for a in task.positives[task.positives[:, 0] == v, 1]}
        assert set(upper) <= above


def test_layerwise_pairs_are_as_likely_as_each_other():
    """A tree of two levels: the root is the ancestor of all, the others of three each.

    Without acceptance a pair with the root would come 1.7 times as often as one with another.
    """
    from hardball.hierarchy.dag import from_edges

    inner, leaves = [f"i{k}" for k in range(9)], [f"l{k}" for k in range(27)]
    h = from_edges("two", inner + leaves, ["r"] * 9 + [inner[k // 3] for k in range(27)])
    task = task_of(h, batches={"name": "layerwise", "nodes": 20}, batch_size=4)
    counts = np.bincount(taken(task, 0, 30_000).ravel(), minlength=len(task.positives))
    roots = task.positives[:, 1] == 0
    leaf = task.positives[:, 0] > 9
    of_leaf_to_root, of_leaf_to_inner = counts[roots & leaf].mean(), counts[~roots].mean()
    # Measured: 1.00. Their number varies with the subgraph, so that it is not 1 exactly.
    assert of_leaf_to_root / of_leaf_to_inner == pytest.approx(1, abs=0.03)
    assert counts.std() / counts.mean() < 0.05


def test_subgraphs_without_any_pair_are_told_of():
    """leaf_parent leaves l only its grandparent, two edges away: no pair lies in one layer."""
    from hardball.hierarchy.dag import from_edges

    chain = from_edges("x", ["m", "l"], ["r", "m"])
    task = task_of(chain, batches={"name": "neighbours", "layers": 1, "seeds": 1, "fanout": 1})
    far = np.array([[2, 0]], np.int32)
    indptr = np.array([0, 0, 0, 1], np.int32)
    task = dataclasses.replace(
        task, positives=far, known_indptr=indptr, known_indices=np.zeros(1, np.int32)
    )
    with pytest.raises(HardballError, match="1000 subgraphs in turn hold no training pair"):
        taken(task, 0, 1)


# --- runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"pairs": {"name": "balanced", "parents": 1.5}}, "parents=1.5"),
        ({"pairs": {"name": "balanced", "parents": 0, "grandparents": 0, "deeper": 0}}, "no pair"),
        ({"pairs": {"name": "progressive", "first": 0.8, "second": 0.3}}, "together at most 1"),
        ({"batches": {"name": "neighbours", "fanout": 0}}, "fanout=0"),
        ({"batches": {"name": "neighbours_by_layer", "fanouts": "5,0"}}, "fanouts='5,0', allowed"),
        ({"batches": {"name": "neighbours_by_layer", "fanouts": ""}}, "fanouts='', allowed"),
        ({"batches": {"name": "layerwise", "nodes": 1}}, "nodes=1"),
        ({"pairs": "edges", "batches": "neighbours_by_layer"}, "pairs edges with batches"),
        ({"pairs": "edges", "batches": "layerwise"}, "pairs edges with batches layerwise"),
    ],
)
def test_what_makes_no_sense_is_refused(graph, choice, named):
    with pytest.raises(HardballError, match=named):
        train(task_of(graph, **choice).spec, hierarchy=graph, progress=False)


@pytest.mark.parametrize("choice", CHOICES[1:], ids=str)
def test_a_run_goes_on_with_the_pairs_it_would_have_had(graph, choice):
    task = task_of(graph, **choice, epochs=4, eval_every=1)
    ranges = [r for _, chunks in loop.stretches(task) for r in chunks]
    assert len(ranges) == 4
    whole = list(loop._chunks(task, ranges))
    rest = list(loop._chunks(task, ranges[2:]))
    for one, other in zip(whole[2:], rest, strict=True):
        np.testing.assert_array_equal(one.batch, other.batch)


def test_a_row_says_which_pairs_were_shown(graph):
    columns = settings.columns(task_of(graph, pairs={"name": "progressive", "first": 0.5}).spec)
    assert columns["pairs"] == "progressive(first=0.5,second=0.2)"
    assert columns["batches"] == "pairs"
