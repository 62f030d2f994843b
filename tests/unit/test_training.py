"""The training loop: batches, schedule, chunks, curves, stopping, rows, divergence."""

import dataclasses
import importlib
import math

import numpy as np
import pytest
from covering import part

from hardball.core.errors import HardballError
from hardball.metrics.listing import columns
from hardball.runs.row import VOLATILE, Outcome, Row
from hardball.runs.spec import RunSpec
from hardball.training import engine_torch, loop, problem
from hardball.training.train import train, train_many

FRAMEWORKS = ("jax", "torch")


def spec_of(framework="torch", **settings):
    base = {"dataset": "dag", "seed": 1, "dim": 2, "batch_size": 8, "negatives": 4, "epochs": 6}
    return RunSpec(framework=framework, **{**base, "lr": 0.1, **settings})


MIXED = {
    "hard": [
        {"sampler": "siblings", "negatives": 3},
        {"sampler": {"name": "relatives", "relative_to": "positive"}, "negatives": 2, "after": 0.5},
    ]
}


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(40, 2)


def test_every_pair_is_shown_once_an_epoch():
    # 10 pairs in batches of 4: epoch 0 ends in the middle of the third batch.
    rows = problem.Batches(5, 10, 4).take(0, 5).reshape(-1)
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:])


def test_batches_do_not_depend_on_how_they_are_asked_for():
    whole = problem.Batches(5, 10, 4).take(0, 9)
    piecewise = problem.Batches(5, 10, 4)
    np.testing.assert_array_equal(piecewise.take(0, 2), whole[:2])
    np.testing.assert_array_equal(piecewise.take(2, 7), whole[2:])
    np.testing.assert_array_equal(problem.Batches(5, 10, 4).take(6, 3), whole[6:])


def test_a_batch_may_be_larger_than_an_epoch():
    rows = problem.Batches(5, 3, 8).take(0, 3).reshape(-1)
    assert np.sort(rows.reshape(8, 3)).tolist() == [[0, 1, 2]] * 8


def test_rate_is_low_in_the_burn_in_then_falls_in_a_line():
    spec = spec_of(lr=1.0, lr_final=0.2, burn_in=1, burn_in_factor=0.1)
    found = problem.schedule(spec, 2, 7)
    np.testing.assert_allclose(found, [0.1, 0.1, 1.0, 0.8, 0.6, 0.4, 0.2])
    assert problem.schedule(spec, 0, 1).tolist() == [1.0]


def test_negatives_fade_in_the_second_half():
    # Half-time is at step 4: from there on 1, 0.1, 0.01 and 0.001.
    found = problem.fading(spec_of(fade=1e-3), 8)
    np.testing.assert_allclose(found, [1, 1, 1, 1, 1, 0.1, 0.01, 0.001], rtol=1e-12)
    assert problem.fading(spec_of(fade=0.5), 1).tolist() == [1.0]
    assert problem.fading(spec_of(), 3).tolist() == [1.0, 1.0, 1.0]


def test_a_faded_softmax_is_the_softmax_with_weights_that_much_smaller(graph):
    """log(1 + f sum_k e^(d+ - d_k)) of points that have not moved: d+ = d_k = 0."""
    task = problem.build(spec_of(init_scale=1e-12, fade=0.25), graph)
    (chunk,) = loop._chunks(task, [(task.total_steps - 1, 1)])
    assert chunk.fade.tolist() == [0.25]
    for kernels in ("native", "plain"):
        spec = task.spec.model_copy(update={"kernels": kernels})
        begun = engine_torch.Engine(dataclasses.replace(task, spec=spec), 1)
        totals = begun.read(begun.run(begun.start(), chunk)[1])
        used = totals["drawn"] - totals["masked"]
        # The mean of log(1 + f k) over 8 anchors with k negatives each: below that of the mean k,
        # and so is the sum of its gradients, f / (1 + f k) for each of k negatives.
        assert 0.9 < totals["loss"] / np.log1p(0.25 * used / 8) <= 1
        assert 0.9 < totals["pull"] / (0.25 * used / (1 + 0.25 * used / 8)) <= 1


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_loss_is_told_how_far_its_positives_are_and_how_deep_its_anchors(framework, graph):
    """The loss of points that have not moved: d+ = d_k = 0."""
    engines = importlib.import_module(f"hardball.training.engine_{framework}")
    for loss in ("multi_hop_contrastive", "margin_by_depth"):
        task = problem.build(spec_of(framework, init_scale=1e-12, loss=loss), graph)
        chunk = problem.chunk(task, problem.batches_of(task), 0, 1)
        begun = engines.Engine(task, 1)
        table = begun.start()
        begun.compile(table, chunk)
        _, used = begun.sample(table, 0, chunk.batch[0], chunk.words[0])
        pairs = task.positives[chunk.batch[0]]
        found = begun.read(begun.run(table, chunk)[1])["loss"]
        if loss == "margin_by_depth":
            each = 0.2 * (1 + 0.1 * graph.depth[pairs[:, 0]]) * (used.sum(axis=1) > 0)
        else:
            apart = np.array([edges_up(graph, *pair) for pair in pairs])
            assert len(set(apart)) > 1
            # log(1 + k) of k negatives.
            each = 0.5 ** (apart - 1) * np.log1p(used.sum(axis=1))
        assert found == pytest.approx(each.mean(), rel=1e-6)


def edges_up(h, node, ancestor):
    """Steps until the parents' parents of a node hold its ancestor."""
    above, steps = {node}, 0
    while ancestor not in above:
        above = {
            int(p) for n in above for p in h.parents_indices[slice(*h.parents_indptr[n : n + 2])]
        }
        steps += 1
    return steps


def test_nothing_is_made_that_no_loss_takes(graph):
    for loss, facts in (
        ("infonce", set()),
        ("local_contrastive", {"hops"}),
        ("margin_by_depth", {"depth"}),
        ("adjacency", {"hops", "absent"}),
        ("distance_preserving", set()),
    ):
        task = problem.build(spec_of(loss=loss), graph)
        data = engine_torch.Engine(task, 1).data
        assert set(data.facts) == facts
        assert bool(data.paths) == ("paths" in vars(task)) == (loss == "distance_preserving")
        assert ("hops" in vars(task)) == ("hops" in facts)


def test_hard_negatives_come_beside_the_others_and_when_they_are_due(graph):
    late = [{"sampler": "siblings", "negatives": 3, "after": 0.5}]
    alone = train(spec_of(), hierarchy=graph, progress=False)
    mixed = train(spec_of(hard=late), hierarchy=graph, progress=False)
    used = [
        result.curves["scorings"].diff().fillna(result.curves["scorings"].iloc[0])
        for result in (alone, mixed)
    ]
    np.testing.assert_array_equal(used[0][:3], used[1][:3])
    assert (used[1][3:] > used[0][3:]).all()
    assert mixed.row.to_flat()["hard"] == "3 siblings(relative_to=anchor,replace=True) after 0.5"
    assert mixed.row.outcome.negatives_used > alone.row.outcome.negatives_used


def test_chunks_cover_every_step_once(graph):
    spec = spec_of(epochs=7, eval_every=3, checkpoint_every=2, burn_in=1)
    task = problem.build(spec, graph)
    steps = [s for _, chunks in loop.stretches(task) for f, n in chunks for s in range(f, f + n)]
    assert steps == list(range(task.total_steps))
    assert [epoch for epoch, _ in loop.stretches(task)] == [1, 2, 3, 4, 5, 6, 7]
    assert task.total_steps == math.ceil(len(task.positives) * 7 / 8)


def test_chunks_are_bounded_by_their_words(graph, monkeypatch):
    monkeypatch.setattr(loop, "MOST_WORDS", 3 * 8 * 4)
    task = problem.build(spec_of(), graph)
    assert loop.capacity(task) == 3


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_two_runs_are_identical_in_every_byte(framework, graph):
    first, second = (train(spec_of(framework), hierarchy=graph, progress=False) for _ in range(2))
    assert first.points.tobytes() == second.points.tobytes()
    ours, theirs = first.row.to_flat(), second.row.to_flat()
    assert {k: v for k, v in ours.items() if k not in VOLATILE} == {
        k: v for k, v in theirs.items() if k not in VOLATILE
    }


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_seeds_that_share_a_process_are_those_that_do_not(framework, graph):
    specs = [spec_of(framework, seed=seed) for seed in (1, 2)]
    together = list(train_many(specs, hierarchy=graph, progress=False))
    alone = train(specs[1], hierarchy=graph, progress=False)
    assert together[1].points.tobytes() == alone.points.tobytes()
    assert together[0].points.tobytes() != alone.points.tobytes()


# What the others have the contract of runs takes step by step.
QUICK = [
    {"sampler": "uniform"},
    {"sampler": "siblings", "regularizers": ["radius_penalty"], "clip": 0.1},
    {"sampler": "pool", "fade": 0.01, **MIXED},
    {"sampler": "siblings", "loss": "local_contrastive"},
    {"sampler": "pool", "loss": "distance_preserving", **MIXED},
]
OTHERS = [
    {"sampler": "pool", "negatives": 64},
    {"sampler": {"name": "cousins", "relative_to": "positive"}, "loss": "margin"},
    {"sampler": "pool", "fade": 0.01, "kernels": "plain", **MIXED},
    {"sampler": "uniform", "loss": "triplet", **MIXED},
    {"sampler": "uniform", "loss": "multi_hop_contrastive", "fade": 0.1},
    {"sampler": "pool", "loss": "margin_by_depth", **MIXED},
    {"sampler": "siblings", "loss": {"name": "distance_preserving", "form": "distortion"}},
    {"sampler": "uniform", "loss": "adjacency"},
]


@pytest.mark.parametrize("settings", part(QUICK + OTHERS, QUICK))
def test_frameworks_count_and_end_alike(graph, settings):
    ours, theirs = (
        train(spec_of(f, dtype="float64", **settings), hierarchy=graph, progress=False)
        for f in FRAMEWORKS
    )
    # Measured: 6e-15.
    np.testing.assert_allclose(ours.points, theirs.points, rtol=0, atol=1e-11)
    for name in ("scorings", "masked_share", "widened_share", "negatives_used", "status"):
        assert getattr(ours.row.outcome, name) == getattr(theirs.row.outcome, name), name
    assert ours.row.outcome.masked_share > 0
    columns = ["epoch", "step", "scorings", "masked_share", "widened_share", "lr"]
    np.testing.assert_array_equal(ours.curves[columns], theirs.curves[columns])
    close = ["loss", "negative_gradient", "negative_gradient_stalled"]
    np.testing.assert_allclose(ours.curves[close], theirs.curves[close], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_device_words_repeat_too(framework, graph):
    spec = spec_of(framework, words="device")
    first, second = (train(spec, hierarchy=graph, progress=False) for _ in range(2))
    assert first.points.tobytes() == second.points.tobytes()
    philox = train(spec_of(framework), hierarchy=graph, progress=False)
    assert first.points.tobytes() != philox.points.tobytes()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_diverged_run_says_so_and_has_no_metrics(framework, graph):
    spec = spec_of(framework, manifold="lorentz", optimizer="rsgd", lr=1e6)
    result = train(spec, hierarchy=graph, progress=False)
    assert result.row.status == result.row.outcome.stopped == "diverged"
    assert result.row.metrics == {}
    assert result.row.outcome.final_loss is None
    assert result.row.outcome.epochs_done < spec.epochs


def test_points_at_the_limit_are_counted(graph):
    spec = spec_of(lr=30.0, epochs=3)
    row = train(spec, hierarchy=graph, progress=False).row.outcome
    assert 0 < row.points_at_limit <= graph.n_nodes


def test_scorings_are_pairs_and_the_negatives_they_used(graph):
    row = train(spec_of(), hierarchy=graph, progress=False).row.outcome
    pairs = round(row.epochs_done * len(problem.build(spec_of(), graph).positives))
    assert pairs % 8 == 0
    # Of 4 draws a pair some were masked; uniform draws always find something.
    assert row.scorings == pairs + round(row.negatives_used * pairs)
    assert row.negatives_used == pytest.approx(4 * (1 - row.masked_share))


def test_patience_ends_a_run_on_its_validation_pairs(graph):
    settings = {"task": "link_prediction", "eval_every": 1, "epochs": 30, "lr": 1e-9}
    result = train(spec_of(patience=2, **settings), hierarchy=graph, progress=False)
    # Nothing moves, so the first validation is the best: two more without a gain end the run.
    assert len(result.curves) == 3
    assert result.curves["map"].notna().all()
    assert result.row.outcome.epochs_done < 5
    assert result.row.outcome.stopped == "no_gain"


def test_patience_without_held_out_pairs_watches_the_loss(graph):
    settings = {"eval_every": 2, "epochs": 40, "lr": 1e-9, "patience": 2}
    result = train(spec_of(**settings), hierarchy=graph, progress=False)
    assert result.row.outcome.epochs_done < 40
    assert result.row.outcome.stopped == "no_gain"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"patience": 2}, "eval_every"),
        (
            {
                "sampler": {"name": "mined", "candidates": "batch", "oversample": 1},
                "negatives": 20,
                "batch_size": 8,
            },
            "draws 8 candidates for 20 negatives",
        ),
        ({"burn_in": 6}, "burn_in=6"),
        (
            {"fade": 0.1, "loss": "margin"},
            "allowed with cosine, debiased, entailment_cones",
        ),
    ],
)
def test_settings_that_contradict_each_other(graph, settings, named):
    with pytest.raises(HardballError, match=named):
        train(spec_of(**settings), hierarchy=graph, progress=False)


def test_a_lone_node_leaves_nothing_to_train_on():
    from hardball.hierarchy.dag import from_edges

    with pytest.raises(HardballError, match="no pair to train on"):
        train(spec_of(), hierarchy=from_edges("lone", [], [], nodes=["a"]), progress=False)


def test_rows_survive_a_flat_table(graph):
    row = train(spec_of(regularizers=["radius_penalty"]), hierarchy=graph, progress=False).row
    flat = row.to_flat()
    assert Row.from_flat(flat) == row
    assert Row.from_flat({**flat, "map": math.nan}).metrics.get("map") is None
    assert set(VOLATILE) <= {*Outcome.model_fields, *columns([])}
    assert flat["sampler"] == "uniform"
    assert flat["regularizers"] == "radius_penalty(weight=0.01,free=0.0)"
