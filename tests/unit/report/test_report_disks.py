"""Disks side by side: which runs, on one scale, turned alike, the best figure marked."""

import numpy as np
import pandas as pd

from hardball.hierarchy import dag
from hardball.metrics.polar import to_polar
from hardball.report.plots import side_by_side
from hardball.report.plots.side_by_side import Disk


def runs_of(**found):
    """Two seeds a sampler, of the same MAP."""
    return pd.DataFrame(
        [
            {"run_id": f"{name}-{seed}", "sampler": name, "seed": seed, "map": value}
            for name, value in found.items()
            for seed in (1, 0)
        ]
    )


def test_uniform_siblings_and_the_winner_are_shown_by_their_lowest_seed():
    runs = runs_of(siblings=0.5, pool=0.8, mined=0.9, uniform=0.7)
    assert list(side_by_side.chosen(runs)["run_id"]) == ["uniform-0", "siblings-0", "mined-0"]


def test_a_winner_that_is_shown_already_stands_once():
    runs = runs_of(uniform=0.9, siblings=0.5, pool=0.8)
    assert list(side_by_side.chosen(runs)["run_id"]) == ["uniform-0", "siblings-0"]


def test_without_uniform_or_with_it_alone_there_is_nothing_to_compare():
    assert side_by_side.chosen(runs_of(siblings=0.5, pool=0.8)).empty
    assert side_by_side.chosen(runs_of(uniform=0.5)).empty


def test_a_turned_and_mirrored_disk_is_turned_back():
    disk = np.random.default_rng(0).uniform(-0.6, 0.6, (30, 2))
    mirrored = np.array([[0.6, 0.8], [0.8, -0.6]])
    # measured: off by 4e-16
    assert np.allclose(side_by_side.turned(disk @ mirrored, disk), disk, rtol=0, atol=1e-14)


def polar(rng, largest, dim=4):
    direction = rng.normal(size=(12, dim))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return to_polar(direction * rng.uniform(0.5, 1.0, (12, 1)) * largest, "tangent", 1.0)


def tree():
    parents = {f"n{k}": f"n{(k - 1) // 2}" for k in range(1, 12)}
    return dag.from_edges("toy", list(parents), list(parents.values()), groups=None)


def disks():
    rng = np.random.default_rng(1)
    figures = [{"map": 0.7, "mean_rank": 3.0}, {"map": 0.9, "mean_rank": 4.0}]
    return [
        Disk("uniform", figures[0], polar(rng, 4.0), at_limit=False),
        Disk("siblings", figures[1], polar(rng, 8.0), at_limit=True),
    ]


def test_all_disks_have_one_scale():
    small, large = side_by_side.planes(disks(), np.arange(12))
    assert small.scale == large.scale
    assert np.linalg.norm(small.disk, axis=1).max() < np.linalg.norm(large.disk, axis=1).max()


def test_the_best_of_each_figure_is_bold_and_named():
    figure = side_by_side.draw(disks(), tree(), "x", 4)
    said = {t.get_text(): t.get_fontweight() for axes in figure.axes for t in axes.texts}
    assert said == {
        "MAP 0.700": "normal",
        "MAP 0.900, highest": "bold",
        "mean rank 3.00, lowest": "bold",
        "mean rank 4.00": "normal",
    }


def test_many_points_at_the_largest_radius_are_marked_and_said():
    figure = side_by_side.draw(disks(), tree(), "x", 4)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["uniform", "siblings ‡"]
    assert "‡: over 1 %" in figure.get_supxlabel()
