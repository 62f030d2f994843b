"""Results of one data set and task as a table: ours, the floors, the published figures."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from hardball.metrics.declare import Metric
from hardball.report import marks, rows
from hardball.report.summary import Summary, summarise
from hardball.report.tables.other_lines import (
    external_credits,
    external_lines,
    floor_lines,
    published_lines,
)
from hardball.report.tables.render import Column, Line, Table

HEADLINE = (
    "mean_rank", "map", "hits_at_1", "auc", "auc_depth_matched", "auc_siblings",
    "link_f1", "link_f1_local", "link_f1_head",
    "depth_spearman", "share_at_limit", "distortion_mean", "edge_map",
    "label_accuracy", "label_majority",
    "joint_accuracy", "graph_accuracy", "graph_majority", "link_head_accuracy", "link_head_auc",
    "old_map", "new_map", "forgetting", "seconds_a_node",
    "query_map_1", "query_map_5", "query_map_20", "meta_seconds",
)  # fmt: skip
SHORT = {
    "mean_rank": "mean rank", "median_rank": "median rank", "map": "MAP", "auc": "AUC",
    "auc_depth_matched": "AUC same depth", "auc_siblings": "AUC siblings", "auc_near": "AUC near",
    "depth_spearman": "depth ρ", "depth_spearman_start": "depth ρ, start",
    "depth_spearman_gain": "depth ρ, gain", "depth_pearson": "depth r",
    "distortion_mean": "distortion", "distortion_worst": "distortion, worst",
    "label_macro_f1": "label F1", "graph_macro_f1": "graph F1", "link_head_auc": "link head AUC",
    "share_at_limit": "at limit", "depth_ties": "depth ties", "link_f1": "link F1",
    "link_f1_local": "link F1, local", "link_f1_head": "link F1, head",
    "old_map": "old MAP", "new_map": "new MAP", "seconds_a_node": "seconds a node",
    "old_mean_rank": "old mean rank", "new_mean_rank": "new mean rank",
    **{f"query_map_{k}": f"query MAP, {k} shown" for k in (1, 5, 20)},
    "neighbor_recall": "neighbour recall", "edge_map": "MAP of edges",
    "negative_effective": "effective negatives",
}  # fmt: skip
PARTS = {
    "ours": "hardball",
    "external": "Made elsewhere, scored here",
    "floor": "Floors: no embedding needed",
    "published": "Published elsewhere, not run here",
}
# Always columns of their own; the other settings share one column.
NAMED = ("sampler", "loss", "manifold", "dim", "pretext", "encoder")
FAMILIES = {
    "ranking": ("mean_rank", "median_rank", "map", "ties", "precision_", "recall_", "hits_"),
    "links": ("auc", "global_", "vs_random", "link_"),
    "classes": ("label_", "joint_", "graph_"),
    "shape": ("depth_", "radius_", "share_at_limit", "distortion_", "distance_"),
    "neighbours": ("edge_", "neighbor_"),
    "encoders": ("break_", "kind_", "node_", "discriminator_"),
    "arrivals": ("old_", "new_", "forgetting", "seconds_a_node"),
    "subtrees": ("query_", "inner_rate", "meta_seconds"),
    "groups": ("separation_", "purity10_", "modularity_"),
    "negatives": ("negative_", "stalled_"),
}
INTERVALS = (
    "Interquartile mean over seeds [95 % bootstrap interval]; a single seed has no interval."
)


def metric_header(metric: str, task: str) -> str:
    """A metric's name for readers; MAP and mean rank say what they rank."""
    shown = SHORT.get(metric, metric.replace("_at_", "@").replace("_", " "))
    if metric in ("map", "mean_rank"):
        return f"{rows.ranked(task)} {shown}".replace("direct edges", "direct-edge")
    return shown


def result_tables(
    runs: pd.DataFrame,
    floors: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
    external: pd.DataFrame | None = None,
) -> list[Table]:
    """One table for each data set and task; tasks of one name differ in parameters only."""
    named = runs["task"].map(rows.method_name)
    grouped = runs.groupby([runs["dataset"], named], sort=False)
    tables = [
        result_table(part, str(dataset), str(task), floors, published, external)
        for (dataset, task), part in grouped
    ]
    if external is None:
        return tables
    ours = {key for key, _ in grouped}
    theirs = external.groupby(
        [external["dataset"], external["task"].map(rows.method_name)], sort=False
    )
    alone = [(key, part) for key, part in theirs if key not in ours]
    return tables + [
        external_table(part, str(dataset), str(task), floors, published)
        for (dataset, task), part in alone
    ]


def result_table(
    runs: pd.DataFrame,
    dataset: str,
    task: str,
    floors: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
    external: pd.DataFrame | None = None,
) -> Table:
    """One line a configuration and framework, then what was made elsewhere and scored here, floors,
    published figures.

    Raises ValueError when runs of different tasks are mixed: closure MAP and direct-edge MAP must
    not meet in a column.
    """
    if set(runs["dataset"]) != {dataset} or set(runs["task"].map(rows.method_name)) != {task}:
        raise ValueError(f"runs of other data sets or tasks in the table of {dataset}, {task}")
    metrics = rows.metrics_of(runs)
    columns = [*_setting_columns(runs), *_metric_columns(metrics, task), *_cost_columns(runs)]
    lines = our_lines(runs, metrics)
    lines += external_lines(external, dataset, task, metrics) if external is not None else []
    lines += floor_lines(floors, dataset, task, metrics) if floors is not None else []
    lines += published_lines(published, set(runs["dim"]), dataset, task, metrics)
    lost = int((runs["status"] != "ok").sum())
    notes = [INTERVALS, _shared_note(runs), _ranked_note(task), _label_note(runs)]
    notes += external_credits(external, dataset, task) if external is not None else []
    if lost:
        notes.append(
            f"{lost} of {len(runs)} runs diverged; each counts as the worst possible value."
        )
    title = f"{dataset}, {task.replace('_', ' ')}"
    name = rows.file_name(dataset, task)
    return Table(name, title, columns, lines, [n for n in notes if n], PARTS)


def external_table(
    external: pd.DataFrame,
    dataset: str,
    task: str,
    floors: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> Table:
    """What was made elsewhere, of a data set and task that has no runs of ours, and the floors."""
    metrics = rows.metrics_of(external)
    columns = [
        Column("method", "method", text=True),
        Column("differs", "settings", text=True),
        Column("framework", "framework", text=True),
        *(Column(name, name, only_csv=True, text=True) for name in ("dataset", "task")),
        Column("runs", "seeds"),
        *_metric_columns(metrics, task),
        Column("train_seconds", "seconds"),
    ]
    lines = external_lines(external, dataset, task, metrics)
    lines += floor_lines(floors, dataset, task, metrics) if floors is not None else []
    lines += published_lines(published, set(external["dim"]), dataset, task, metrics)
    title = f"{dataset}, {task.replace('_', ' ')}"
    notes = [INTERVALS, _ranked_note(task), *external_credits(external, dataset, task)]
    return Table(rows.file_name(dataset, task), title, columns, lines, notes, PARTS)


def family_tables(table: Table) -> list[Table]:
    """The lines of a result table once more with all metrics, a page for each family of them.

    Other tables, and families without a metric, have no pages.
    """
    keys = {column.key for column in table.columns}
    if not keys.issuperset(_METRIC_FREE):
        return []
    pages = []
    for family, prefixes in FAMILIES.items():
        wanted = {key for key in keys if key.startswith(prefixes)}
        lines = [line for line in table.lines if wanted & set(line.cells)]
        if lines:
            shown = wanted | set(_METRIC_FREE)
            columns = [replace(c, only_csv=False) for c in table.columns if c.key in shown]
            title, name = f"{table.title}: {family}", f"{table.name}-{family}"
            pages.append(Table(name, title, columns, lines, table.notes[:1], table.parts))
    return pages


_METRIC_FREE = ("method", "differs", "framework", "runs")


def _setting_columns(runs: pd.DataFrame) -> list[Column]:
    settings = [
        Column(name, name, only_csv=True, text=True)
        for name in ("dataset", "task", *rows.settings_of(runs), "config_id", "factor", "label")
        if name in runs
    ]
    return [
        Column("method", "method", text=True),
        Column("differs", "other settings", text=True),
        Column("framework", "framework", text=True),
        *settings,
        Column("runs", "seeds"),
        Column("diverged", "diverged", only_csv=True),
    ]


def _metric_columns(metrics: Sequence[Metric], task: str) -> list[Column]:
    return [
        Column(m.name, metric_header(m.name, task), m.direction, only_csv=m.name not in HEADLINE)
        for m in metrics
    ]


def _cost_columns(runs: pd.DataFrame) -> list[Column]:
    headers = {"scorings": "scorings", "train_seconds": "seconds"}
    shown = [Column(key, header) for key, header in headers.items() if key in runs]
    more = [Column(key, key, only_csv=True) for key in rows.costs_of(runs) if key not in headers]
    return shown + more


def our_lines(runs: pd.DataFrame, metrics: Sequence[Metric]) -> list[Line]:
    """One line a Summary, settings shortened to what tells the lines apart."""
    shortened = rows.shortened(runs)
    others = [c for c in rows.varying(shortened, ["task", *rows.settings_of(runs)])
              if c not in NAMED]  # fmt: skip
    usual = {c: shortened[c].astype(str).mode().iloc[0] for c in others}
    lines = []
    for summary in summarise(runs, metrics, rows.costs_of(runs)):
        first = shortened.loc[summary.runs.index[0]]
        differs = [
            f"{c.replace('_', ' ')} {first[c] or 'none'}"
            for c in others
            if str(first[c]) != usual[c]
        ]
        cells: dict[str, object] = {
            **summary.settings,
            "method": method_label(first),
            "differs": ", ".join(differs),
            "framework": summary.framework,
            "config_id": summary.config_id,
            "runs": _seeds(summary),
            "diverged": summary.diverged,
            **summary.estimates,
            **summary.costs,
        }
        lines.append(Line(cells, marks=_marks(summary)))  # type: ignore[arg-type]
    return lines


def _marks(summary: Summary) -> dict[str, str]:
    """Footnote marks: points at the largest radius, and figures that rest on tied radii."""
    found = {"method": marks.LIMIT} if marks.at_limit(summary.runs) else {}
    if marks.tied(summary.runs):
        found |= dict.fromkeys(marks.RESTS_ON_TIES, marks.TIES)
    return found


def method_label(row: "pd.Series[str]") -> str:
    """`siblings · infonce · tangent d=5`; of an encoder `blankets · hgat · tangent d=16`."""
    space = f"{row['manifold']} d={row['dim']}" if "manifold" in row and "dim" in row else ""
    trained = ("pretext", "encoder") if str(row.get("pretext") or "") else ("sampler", "loss")
    parts = [str(row[c]) for c in trained if c in row]
    return " · ".join([*parts, space]).strip(" ·")


def _seeds(summary: Summary) -> str:
    if not summary.diverged:
        return str(summary.seeds)
    return f"{summary.seeds} ({summary.diverged} diverged)"


def _shared_note(runs: pd.DataFrame) -> str:
    """The settings that all lines share, and the usual value of those that vary."""
    settings = [c for c in rows.settings_of(runs) if c not in NAMED and c not in _UNREMARKABLE]
    said = [f"{c.replace('_', ' ')} {_usual(runs[c])}" for c in settings if _usual(runs[c])]
    return f"Unless the line says otherwise: {', '.join(said)}." if said else ""


_UNREMARKABLE = ("lr_final", "burn_in_factor", "patience", "eval_every", "init_scale", "words")


def _usual(values: "pd.Series[str]") -> str:
    found = str(values.astype(str).mode().iloc[0])
    return rows.method_name(found) if "(" in found else found


def _ranked_note(task: str) -> str:
    if rows.ranked(task) == "closure":
        return "Ranks and MAP are over all ancestors (the closure)."
    return "Ranks and MAP are over direct parents only: not to be compared with closure figures."


def _label_note(runs: pd.DataFrame) -> str:
    """Which labels a head tells: the tasks that name one, with their parameters."""
    named = [task for task in runs["task"].unique() if "label=" in task]
    return f"A linear head tells the labels of {', '.join(named)} from the points." if named else ""
