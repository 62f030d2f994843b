"""Every sampler against uniform draws, paired by seed, with Holm's correction."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hardball.methods import registry
from hardball.methods.method import Method
from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.statistics import Contrast, Estimate
from hardball.report.summary import Summary, by_seed, differing, summarise
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header

PRIMARY = "map"
REFERENCE = "uniform"
FACTOR = "sampler"
# What two configurations must share to be compared; what else differs is said in the line.
ALIKE = (
    "dataset", "task", "manifold", "dim", "hard", "loss", "loss_schedule", "losses",
    "regularizers", "optimizer", "dtype",
    "pairs", "batches", "objective", "radius", "max_radius",
    "pretext", "encoder", "strategy",
)  # fmt: skip
ALL = "all data sets"


@dataclass(frozen=True)
class Compared:
    """A sampler's configuration, the uniform one beside it, and the contrast of the two."""

    method: Summary
    reference: Summary
    contrast: Contrast

    def ratio(self, cost: str) -> float | None:
        """Cost of the method over that of the reference."""
        ours, theirs = self.method.costs.get(cost), self.reference.costs.get(cost)
        return ours / theirs if ours is not None and theirs else None


def sampler_rows(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs planned to compare samplers; all runs where no group of that factor has uniform."""
    planned = rows.of_factor(runs, FACTOR)
    has_reference = (planned["sampler"].map(rows.method_name) == REFERENCE).any()
    return planned if has_reference else runs


def compare_samplers(runs: pd.DataFrame, metric: Metric) -> list[Compared]:
    """Each sampler against uniform on the same data, task, space, loss and optimiser.

    The reference is the uniform configuration that shares most of the other settings. One family
    of Holm's correction: all samplers of one data set, task and framework.
    """
    summaries = summarise(sampler_rows(runs), [metric])
    found: dict[tuple[str, str, str], list[Compared]] = {}
    for method in summaries:
        reference = _reference(method, summaries)
        if reference is None or method is reference:
            continue
        pair = statistics.contrast(
            by_seed(method.runs, metric), by_seed(reference.runs, metric), metric.direction
        )
        key = (method.settings["dataset"], method.settings["task"], method.framework)
        found.setdefault(key, []).append(Compared(method, reference, pair))
    out = []
    for family in found.values():
        corrected = statistics.family([c.contrast for c in family])
        out += [Compared(c.method, c.reference, k) for c, k in zip(family, corrected, strict=True)]
    return out


def _reference(method: Summary, summaries: Sequence[Summary]) -> Summary | None:
    def alike(other: Summary) -> bool:
        same = all(other.settings.get(k) == method.settings.get(k) for k in ALIKE)
        uniform = rows.method_name(other.settings["sampler"]) == REFERENCE
        return same and uniform and other.framework == method.framework

    candidates = [s for s in summaries if alike(s)]
    if rows.method_name(method.settings["sampler"]) == REFERENCE:
        return None
    return min(candidates, key=lambda s: len(differences(method, s)), default=None)


def differences(a: Summary, b: Summary) -> list[str]:
    """Settings, beside the sampler, in which the two differ: `negatives 512 / 50`."""
    return [
        f"{key.replace('_', ' ')} {a.settings[key]} / {b.settings[key]}"
        for key in differing(a, b)
        if key != "sampler"
    ]


def loss_name(loss: str) -> str:
    """A loss with the parameters that are not the catalogue's own."""
    method = Method.read(loss, "loss")
    own = registry.entry("loss", method.name).parameters
    return rows.short(loss, [key for key, value in own.items() if method.params[key] == value])


def sampler_table(runs: pd.DataFrame, metric: Metric, task: str) -> Table | None:
    """The ranking of one task, best first within data set and framework; None without pairs."""
    compared = compare_samplers(runs, metric)
    if not compared:
        return None
    names = rows.short_column(pd.Series([c.method.settings["sampler"] for c in compared]))
    sign = -1.0 if metric.direction == "min" else 1.0
    order: dict[tuple[str, str, str], int] = {}
    ranked = []
    for one, sampler in zip(compared, names, strict=True):
        key = (one.method.settings["dataset"], one.method.settings["task"], one.method.framework)
        place = order.setdefault(key, len(order))
        ranked.append((place, -sign * one.contrast.difference.value, _line(one, sampler)))
    ranked.sort(key=lambda item: item[:2])
    lines = [*[line for *_, line in ranked], *_across(compared, list(names), metric)]
    columns = [
        Column("dataset", "data set", text=True),
        Column("task", "task", text=True),
        Column("framework", "framework", text=True),
        Column("sampler", "sampler", text=True),
        Column("loss", "loss", text=True),
        Column("differs", "differs from uniform in", text=True),
        Column("difference", f"{metric_header(metric.name, task)} − uniform's", metric.direction),
        Column("improvement", "P(better)", "max"),
        Column("p", "p", "none"),
        Column("p_holm", "p, Holm", "none"),
        Column("pairs", "seeds"),
        Column("diverged_pairs", "diverged"),
        Column("scorings_ratio", "scorings ×"),
        Column("seconds_ratio", "seconds ×"),
        Column("config_id", "config_id", only_csv=True, text=True),
        Column("reference_config_id", "reference_config_id", only_csv=True, text=True),
    ]
    notes = [
        "Paired by seed. Difference: interquartile mean [95 % bootstrap interval]. "
        "P(better): chance that a run beats one with uniform negatives, ties counting half. "
        "p: two-sided Wilcoxon signed-rank, corrected by Holm within data set, task and framework.",
        "With n seeds p cannot fall below 2 / 2^n: 0.25 for 3 seeds, 0.002 for 10.",
        "scorings ×, seconds ×: cost over that of the uniform runs.",
    ]
    return Table(
        f"samplers-{rows.slug(task)}-{metric.name}",
        f"Samplers against uniform negatives, {task.replace('_', ' ')}: "
        f"{metric_header(metric.name, task)}",
        columns,
        lines,
        notes,
        {"ours": "Each data set", "across": "All data sets together"},
        ranked=False,
    )


def _line(one: Compared, sampler: str) -> Line:
    settings, contrast = one.method.settings, one.contrast
    cells: dict[str, Cell] = {
        "dataset": settings["dataset"],
        "task": rows.method_name(settings["task"]),
        "framework": one.method.framework,
        "sampler": sampler,
        "loss": loss_name(settings.get("loss", "")),
        "differs": ", ".join(differences(one.method, one.reference)),
        "difference": contrast.difference,
        "improvement": contrast.improvement,
        "p": contrast.p,
        "p_holm": contrast.p_holm,
        "pairs": contrast.difference.runs,
        "diverged_pairs": contrast.difference.diverged or None,
        "scorings_ratio": one.ratio("scorings"),
        "seconds_ratio": one.ratio("train_seconds"),
        "config_id": one.method.config_id,
        "reference_config_id": one.reference.config_id,
    }
    return Line(cells)


def _across(compared: Sequence[Compared], samplers: Sequence[str], metric: Metric) -> list[Line]:
    """P(better) of a sampler with a loss over the data sets that have it, each a stratum."""
    grouped: dict[tuple[str, str, str, str], dict[str, Compared]] = {}
    for one, sampler in zip(compared, samplers, strict=True):
        settings = one.method.settings
        task, loss = rows.method_name(settings["task"]), settings.get("loss", "")
        key = (task, one.method.framework, sampler, loss)
        grouped.setdefault(key, {}).setdefault(settings["dataset"], one)
    lines = []
    for (task, framework, sampler, loss), parts in grouped.items():
        if len(parts) > 1:
            pooled = _pooled(parts, metric)
            cells: dict[str, Cell] = {
                "dataset": ALL, "task": task, "framework": framework, "sampler": sampler,
                "loss": loss_name(loss),
                "improvement": pooled, "pairs": pooled.runs,
            }  # fmt: skip
            lines.append(Line(cells, "across"))
    return lines


def _pooled(parts: dict[str, Compared], metric: Metric) -> Estimate:
    left: list[float] = []
    right: list[float] = []
    strata: list[str] = []
    for dataset, one in parts.items():
        ours, theirs = by_seed(one.method.runs, metric), by_seed(one.reference.runs, metric)
        seeds = sorted(set(ours) & set(theirs))
        left += [ours[s] for s in seeds]
        right += [theirs[s] for s in seeds]
        strata += [dataset] * len(seeds)
    return statistics.improvement(left, right, metric.direction, strata=strata)
