"""Whether a loss and hard negatives add up: what both give, beside what each gives alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.statistics import Estimate
from hardball.report.summary import Summary, by_seed, summarise
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header

# The factor of the runs that are compared so: one configuration for each loss and sampler.
FACTOR = "interference"
PLAIN = "uniform"
METRICS = (
    "global_precision_at_1000", "global_recall_at_1000", "vs_random_at_1000", "median_rank", "map",
)  # fmt: skip


@dataclass(frozen=True)
class Square:
    """Four configurations: another loss, another sampler, both changes, and neither."""

    both: Summary
    loss: Summary
    sampler: Summary
    neither: Summary

    def cells(self, metric: Metric) -> dict[str, Cell] | None:
        """What each change gives alone, both together, and both beyond the sum; None without it."""
        parts = (self.both, self.loss, self.sampler, self.neither)
        if any(metric.name not in part.runs for part in parts):
            return None
        both, loss, sampler, neither = (by_seed(part.runs, metric) for part in parts)

        def gain(values: dict[int, float]) -> Estimate:
            return statistics.contrast(values, neither, metric.direction).difference

        beyond = statistics.interference(both, loss, sampler, neither)
        if not beyond.runs:
            return None
        return {
            "loss_alone": gain(loss), "sampler_alone": gain(sampler), "both": gain(both),
            "interference": beyond, "seeds": beyond.runs,
        }  # fmt: skip


def squares(runs: pd.DataFrame) -> Iterator[Square]:
    """Every loss but the first with every sampler but uniform, of one data set and framework.

    Each configuration has a rate and loss parameters of its own, so that a loss and a sampler go by
    their names. Where one of the four is missing or stands there twice, there is no square.
    """
    places: dict[tuple[str, str], dict[tuple[str, str], list[Summary]]] = {}
    for one in summarise(runs, []):
        place = places.setdefault((one.settings["dataset"], one.framework), {})
        loss = rows.method_name(one.settings["loss"])
        place.setdefault((loss, one.settings["sampler"]), []).append(one)
    for place in places.values():
        losses = list(dict.fromkeys(loss for loss, _ in place))
        samplers = list(dict.fromkeys(sampler for _, sampler in place))
        plain = [each for each in samplers if rows.method_name(each) == PLAIN]
        hard = [each for each in samplers if rows.method_name(each) != PLAIN]
        for loss in losses[1:]:
            for sampler in hard:
                corners = [(loss, sampler), *((loss, p) for p in plain), (losses[0], sampler)]
                corners += [(losses[0], p) for p in plain]
                found = [place.get(corner, []) for corner in corners]
                if len(found) == 4 and all(len(each) == 1 for each in found):
                    yield Square(*(each[0] for each in found))


def interference_table(runs: pd.DataFrame, metrics: Sequence[Metric], task: str) -> Table | None:
    """One line a square and metric; None where no group of runs has the factor."""
    if "factor" not in runs:
        return None
    planned = rows.of_factor(runs, FACTOR)
    shown = [metric for metric in metrics if metric.name in METRICS]
    if planned.empty or not shown:
        return None
    lines = []
    for square in squares(rows.shortened(planned)):
        for metric in shown:
            cells = square.cells(metric)
            if cells is not None:
                lines.append(
                    Line({**_named(square), "metric": metric_header(metric.name, task), **cells})
                )
    if not lines:
        return None
    columns = [
        Column("dataset", "data set", text=True),
        Column("framework", "framework", text=True),
        Column("loss", "loss", text=True),
        Column("sampler", "sampler", text=True),
        Column("reference", "instead of", text=True),
        Column("metric", "figure", text=True),
        Column("loss_alone", "the loss alone"),
        Column("sampler_alone", "the sampler alone"),
        Column("both", "both"),
        Column("interference", "both beyond the sum"),
        Column("seeds", "seeds"),
    ]
    notes = [
        "Gains over the run with neither, paired by seed, interquartile mean [95 % bootstrap "
        "interval]; each of the four runs has settings of its own. Both beyond the sum: 0 where "
        "the two changes add up; where more is better, below 0 they are in each other's way.",
    ]
    title = f"Does a loss add to hard negatives, {task.replace('_', ' ')}"
    return Table(f"interference-{rows.slug(task)}", title, columns, lines, notes, ranked=False)


def _named(square: Square) -> dict[str, Cell]:
    both, neither = square.both.settings, square.neither.settings
    return {
        "dataset": both["dataset"],
        "framework": square.both.framework,
        "loss": rows.method_name(both["loss"]),
        "sampler": both["sampler"],
        "reference": f"{rows.method_name(neither['loss'])}, {neither['sampler']}",
    }
