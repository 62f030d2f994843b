"""What each setting does while the others stay as they are: differences paired by seed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.summary import Summary, by_seed, differing, summarise
from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.report.tables.result_tables import metric_header

# Samplers have tables of their own; the others change what a run costs, not what it learns.
ELSEWHERE = ("sampler", "words", "device", "kernels", "dtype", "eval_every")
# May differ beside what is asked about: a loss comes with a rate of its own.
TUNED = ("lr",)
METRICS = (
    "map", "mean_rank", "median_rank", "global_precision_at_1000", "global_recall_at_1000",
    "vs_random_at_1000", "auc_siblings", "depth_spearman",
)  # fmt: skip
GROUPED = "separation_"


@dataclass(frozen=True)
class Effect:
    """A configuration and the one that it differs from in `setting` alone."""

    setting: str
    method: Summary
    reference: Summary


def effects(runs: pd.DataFrame, metrics: Sequence[Metric]) -> list[Effect]:
    """Every configuration beside the one that has the usual value of one setting, by setting.

    The usual value is the one that most configurations of the data set have. All else is the same
    but the learning rate, and that too where there is such a configuration.
    """
    found = []
    summaries = summarise(runs, metrics)
    for key in dict.fromkeys((each.settings["dataset"], each.framework) for each in summaries):
        alike = [each for each in summaries if (each.settings["dataset"], each.framework) == key]
        for setting in rows.SETTINGS:
            if setting not in ELSEWHERE and setting in alike[0].settings:
                usual = Counter(each.settings[setting] for each in alike).most_common(1)[0][0]
                found += _of_setting(setting, usual, alike)
    return found


def _of_setting(setting: str, usual: str, alike: Sequence[Summary]) -> list[Effect]:
    found = []
    for method in alike:
        if method.settings[setting] == usual:
            continue
        others = [each for each in alike if each.settings[setting] == usual]
        near = [each for each in others if set(differing(method, each)) <= {setting, *TUNED}]
        if near:
            reference = min(near, key=lambda each: len(differing(method, each)))
            found.append(Effect(setting, method, reference))
    return found


def effects_table(runs: pd.DataFrame, metrics: Sequence[Metric], task: str) -> Table | None:
    """One line a configuration and setting; None where no two differ in one setting alone."""
    shown = [m for m in metrics if m.name in METRICS or m.name.startswith(GROUPED)]
    shown = [m for m in shown if m.name != f"{GROUPED}sources"]
    runs = rows.shortened(runs)
    found = effects(runs, shown)
    if not found or not shown:
        return None
    columns = [
        Column("dataset", "data set", text=True),
        Column("framework", "framework", text=True),
        Column("setting", "setting", text=True),
        Column("value", "is", text=True),
        Column("usual", "instead of", text=True),
        Column("beside", "with", text=True),
        *(Column(m.name, metric_header(m.name, task), m.direction) for m in shown),
        Column("seeds", "seeds"),
        Column("config_id", "config_id", only_csv=True, text=True),
        Column("reference_config_id", "reference_config_id", only_csv=True, text=True),
    ]
    usual = _usual(runs)
    return Table(
        f"effects-{rows.slug(task)}",
        f"What one setting changes, {task.replace('_', ' ')}",
        columns,
        [_line(each, shown, usual) for each in found],
        [
            "Differences paired by seed, interquartile mean [95 % bootstrap interval]: the run "
            "with the value less the run with the usual one, all else the same, but for the "
            "learning rate where it is named.",
        ],
        ranked=False,
    )


def _usual(runs: pd.DataFrame) -> dict[str, str]:
    """The value of each setting that most of the configurations have."""
    each = runs.drop_duplicates(["config_id", "framework"])
    return {
        key: Counter(each[key].astype(str)).most_common(1)[0][0] for key in rows.settings_of(each)
    }


def _line(effect: Effect, metrics: Sequence[Metric], usual: dict[str, str]) -> Line:
    method, reference = effect.method, effect.reference
    tuned = set(differing(method, reference)) - {effect.setting}
    beside = [
        f"{key.replace('_', ' ')} {method.settings[key] or 'none'}"
        + (f" / {reference.settings[key]}" if key in tuned else "")
        for key in usual
        if key != effect.setting and (key in tuned or method.settings[key] != usual[key])
    ]
    cells: dict[str, Cell] = {
        "dataset": method.settings["dataset"],
        "framework": method.framework,
        "setting": effect.setting.replace("_", " "),
        "value": method.settings[effect.setting] or "none",
        "usual": reference.settings[effect.setting] or "none",
        "beside": ", ".join(beside),
        "config_id": method.config_id,
        "reference_config_id": reference.config_id,
    }
    for metric in metrics:
        if metric.name not in method.runs or metric.name not in reference.runs:
            continue
        ours, theirs = by_seed(method.runs, metric), by_seed(reference.runs, metric)
        if set(ours) & set(theirs):
            pair = statistics.contrast(ours, theirs, metric.direction)
            cells[metric.name], cells["seeds"] = pair.difference, pair.difference.runs
    return Line(cells)
