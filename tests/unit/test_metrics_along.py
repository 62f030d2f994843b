"""Figures of a run's curves at parts of its training, and the curve of the depth correlation."""

import numpy as np
import pytest
from scipy import stats

from hardball.metrics.along import along, depth_correlation
from hardball.runs.spec import RunSpec
from hardball.training.train import train


def test_a_part_is_read_at_the_first_stretch_that_reaches_it():
    curves = {
        "epoch": [1.0, 2.0, 5.0, 9.0, 10.0],
        "negative_gradient_stalled": [0.1, 0.2, 0.5, 0.9, 0.95],
        "depth_spearman": [0.0, np.nan, 0.4, 0.5, 0.6],
    }
    assert along(curves) == {
        "stalled_at_10": 0.1,
        "stalled_at_50": 0.5,
        "stalled_at_100": 0.95,
        "depth_spearman_at_10": 0.0,
        "depth_spearman_at_50": 0.4,
    }
    # 10 % of 20 epochs is the second row, whose correlation is not defined.
    assert "depth_spearman_at_10" not in along(curves | {"epoch": [1.0, 2.0, 10.0, 18.0, 20.0]})
    assert along({}) == {}


def test_the_correlation_is_spearmans_of_radius_and_depth():
    rng = np.random.default_rng(0)
    points, depth = rng.normal(size=(50, 3)), rng.integers(0, 5, 50)
    expected = stats.spearmanr(np.linalg.norm(points, axis=1), depth).statistic
    assert depth_correlation(points, "tangent", 1.0, depth) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(depth_correlation(points, "tangent", 1.0, np.ones(50)))
    assert np.isnan(depth_correlation(points * np.inf, "tangent", 1.0, depth))


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize("task", ["reconstruction", "leaf_parent"])
def test_the_curve_ends_at_the_rows_own_correlation(random_dag, framework, task):
    """In a held-out task too, whose training numbers nodes in another way."""
    h = random_dag(200, 3, extra=0)
    base = {"dataset": "h", "seed": 1, "dim": 3, "negatives": 5, "batch_size": 16, "epochs": 4}
    result = train(RunSpec(framework=framework, task=task, **base), hierarchy=h, progress=False)
    metrics, curve = result.row.outcome.metrics, result.curves["depth_spearman"]
    assert len(curve) == 4
    assert curve.iloc[-1] == pytest.approx(metrics["depth_spearman"], abs=1e-12)
    assert metrics["depth_spearman_at_50"] == curve.iloc[1]
    assert metrics["stalled_at_100"] == result.curves["negative_gradient_stalled"].iloc[-1]
