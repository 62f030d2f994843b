"""Pictures: the same bytes for the same data, true geometry, names that do not collide."""

import numpy as np
import pandas as pd
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy import dag
from hardball.report import rows
from hardball.report.plots import (
    all_plots,
    disk_plots,
    labels,
    metric_plots,
    parity_plots,
    style,
    training_plots,
)
from hardball.report.plots.labels import Name
from hardball.report.plots.projection import distances, project, to_disk
from hardball.report.sources import Source


def between(x, y):
    """Poincaré distance 2 asinh(|x - y| / sqrt((1 - |x|^2)(1 - |y|^2)))."""
    gap = np.linalg.norm(x - y, axis=-1)
    inside = (1 - (x**2).sum(-1)) * (1 - (y**2).sum(-1))
    return 2 * np.arcsinh(gap / np.sqrt(inside))


def polar(rng, n, d, largest):
    direction = rng.normal(size=(n, d))
    return rng.uniform(0.2, largest, n), direction / np.linalg.norm(direction, axis=1)[:, None]


def test_distances_are_those_of_the_disk():
    radius, direction = polar(np.random.default_rng(0), 30, 2, 6.0)
    disk = to_disk(radius, direction)
    # measured 2.1e-13 at radius 6, where 1 - |x|^2 has lost 3 of its 16 digits
    assert np.allclose(
        distances(radius, direction), between(disk[:, None], disk[None]), rtol=0, atol=1e-11
    )


def test_two_dimensions_are_shown_as_they_are():
    radius, direction = polar(np.random.default_rng(1), 20, 2, 9.0)
    plane = project(radius, direction)
    assert plane.exact
    assert np.array_equal(plane.disk, to_disk(radius, direction))


def test_a_plane_inside_five_dimensions_is_found_again():
    rng = np.random.default_rng(2)
    radius, flat = polar(rng, 60, 2, 4.0)
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    direction = np.column_stack([flat, np.zeros((60, 3))]) @ turn
    plane = project(radius, direction, outermost=float(np.quantile(radius, 0.95)))
    assert plane.scale == 1
    # measured: stress 1.4e-15, worst distance off by 1.6e-13
    assert plane.stress < 1e-12
    drawn = between(plane.disk[:, None], plane.disk[None])
    assert np.allclose(drawn, distances(radius, direction), rtol=0, atol=1e-10)


def test_the_projection_keeps_the_centre_and_says_what_it_cost():
    radius, direction = polar(np.random.default_rng(3), 80, 6, 12.0)
    plane = project(radius, direction)
    drawn = 2 * np.arctanh(np.linalg.norm(plane.disk, axis=1))
    assert np.corrcoef(drawn, radius)[0, 1] > 0.9
    assert 0.05 < plane.stress < 0.5
    assert 0 < plane.rank_correlation < 1


def test_the_projection_is_deterministic():
    radius, direction = polar(np.random.default_rng(4), 40, 4, 8.0)
    assert np.array_equal(project(radius, direction).disk, project(radius, direction).disk)


@pytest.mark.parametrize("seed", range(5))
def test_an_edge_is_the_geodesic(seed):
    rng = np.random.default_rng(seed)
    p, q = to_disk(*polar(rng, 2, 2, 5.0))
    points = disk_plots.arc(p, q)
    assert np.array_equal(points[0], p)
    assert np.array_equal(points[-1], q)
    # Any point m of a geodesic has d(p,m) + d(m,q) = d(p,q); here the joint of two Bézier pieces.
    joint = points[3]
    assert between(p, joint) + between(joint, q) == pytest.approx(between(p, q), abs=1e-12)
    # And the middle of the first piece, where a cubic meets its circle; measured 1.8e-15 for both.
    a, b, c, d = points[:4]
    middle = (a + 3 * b + 3 * c + d) / 8
    assert between(p, middle) + between(middle, q) == pytest.approx(between(p, q), abs=1e-12)


def test_an_edge_through_the_centre_is_straight():
    p, q = np.array([-0.5, 0.0]), np.array([0.5, 0.0])
    assert np.allclose([point[1] for point in disk_plots.arc(p, q)], 0)


def tree():
    """root -> a (5 leaves), b (3 leaves), c (a leaf)."""
    edges = [("a", "root"), ("b", "root"), ("c", "root")]
    edges += [(f"a{k}", "a") for k in range(5)] + [(f"b{k}", "b") for k in range(3)] + [("c0", "c")]
    children, parents = zip(*edges, strict=True)
    return dag.from_edges("toy", children, parents, groups=None)


def named(h, nodes):
    return [str(h.names[i]) for i in nodes]


def test_the_most_prominent_nodes_come_with_their_parents():
    h = tree()
    assert set(named(h, disk_plots.prominent(h, 4))) == {"root", "a", "b", "c"}
    assert len(disk_plots.prominent(h, 100)) == h.n_nodes


def test_the_largest_branches_get_the_colours():
    h = tree()
    heads = disk_plots.branches(h, count=2)
    assert set(named(h, heads)) == {"a", "b"} or "a" not in named(h, heads)
    branch = disk_plots.branch_of(h, heads)
    for position, head in enumerate(heads):
        assert branch[head] == position
    assert branch[0] == -1


def test_names_never_overlap_and_stay_inside():
    fig, axes = style.figure(4, 4)
    axes.set_xlim(-1.2, 1.2)
    axes.set_ylim(-1.2, 1.2)
    fig.canvas.draw()
    rng = np.random.default_rng(5)
    names = [Name(f"a longer name {i}", *rng.uniform(-0.3, 0.3, 2)) for i in range(40)]
    placed = labels.place(axes, names, limit=30)
    assert 3 < len(placed) < 30
    renderer = fig.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(boxes) == len(placed)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def metric_of(runs):
    return rows.metrics_of(runs)


@pytest.fixture
def drawable(toy_suite):
    runs = rows.read_runs(toy_suite / "runs.csv")
    return Source(runs, pd.DataFrame(), toy_suite / "curves", toy_suite / "points")


@pytest.mark.full
def test_every_picture_is_drawn_twice_the_same(drawable, tmp_path):
    first = all_plots.write(drawable, tmp_path / "a", ["svg"])
    kinds = {path.stem.split("-")[0] for path in first}
    assert kinds == {"metrics", "training", "negatives", "parity", "depth", "disk", "disks"}
    all_plots.write(drawable, tmp_path / "b", ["svg"])
    for path in first:
        text = path.read_bytes()
        assert text == (tmp_path / "b" / path.name).read_bytes()
        assert b"<dc:date>" not in text


def test_an_unknown_format_is_refused_before_anything_is_drawn(drawable, tmp_path):
    with pytest.raises(HardballError, match="allowed are svg, png"):
        all_plots.write(drawable, tmp_path / "a", ["pdf"])
    assert not (tmp_path / "a").exists()


def test_drawing_leaves_the_callers_style_alone(runs):
    import matplotlib

    before = dict(matplotlib.rcParams)
    parity_plots.parity_scatter(runs, metric_of(runs), "reconstruction")
    assert dict(matplotlib.rcParams) == before


def test_a_diverged_method_is_marked_and_the_others_are_drawn(make_runs):
    lost = tuple(f"wordnet_mammals-siblings-{f}-s{s}" for f in ("jax", "torch") for s in range(3))
    runs = make_runs(3, diverged=lost)
    here = runs[runs["dataset"] == "wordnet_mammals"]
    (fig,) = metric_plots.metric_dots(here, metric_of(runs), "wordnet_mammals", "reconstruction")
    said = [text.get_text() for axes in fig.axes for text in axes.texts]
    assert said.count("3 of 3 diverged") == 2 * len(fig.axes)


def test_without_curves_there_is_no_training_picture(runs, tmp_path):
    curves = rows.read_curves(tmp_path, list(runs["run_id"]))
    assert training_plots.training(curves, runs, "x", "reconstruction") is None


def test_the_palette_never_runs_out():
    found = style.colors([str(k) for k in range(20)])
    assert len(found) == 20
    assert found["19"] == style.OTHER
