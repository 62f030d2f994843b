"""Nodes that arrive: what is known when, what is replayed, what is forgotten."""

import itertools

import numpy as np
import pytest
from scipy import stats

from hardball.core.errors import HardballError
from hardball.data import store
from hardball.hierarchy.arrived import arrived
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods import registry
from hardball.methods.declare import strategy
from hardball.methods.pairs.streams import passes
from hardball.methods.strategies.online import ONLINE
from hardball.metrics.arrivals import figures
from hardball.runs.row import VOLATILE
from hardball.runs.spec import RunSpec
from hardball.training.online import reservoir, run
from hardball.training.online.stages import Shown, stage
from hardball.training.shared import Shared
from hardball.training.train import train
from hardball.training.trial import problem_of

SETTINGS = {
    "dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 16, "negatives": 6,
    "epochs": 4, "lr": 0.1, "kernels": "plain",
}  # fmt: skip
LEARNING = {"local_steps": 6, "replay": 40, "replay_batch": 5, "replay_every": 2, "ewc": 0.5}
LEARNING |= {"fisher_batches": 2, "rate": 0.5}
ONLINE_RUN = {"name": "online", "order": "random", "arrivals": 3, **LEARNING}


def spec_of(framework="torch", **given):
    return RunSpec(framework=framework, **{"strategy": ONLINE_RUN, **SETTINGS, **given})


@pytest.fixture(scope="module")
def grown(random_dag):
    return random_dag(80, 5, roots=0, extra=0)


def test_a_buffer_is_a_uniform_sample_of_all_that_was_seen():
    """Each of 40 items is held by a quarter of 2,000 buffers of 10; chi-square over the items."""
    seeds, size, seen = 2000, 10, 40

    def p_value(buffers):
        counts = np.bincount(np.concatenate(buffers), minlength=seen)
        assert counts.sum() == seeds * size
        # Without replacement the counts vary less than chi-square's, by (seen - size)/(seen - 1).
        spread = (seen - size) / (seen - 1)
        return stats.chi2.sf(stats.chisquare(counts).statistic / spread, seen - 1)

    found = [reservoir.held(seed, size, seen) for seed in range(seeds)]
    assert all(len(set(each)) == size for each in found)
    assert p_value(found) > 0.001
    # A step that takes its slot of one item too few is told apart.
    kept_too_often = [
        np.where(each == seen - 1, seed % seen, each) for seed, each in enumerate(found)
    ]
    assert p_value(kept_too_often) < 1e-6


def test_a_buffer_follows_from_seed_and_count_alone():
    assert reservoir.held(3, 8, 5).tolist() == [0, 1, 2, 3, 4]
    grown = [reservoir.held(3, 8, seen) for seen in range(8, 200)]
    for before, after in itertools.pairwise(grown):
        changed = np.flatnonzero(before != after)
        assert len(changed) <= 1
        assert (after[changed] == after.max()).all()
    assert reservoir.drawn(3, 4, 2, 9, 8).tolist() == reservoir.drawn(3, 0, 6, 9, 8)[4:].tolist()
    assert set(reservoir.drawn(3, 0, 200, 9, 8).ravel().tolist()) == set(range(8))


def test_a_node_hangs_from_its_nearest_ancestor_that_is_there():
    """a > b > c > d; without b and d, c hangs from a."""
    h = from_edges("line", list("bcd"), list("abc"))
    here, rows = arrived(h, closure(h), np.isin(h.ids, ["a", "c"]))
    assert [str(each) for each in h.ids[rows]] == [str(each) for each in here.ids] == ["a", "c"]
    assert here.parent.tolist() == [-1, 0]
    assert arrived(h, closure(h), np.ones(4, bool))[0] is h


def test_nodes_arrive_by_their_ids_a_parent_before_its_children(monkeypatch):
    """10 hangs from 30, which is new too: it waits for it."""
    now = from_edges("now", [2, 3, 20, 30, 10, 9], [1, 1, 2, 3, 30, 2])
    before = from_edges("before", [2, 3], [1, 1])
    monkeypatch.setattr(store, "open_hierarchy", lambda name: before)
    build = registry.builder("strategy", "online")
    found = build(now, 0, earlier="before", arrivals=4, order="temporal", share=0.2)
    assert dict(zip(map(str, now.ids), found.tolist(), strict=True)) == {
        "1": 0, "2": 0, "3": 0, "9": 1, "20": 2, "30": 3, "10": 4,
    }  # fmt: skip
    with pytest.raises(HardballError, match="4 of 7 nodes arrive later, allowed are 5"):
        build(now, 0, earlier="before", arrivals=5, order="temporal", share=0.2)


def test_random_leaves_arrive_in_equal_parts(grown):
    build = registry.builder("strategy", "online")
    found = build(grown, 0, order="random", share=0.5, arrivals=3, earlier="")
    leaves = np.setdiff1d(np.arange(80), grown.parents_indices)
    assert set(np.flatnonzero(found)) <= set(leaves)
    counts = np.bincount(found)[1:]
    assert counts.max() - counts.min() <= 1
    assert counts.sum() == round(0.5 * len(leaves))
    assert (found != build(grown, 1, order="random", share=0.5, arrivals=3, earlier="")).any()


def late(h):
    """Nodes called l1x, l2x, ... arrive with the number in their name."""
    return np.array([int(str(i)[1]) if str(i).startswith("l") else 0 for i in h.ids], np.int32)


@pytest.fixture
def by_name():
    given = {key: each for key, each in ONLINE.items()}

    said = {"summary": "-", "source": "hardball: a test", "trains": ("training.online.run",)}

    @strategy(name="by_name", parameters=given, **said)
    def by_name(hierarchy, seed, **named):
        return late(hierarchy)

    return {"name": "by_name", **LEARNING}


def family(parent):
    """40 nodes, three nodes that arrive first, and three that arrive later below `parent`."""
    rng = np.random.default_rng(0)
    edges = [(f"n{i}", f"n{rng.integers(i)}") for i in range(1, 40)]
    edges += [(f"l1{x}", f"n{i}") for x, i in zip("abc", (3, 5, 5), strict=True)]
    edges += [(f"l2{x}", parent) for x in "abc"]
    return from_edges("family", *zip(*edges, strict=True))


@pytest.mark.parametrize("sampler", ["uniform", "siblings(relative_to=positive)", "in_batch"])
def test_nothing_of_a_later_arrival_is_known_before_it(sampler, by_name, monkeypatch):
    """Where the last nodes hang changes no byte of the points before they are there."""
    seen = {}
    monkeypatch.setattr(run, "_save", lambda saved, identity, course: seen.setdefault(
        course.number, course.points.copy()))  # fmt: skip
    name, _, given = sampler.partition("(")
    method = {"name": name, **({"relative_to": "positive"} if given else {})}
    ends = []
    for parent in ("n1", "l1b"):
        seen.clear()
        train(spec_of(strategy=by_name, sampler=method), hierarchy=family(parent), progress=False)
        ends.append(dict(seen))
    assert list(ends[0]) == [0, 1, 2]
    for number in (0, 1):
        assert ends[0][number].tobytes() == ends[1][number].tobytes()
    assert len(ends[0][1]) == len(ends[0][0]) + 3
    assert ends[0][2].tobytes() != ends[1][2].tobytes()


def test_steps_show_the_neighbourhood_and_the_buffer(by_name):
    h = family("n1")
    now = stage(h, closure(h), late(h), 1)
    before = stage(h, closure(h), late(h), 0)
    seen = before.rows[before.positives]
    spec = spec_of(strategy=by_name)
    shown = Shown(spec, now, seen)
    taken = shown.take(0, 6)
    own, replayed = taken[::2, :11], taken[::2, 11:]
    near = now.shown(propagate=True)
    assert set(own.ravel()) | set(taken[1::2].ravel()) <= set(near)
    assert set(now.added) <= set(near)
    old = {tuple(pair) for pair in seen.tolist()}
    assert {tuple(pair) for pair in now.rows[now.positives[replayed.ravel()]].tolist()} <= old
    assert (shown.take(2, 3) == taken[2:5]).all()
    new = {f"l1{x}" for x in "abc"}
    assert {str(now.here.ids[node]) for node in now.positives[now.added][:, 0]} == new
    stream = passes(1, "online/pairs/1", near.astype(np.int32)).rows(0, 16)
    assert (taken[0, :11] == stream[:11]).all()


@pytest.mark.parametrize("broken_at", [0, 2, 3])
def test_an_interrupted_run_ends_in_the_same_bytes(grown, tmp_path, monkeypatch, broken_at):
    class Killed(BaseException):
        pass

    spec = spec_of()
    whole = train(spec, hierarchy=grown, progress=False)
    keep = run._save

    def kept_then_killed(saved, identity, course):
        keep(saved, identity, course)
        if course.number == broken_at:
            raise Killed

    monkeypatch.setattr(run, "_save", kept_then_killed)
    with pytest.raises(Killed):
        train(spec, hierarchy=grown, work=tmp_path, progress=False)
    monkeypatch.setattr(run, "_save", keep)
    again = train(spec, hierarchy=grown, work=tmp_path, progress=False)
    assert again.points.tobytes() == whole.points.tobytes()
    ours, theirs = (
        {key: value for key, value in each.row.to_flat().items() if key not in VOLATILE}
        for each in (whole, again)
    )
    assert ours == theirs
    assert not list(tmp_path.iterdir())


def test_curves_follow_every_arrival_and_the_row_has_the_end(grown):
    result = train(spec_of(), hierarchy=grown, progress=False)
    curves, told = result.curves, result.row.metrics
    rows = curves[curves["arrived"].notna()]
    assert rows["arrived"].tolist()[0] == 0
    assert len(rows) == 4
    assert rows["arrived"].is_monotonic_increasing
    assert rows["new_map"].isna().tolist() == [True, False, False, False]
    assert told["old_map"] == rows["old_map"].iloc[-1]
    assert told["forgetting"] == rows["old_map"].iloc[0] - rows["old_map"].iloc[-1]
    assert told["seconds_a_node"] > 0
    assert result.row.outcome.scorings == int(curves["scorings"].iloc[-1])


def test_old_nodes_are_ranked_among_themselves_and_new_ones_among_all():
    """On a line: r 0, a 1, b 2.5, and c, new below b, at 1.5, nearer to a than r is."""
    now = from_edges("now", list("abc"), list("rab"))
    before = from_edges("before", list("ab"), list("ra"))
    points = np.array([[{"r": 0, "a": 1, "b": 2.5, "c": 1.5}[str(i)], 0] for i in now.ids], float)
    found = figures(points, "euclidean", 1.0, now, before, now.rows(before.ids))
    assert found["old_map"] == 1
    assert found["old_mean_rank"] == 1
    # c's ancestors are all other nodes, so none is nearer.
    assert found["new_mean_rank"] == 1


def test_replay_keeps_more_of_what_was_learnt(grown):
    """Many steps at the full rate on a few leaves alone push old nodes about."""
    kept = {}
    for replay in (0, 400):
        given = {"name": "online", "order": "random", "arrivals": 2, "local_steps": 60, "rate": 1.0}
        given |= {"replay": replay, "replay_batch": 14, "propagate": False}
        spec = spec_of(strategy=given, epochs=40, lr=0.4)
        kept[replay] = train(spec, hierarchy=grown, progress=False).row.metrics["forgetting"]
    assert kept[400] < kept[0]


def test_together_trains_all_at_once_and_tells_old_from_new(grown):
    spec = spec_of(strategy={"name": "together", "order": "random", "arrivals": 3})
    made = train(spec, hierarchy=grown, progress=False)
    usual = train(spec_of(strategy="whole"), hierarchy=grown, progress=False)
    assert made.points.tobytes() == usual.points.tobytes()
    assert made.row.metrics["map"] == usual.row.metrics["map"]
    assert {"old_map", "new_map"} <= made.row.metrics.keys()
    assert "forgetting" not in made.row.metrics


def test_information_is_that_of_the_nodes_that_were_there(grown, monkeypatch):
    """Scaled, its mean over the nodes and coordinates before an arrival is 1; new nodes have 0."""
    made, build = [], run._task

    def recorded(*given):
        made.append((build(*given), given[1], given[2]))
        return made[-1][0]

    monkeypatch.setattr(run, "_task", recorded)
    train(spec_of(), hierarchy=grown, progress=False)
    assert len(made) == 3
    for task, now, earlier in made:
        known = now.arrival < now.number
        assert known.sum() == earlier.here.n_nodes
        assert task.information[known].mean() == pytest.approx(1)
        assert (task.information[~known] == 0).all()
        assert (task.information[known] >= 0).all()


def test_settings_that_mean_nothing_for_arrivals_are_refused(grown):
    for given, said in (
        ({"task": "leaf_parent"}, "task=leaf_parent, allowed is reconstruction"),
        ({"pairs": "edges"}, "pairs=edges, allowed is all"),
        ({"burn_in": 1}, "burn_in=1, allowed is 0"),
        ({"before": {"epochs": 1}}, "leave before out"),
    ):
        with pytest.raises(HardballError, match=said):
            train(spec_of(**given), hierarchy=grown, progress=False)


def test_a_search_refuses_nodes_that_arrive(grown):
    data = grown, closure(grown), Shared(grown)
    with pytest.raises(HardballError, match="strategy=online"):
        problem_of(spec_of(), data, "training")


def test_a_run_without_a_strategy_is_called_as_before():
    plain = RunSpec(**SETTINGS, framework="torch")
    assert "strategy" not in plain.config
    assert spec_of().config["strategy"]["name"] == "online"


def test_both_frameworks_take_the_same_way(grown):
    """float64, four passes, then an arrival's steps with replay and EWC."""
    given = {"strategy": {**ONLINE_RUN, "arrivals": 1}}
    ends = [train(spec_of(f, **given), hierarchy=grown, progress=False) for f in ("jax", "torch")]
    np.testing.assert_allclose(ends[0].points, ends[1].points, rtol=0, atol=1e-11)
    ours, theirs = (each.row.metrics for each in ends)
    for name in ("old_map", "new_map", "old_mean_rank", "new_mean_rank", "forgetting"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9)
    assert ends[0].row.outcome.scorings == ends[1].row.outcome.scorings
