"""Going on from a training of other settings, which is what a run of those settings ends as."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.hierarchy.dag import from_edges
from hardball.methods.starts.earlier import vectors
from hardball.report import rows
from hardball.runs import settings
from hardball.runs.code import code_sha256
from hardball.runs.row import Row
from hardball.training import continuing
from hardball.training.train import train

HELD = {"name": "leaf_parent", "holdout": 0.5}


@pytest.fixture(scope="module")
def tree():
    """A binary tree of 63 nodes."""
    child = np.arange(1, 63)
    return from_edges("tree", child, (child - 1) // 2, nodes=np.arange(63))


def spec_of(framework="torch", seed=0, **given):
    small = {"dataset": "tree", "dim": 3, "epochs": 2, "negatives": 4, "batch_size": 16, "lr": 0.1}
    return settings.make_spec({**small, **given}, framework, seed)


def trained(tree, **given):
    return train(spec_of(**given), hierarchy=tree, progress=False)


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_a_run_begins_where_the_training_before_ends(tree, framework):
    first = trained(tree, framework=framework, task=HELD, epochs=3, lr=0.2)
    after = {"before": {"epochs": 3, "lr": 0.2}, "framework": framework, "task": HELD}
    # So small a rate moves nothing: the points are those of the training before.
    still = trained(tree, lr=1e-12, epochs=1, **after)
    np.testing.assert_allclose(still.points, first.points, atol=1e-6)
    assert still.row.metrics["map_before"] == first.row.metrics["map"]
    assert still.row.metrics["mean_rank_before"] == first.row.metrics["mean_rank"]
    moved = trained(tree, **after)
    assert np.abs(moved.points - first.points).max() > 1e-3


def test_it_may_change_the_space_the_loss_and_the_optimiser(tree):
    before = {"manifold": "tangent", "optimizer": "adam", "loss": "infonce", "lr": 0.1}
    ball = {"manifold": "poincare", "optimizer": "rsgd", "loss": "margin", "lr": 1e-12}
    first = trained(tree, **before)
    still = trained(tree, **ball, before=before)
    radius = 2 * np.arctanh(np.linalg.norm(still.points, axis=1))
    np.testing.assert_allclose(radius, np.linalg.norm(first.points, axis=1), rtol=1e-4)


def test_points_become_tangent_vectors_as_long_as_their_radii():
    # |x| = tanh(r / 2) in the ball: r = 2 artanh(0.5) = ln 3.
    found = vectors(np.array([[0.5, 0.0], [0.0, 0.0]]), "poincare", 1.0)
    np.testing.assert_allclose(found, [[np.log(3), 0], [0, 0]], atol=1e-15)


def test_patience_ends_the_continuation_and_not_the_training_before(tree):
    """A rate that moves nothing never gains: ten evaluations after the first, it ends."""
    waits = {"before": {"patience": 0, "eval_every": 0}, "eval_every": 1, "patience": 10}
    found = trained(tree, task=HELD, epochs=40, lr=1e-12, **waits)
    assert found.row.outcome.stopped == "no_gain"
    assert found.row.outcome.epochs_done == pytest.approx(11, abs=0.5)


def test_a_training_before_that_diverges_leaves_a_row_that_says_so(tree, monkeypatch):
    real = continuing.loop.run

    def diverging(task, *given, **named):
        ended = real(task, *given, **named)
        return dataclasses.replace(ended, diverged=ended.diverged or not task.spec.before)

    monkeypatch.setattr(continuing.loop, "run", diverging)
    assert trained(tree, before={"lr": 0.1}).row.status == "diverged"


def test_rows_say_what_they_went_on_from_and_read_it_back(tree):
    before = {"lr": 0.4, "loss": {"name": "margin", "margin": 1.0}, "regularizers": ["sparsity"]}
    row = trained(tree, before=before, epochs=1).row
    assert Row.from_json(row.to_json()) == row
    flat = {key: value for key, value in row.to_flat().items() if value is not None}
    assert Row.from_flat(flat).spec == row.spec
    assert rows._before(flat["before"]) == (
        "after loss margin(margin=1.0) lr 0.4 regularizers sparsity(weight=0.01)"
    )


def test_the_same_training_before_has_one_name_however_it_is_written():
    one, other = (
        {"lr": 1, "loss": "margin"},
        {"loss": {"name": "margin", "margin": 0.5}, "lr": 1.0},
    )
    assert spec_of(before=one).config_id == spec_of(before=other).config_id
    assert spec_of().config_id == spec_of(before={}).config_id
    assert "before" not in spec_of().config


def test_the_code_of_a_run_is_that_of_the_training_before_too():
    assert code_sha256(spec_of(before={"lr": 0.2})) != code_sha256(
        spec_of(before={"lr": 0.2, "loss": "margin"})
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"before": {"lrr": 1}}, "unknown key of before 'lrr', did you mean 'lr'?"),
        ({"before": {"dim": 2}}, "unknown key of before 'dim'"),
        ({"before": {"lr": -1}}, "lr: Input should be greater than 0"),
        ({"before": {"patience": 2}}, "before: patience=2 needs evaluations to wait for"),
        ({"before": {"lr": 1}, "start": {"name": "run", "points": "x"}}, "before with start run"),
        ({"before": {"lr": 1}, "pretext": "blankets"}, "encoders begin anew"),
    ],
)
def test_what_cannot_be_gone_on_from_is_refused(tree, given, words):
    with pytest.raises(HardballError, match=words.replace("?", r"\?")):
        trained(tree, **given)


def test_curves_and_rows_say_how_many_nodes_a_projection_held_back(tree):
    """At a largest radius of .01 every node that moves ends on it; at the default none does."""
    ball = {"manifold": "poincare", "optimizer": "rsgd", "epochs": 4}
    held = trained(tree, max_radius=0.01, lr=100.0, **ball)
    free = trained(tree, lr=0.1, **ball)
    assert held.row.metrics["projected_at_100"] == held.row.metrics["share_at_limit"] > 0.9
    assert free.row.metrics["projected_at_100"] == 0
    assert len(held.curves["projected"]) == len(held.curves)


PAGE = Path(__file__).resolve().parents[2] / "docs" / "findings" / "continuing.md"


def shown(figure):
    """.224 of 0.2241, as the page writes it."""
    return f"{figure:.3f}".lstrip("0")


def test_the_figures_of_the_findings_are_those_of_the_rows():
    """The means over the seeds in PyTorch of every configuration stand in the page's tables."""
    runs = rows.read_runs(paths.results() / "v0.2" / "continuing" / "runs.csv")
    runs = runs[runs["framework"] == "torch"]
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    for _, part in runs.groupby("config_id"):
        mean = part[["map", "map_before", "mean_rank_before", "mean_rank", "epochs_done"]].mean()
        cells = [shown(mean["map"])]
        if part["before"].iloc[0] and part["factor"].iloc[0] != "projection":
            ranks = [f"{mean[name]:.0f}" for name in ("mean_rank_before", "mean_rank")]
            passes = f"{mean['epochs_done']:.0f}"
            cells = [shown(mean["map_before"]), *cells, *ranks, passes]
        elif part["factor"].iloc[0].split(";")[0] in ("base", "pairs", "batches"):
            cells.append(f"{mean['mean_rank']:.0f}")
        wanted = " | ".join(cells)
        assert any(f"| {wanted} |" in line for line in lines), (part["label"].iloc[0], wanted)
