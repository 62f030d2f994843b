"""All pictures of a suite: written as SVG and PNG."""

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.context import ForkProcess
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import load_points
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics.declare import Metric
from hardball.metrics.polar import Polar, to_polar
from hardball.report import quality, rows
from hardball.report.plots import (
    depth_plots,
    disk_plots,
    lines,
    metric_plots,
    parity_plots,
    projection,
    quality_plots,
    rate_plots,
    side_by_side,
    style,
    training_plots,
)
from hardball.report.sources import Source
from hardball.report.summary import FINISHED
from hardball.report.tables.contrasts import sampler_rows

# A disk picture of more nodes shows nothing, and reading a huge hierarchy costs minutes.
FEWEST_NODES, MOST_NODES = 3, 200_000
PRIMARY = "map"


def plots_of(source: Source) -> Iterator[tuple[str, Figure]]:
    """(name, figure) of every picture that the data allow, one at a time."""
    runs = source.runs
    metrics = rows.metrics_of(runs)
    named = runs["task"].map(rows.method_name)
    for (dataset, task), part in runs.groupby([runs["dataset"], named], sort=False):
        stem = rows.file_name(str(dataset), str(task))
        yield from _metric_plots(source, part, metrics, str(dataset), str(task), stem)
        yield from _training_plots(source, part, str(dataset), str(task), stem)
    for task, part in rows.by_task(runs):
        found = parity_plots.parity_scatter(part, metrics, task)
        if found is not None:
            yield f"parity-{rows.slug(task)}", found
    yield from _quality_plots(source)
    rates = rate_plots.rate_by_batch(runs)
    if rates is not None:
        yield "rate_by_batch", rates
    for dataset, part in runs.groupby("dataset", sort=False):
        yield from _point_plots(source, part, str(dataset))


def _quality_plots(source: Source) -> Iterator[tuple[str, Figure]]:
    curves = rows.read_curves(source.curves, source.runs["run_id"])
    families = quality.families(source.runs, curves)
    for cost, name in (("seconds", "time_to_quality"), ("scorings", "scorings_to_quality")):
        found = quality_plots.over(cost, families, source.published, source.floors)
        for place, figure in found.items():
            yield _joined(name, place if len(found) > 1 else ""), figure


def _metric_plots(
    source: Source,
    runs: pd.DataFrame,
    metrics: Sequence[Metric],
    dataset: str,
    task: str,
    stem: str,
) -> Iterator[tuple[str, Figure]]:
    for part in lines.parts(runs):
        found = metric_plots.metric_dots(
            part.runs, metrics, dataset, task, source.floors, part.said
        )
        yield from _numbered(_joined("metrics", stem, part.slug), found)
    for part in lines.parts(sampler_rows(runs)):
        found = metric_plots.group_dots(part.runs, metrics, dataset, task, part.said)
        yield from _numbered(_joined("groups", stem, part.slug), found)


def _numbered(name: str, figures: Sequence[Figure]) -> Iterator[tuple[str, Figure]]:
    """Pages of one picture; the first has the plain name."""
    for number, figure in enumerate(figures, start=1):
        yield name if number == 1 else f"{name}-{number}", figure


def _joined(*parts: str) -> str:
    return "-".join(filter(None, parts))


def _training_plots(
    source: Source, runs: pd.DataFrame, dataset: str, task: str, stem: str
) -> Iterator[tuple[str, Figure]]:
    for framework, compared in sampler_rows(runs).groupby("framework", sort=False):
        name = style.FRAMEWORK_NAME.get(str(framework), str(framework))
        for part in lines.parts(compared):
            curves = rows.read_curves(source.curves, list(part.runs["run_id"]))
            of = ", ".join(filter(None, [dataset, task.replace("_", " "), name, part.said]))
            end = _joined(stem, str(framework), part.slug)
            figure = training_plots.training(curves, part.runs, f"{of}: training", task)
            if figure is not None:
                yield f"training-{end}", figure
            figure = training_plots.negatives(curves, part.runs, f"{of}: the negatives")
            if figure is not None:
                yield f"negatives-{end}", figure


def _point_plots(source: Source, runs: pd.DataFrame, dataset: str) -> Iterator[tuple[str, Figure]]:
    """The disk of the best run of each dimension, and radius against depth of each sampler."""
    stored = runs[
        (runs["status"] == FINISHED)
        & runs["run_id"].map(lambda run: (source.points / f"{run}.npz").is_file())
        & (runs["task"].map(rows.method_name) == "reconstruction")
    ]
    if stored.empty:
        return
    hierarchy = store.open_hierarchy(dataset)
    if not FEWEST_NODES <= hierarchy.n_nodes <= MOST_NODES:
        return
    yield from _depth_plot(source, stored, dataset, hierarchy)
    curved = stored[stored["manifold"].map(rows.method_name) != "euclidean"]
    ranked = curved.dropna(subset=[PRIMARY]).sort_values(
        [PRIMARY, "run_id"], ascending=[False, True]
    )
    for dim, part in ranked.groupby("dim"):
        best = part.iloc[0]
        yield f"disk-{rows.file_name(dataset)}-d{dim}", disk(source, best, hierarchy)
        yield from _disks(source, part, dataset, int(str(dim)), hierarchy)


def _disks(
    source: Source, stored: pd.DataFrame, dataset: str, dim: int, hierarchy: Hierarchy
) -> Iterator[tuple[str, Figure]]:
    """Uniform draws, siblings and the best sampler side by side, in the first framework."""
    framework = sorted(stored["framework"].unique())[0]
    alike = sampler_rows(stored[stored["framework"] == framework]).sort_index()
    for part in lines.parts(alike):
        runs = side_by_side.chosen(part.runs)
        if runs.empty:
            continue
        found = [
            side_by_side.disk_of(run, polar_of(source, str(run["run_id"]), hierarchy))
            for _, run in runs.iterrows()
        ]
        title = ", ".join(filter(None, [dataset, f"d = {dim}", part.said]))
        name = _joined("disks", rows.file_name(dataset), f"d{dim}", part.slug)
        yield name, side_by_side.draw(found, hierarchy, title, dim)


def disk(source: Source, run: "pd.Series[str]", hierarchy: Hierarchy) -> Figure:
    """The Poincaré disk of one run's points."""
    polar = polar_of(source, str(run["run_id"]), hierarchy)
    shown = disk_plots.prominent(hierarchy)
    radius, direction = polar.radius[shown], polar.direction[shown]
    plane = projection.project(radius, direction)
    names = hierarchy.names
    framework = style.FRAMEWORK_NAME.get(str(run["framework"]), str(run["framework"]))
    title = (
        f"{run['dataset']}: {rows.method_name(run['sampler'])} negatives, "
        f"{rows.method_name(run['loss'])}, d = {run['dim']}, {framework}"
    )
    said = f"MAP {float(run['map']):.3f}, mean rank {float(run['mean_rank']):.2f}, " + (
        disk_plots.subtitle_of(plane, int(run["dim"]), radius, hierarchy.n_nodes, len(shown))
    )
    return disk_plots.draw(plane, hierarchy, shown, [str(names[i]) for i in shown], title, said)


def _depth_plot(
    source: Source, stored: pd.DataFrame, dataset: str, hierarchy: Hierarchy
) -> Iterator[tuple[str, Figure]]:
    """Radius against depth, one run of each sampler: the lowest seed of the first framework."""
    compared = sampler_rows(stored)
    framework = sorted(compared["framework"].unique())[0]
    one = compared[compared["framework"] == framework].sort_values("seed", kind="stable")
    one = one.assign(shown=rows.short_column(one["sampler"])).drop_duplicates("shown")
    radii: dict[str, NDArray[np.float64]] = {}
    correlations: dict[str, tuple[float, float]] = {}
    for _, run in one.iterrows():
        radii[run["shown"]] = polar_of(source, run["run_id"], hierarchy).radius
        start, end = run.get("depth_spearman_start"), run.get("depth_spearman")
        correlations[run["shown"]] = (
            float("nan") if start is None else float(start),
            float("nan") if end is None else float(end),
        )
    if radii and hierarchy.max_depth > 0:
        title = f"{dataset}: is depth told by the radius?"
        figure = depth_plots.radius_by_depth(
            radii, hierarchy.depth.astype(int), correlations, title
        )
        yield f"depth-{rows.file_name(dataset)}", figure


def polar_of(source: Source, run_id: str, hierarchy: Hierarchy) -> Polar:
    """A run's points in polar form; raises HardballError on points of another hierarchy."""
    found = load_points(source.points / f"{run_id}.npz", hierarchy.ids)
    return to_polar(found.points, found.manifold, found.c)


def write(source: Source, out: Path, formats: Sequence[str] = style.FORMATS) -> list[Path]:
    """Every picture in every format, each written while the next is drawn.

    Raises HardballError on an unknown format, and where a picture could not be written.
    """
    style.check_formats(formats)
    written, saving = [], None
    for name, figure in plots_of(source):
        _wait_for(saving)
        written += style.paths_of(out / name, formats)
        saving = _save(figure, out / name, formats)
    _wait_for(saving)
    return written


def _save(figure: Figure, stem: Path, formats: Sequence[str]) -> ForkProcess | None:
    """Saves a picture, in a process of its own where a copy of this one is safe to run.

    That is so on Linux, before a framework with threads of its own was imported.
    """
    if sys.platform != "linux" or {"jax", "torch"} & set(sys.modules):
        style.save(figure, stem, formats)
        return None
    saving = multiprocessing.get_context("fork").Process(
        target=style.save, args=(figure, stem, formats)
    )
    saving.start()
    return saving


def _wait_for(saving: ForkProcess | None) -> None:
    """Raises HardballError where a picture could not be written; the reason is on stderr."""
    if saving is not None:
        saving.join()
        if saving.exitcode:
            raise HardballError("a picture could not be written: see the lines above")
