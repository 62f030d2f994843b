"""Reads runs.csv and its companions into frames, and knows what their columns are."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hardball.core import text as texts
from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief
from hardball.core.text import called, name_of, split, without_brackets
from hardball.metrics import listing
from hardball.metrics.declare import Metric
from hardball.runs import ensembles, plan
from hardball.runs.row import TEXT, TRIAL
from hardball.runs.settings import SEPARATOR
from hardball.runs.settings import read as read_setting
from hardball.runs.tables import EXTERNAL_KEYS, EXTERNAL_TEXT, FLOOR_KEYS, read_table

NEEDED = ("run_id", "config_id", "dataset", "task", "framework", "seed", "status")
SETTINGS = (
    "start", "manifold", "dim", "sampler", "negatives", "hard", "loss", "loss_schedule", "losses",
    "regularizers", "optimizer",
    "lr", "lr_final", "fade", "burn_in", "burn_in_factor", "clip", "max_radius", "batch_size",
    "epochs",
    "patience", "eval_every", "init_scale", "dtype", "words", "device", "kernels",
    "pairs", "batches", "objective", "radius", "pretext", "encoder", "before", "strategy",
)  # fmt: skip
METHODS = (
    "task", "start", "manifold", "sampler", "loss", "optimizer", "regularizers", "pairs", "batches",
    "objective", "radius", "pretext", "encoder", "strategy",
)  # fmt: skip
COSTS = (
    "scorings", "train_seconds", "compile_seconds", "peak_memory_mb", "points_at_limit",
    "masked_share", "widened_share", "negatives_used", "epochs_done", "final_loss",
)  # fmt: skip
PUBLISHED_KEYS = ("source", "dataset", "task", "manifold", "dim", "metric", "value", "protocol")
PUBLISHED_TEXT = ("source", "dataset", "task", "manifold", "metric", "protocol")
UNCONFIRMED = "unconfirmed"
OTHER_METRICS = {"f1": Metric("f1", "max", 0, 1, "F1 of link prediction, which papers report")}
RANKED = dict.fromkeys(("leaf_parent", "temporal", "bipartite_links"), "direct edges")


def read_runs(path: Path) -> pd.DataFrame:
    """runs.csv, one row a run, in its order.

    Raises HardballError when the file is missing, empty, or lacks a needed column.
    """
    runs = _read_csv(path, NEEDED, TEXT, "run `hardball train` or the suite first")
    repeated = runs["run_id"][runs["run_id"].duplicated()]
    if len(repeated):
        raise HardballError(f"{path}: run {repeated.iloc[0]} stands in it twice")
    return runs


def apart(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, trials of a search): the figures of trials are those that they were chosen by."""
    if "factor" not in runs:
        return runs, runs.iloc[:0]
    tried = runs["factor"].map(lambda text: TRIAL in str(text).split(SEPARATOR)).astype(bool)
    return runs[~tried], runs[tried]


def no_runs() -> pd.DataFrame:
    """A frame of runs that has none."""
    return pd.DataFrame(columns=list(NEEDED))


def read_floors(path: Path) -> pd.DataFrame:
    """floors.csv: dataset, task, floor and one column a metric; empty where there is no file."""
    if not path.is_file() or not path.read_text(encoding="utf-8").strip():
        return pd.DataFrame(columns=list(FLOOR_KEYS))
    return _read_csv(path, FLOOR_KEYS, FLOOR_KEYS, "rebuild it with the suite")


def of_first_framework(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of the framework that the first row names; of one framework all."""
    return runs[runs["framework"] == runs["framework"].iloc[0]]


def of_one_version(runs: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows whose data set is the newest of its name, and a line on each that has older ones.

    Rows of a data set that was built again from other data do not compare with the newer ones.
    """
    if "data_sha256" not in runs or "started" not in runs:
        return runs, []
    kept, said = np.ones(len(runs), bool), []
    for dataset, part in runs.groupby("dataset", sort=False):
        newest = part.sort_values("started")["data_sha256"].iloc[-1]
        older = part["data_sha256"] != newest
        if older.any():
            kept[runs.index.get_indexer(part.index[older])] = False
            said.append(
                f"{int(older.sum())} rows of {dataset} are of an earlier version of its data and "
                f"are left out: train them again (first: {part['run_id'][older].iloc[0]})"
            )
    return runs[kept], said


def external_of_one_version(
    external: pd.DataFrame, runs: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """The rows made elsewhere that are of the runs' data, and a line on those that are not.

    Of a data set without runs, those of the data of its last row.
    """
    kept, said = np.ones(len(external), bool), []
    for dataset, part in external.groupby("dataset", sort=False):
        same = runs["dataset"] == dataset
        ours = runs.loc[same, "data_sha256"] if "data_sha256" in runs else runs.iloc[:0]
        newest = ours.iloc[-1] if len(ours) else part["data_sha256"].iloc[-1]
        other = part["data_sha256"] != newest
        if newest and other.any():
            kept[external.index.get_indexer(part.index[other])] = False
            said.append(
                f"{int(other.sum())} rows of {dataset} that were made elsewhere are of another "
                f"version of its data and are left out: score them again (first: "
                f"{part['label'][other].iloc[0]})"
            )
    return external[kept], said


def read_external(path: Path) -> pd.DataFrame:
    """external.csv: what was made elsewhere and scored here; empty where there is no file."""
    if not path.is_file():
        return pd.DataFrame(columns=list(EXTERNAL_KEYS))
    return _read_csv(path, EXTERNAL_KEYS, EXTERNAL_TEXT, "score again: `hardball score --label`")


def read_ensembles(path: Path) -> pd.DataFrame:
    """ensembles.csv: what runs are worth together; empty where there is no file."""
    if not path.is_file():
        return pd.DataFrame(columns=list(ensembles.KEYS))
    way_out = "score again: `hardball ensemble`"
    return _read_csv(path, ensembles.KEYS, ensembles.TEXT, way_out)


def read_published(path: Path) -> pd.DataFrame:
    """published.csv: one published figure a row; empty where there is no file.

    dim is 0 where the source names none. Raises HardballError naming the line: text that is
    missing, a metric that no registry knows, a value outside its range, a figure given twice.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(PUBLISHED_KEYS))
    published = _read_csv(
        path, PUBLISHED_KEYS, PUBLISHED_TEXT, "see docs/use/data.md for its columns"
    )
    for line, figure in enumerate(published.to_dict("records"), start=2):
        wrong = _wrong_figure({str(key): value for key, value in figure.items()})
        if wrong:
            raise HardballError(f"{path}:{line}: {wrong}")
    keys = [key for key in PUBLISHED_KEYS if key not in ("value", "protocol")]
    repeated = published.index[published.duplicated(keys)]
    if len(repeated):
        raise HardballError(f"{path}:{repeated[0] + 2}: this figure stands in an earlier line too")
    return published


def _wrong_figure(figure: Mapping[str, Any]) -> str:
    """What is wrong with a line of published.csv, "" if nothing is."""
    for key in PUBLISHED_TEXT:
        if not figure[key].strip():
            return f"no {key}"
    if not isinstance(figure["dim"], int) or figure["dim"] < 0:
        return f"dim {figure['dim']!r}: allowed are whole numbers, 0 where the source names none"
    try:
        known = OTHER_METRICS.get(figure["metric"]) or listing.metric(figure["metric"])
    except HardballError as error:
        return str(error)
    value = figure["value"]
    if not isinstance(value, int | float) or not known.low <= value <= known.high:
        return f"{known.name} {value!r}: allowed are {known.low:g} to {known.high:g}"
    return ""


def read_curves(folder: Path, run_ids: Iterable[str]) -> pd.DataFrame:
    """The curves of these runs, one row a point, with run_id; empty where there are none."""
    wanted = set(run_ids)
    found = []
    for path in sorted(folder.glob("[!.]*.parquet")):
        try:
            curves = pd.read_parquet(path)
            found.append(curves[curves["run_id"].isin(wanted)])
        except (pa.ArrowException, *BROKEN) as error:
            said = brief(error)
            raise HardballError(
                f"{path}: not readable curves ({said}): delete it and run the suite again"
            ) from None
    kept = [part for part in found if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def _read_csv(path: Path, needed: Iterable[str], text: Iterable[str], way_out: str) -> pd.DataFrame:
    if not path.is_file():
        raise HardballError(f"no {path}: {way_out}")
    try:
        frame = read_table(path, text)
    except BROKEN as error:
        raise HardballError(f"{path}: not a CSV table ({brief(error)})") from None
    missing = [column for column in needed if column not in frame]
    if missing:
        raise HardballError(f"{path} has no column {missing[0]!r}: needed are {', '.join(needed)}")
    if frame.empty:
        raise HardballError(f"{path} has no rows: {way_out}")
    return frame


def metrics_of(frame: pd.DataFrame) -> list[Metric]:
    """The registry's metrics that have a value somewhere in the frame, in registry order.

    One of a grouping carries its column's name: separation_order, not separation_<group>.
    """
    order = {metric.name: position for position, metric in enumerate(listing.metrics())}
    found: list[tuple[int, Metric]] = []
    for column in frame.columns:
        try:
            general = listing.metric(str(column))
        except HardballError:
            continue
        if frame[column].notna().any():
            found.append((order[general.name], replace(general, name=str(column))))
    return [metric for _, metric in sorted(found, key=lambda pair: pair[0])]


def settings_of(frame: pd.DataFrame) -> list[str]:
    """The columns of a spec, beside data set, task, framework and seed, that the frame has."""
    return [column for column in SETTINGS if column in frame]


def costs_of(frame: pd.DataFrame) -> list[str]:
    """The columns that say what a run cost and what became of its draws."""
    return [column for column in COSTS if column in frame]


def varying(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those of `columns` with more than one value in the frame."""
    return [column for column in columns if frame[column].astype(str).nunique() > 1]


def ranked(task: str) -> str:
    """Which positives a task's MAP and mean rank are over: two kinds that never share a column."""
    return RANKED.get(method_name(task), "closure")


def by_task(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(task name, its rows) in order: tables across data sets hold one task, so one kind of MAP."""
    named = frame["task"].map(method_name)
    return [(str(task), part) for task, part in frame.groupby(named, sort=False)]


def method_name(text: str) -> str:
    """`cousins` of `cousins(k=1,replace=True)`."""
    return name_of(str(text))


def short(text: str, hidden: Iterable[str] = ()) -> str:
    """A method without the parameters in `hidden`: `cousins(k=2)`."""
    name, given = called(text)
    left_out = set(hidden)
    kept = [f"{key}={value}" for key, value in given.items() if key not in left_out]
    return f"{name}({', '.join(kept)})" if kept else name


def constant_parameters(values: Iterable[str]) -> dict[str, set[str]]:
    """For each method, the parameters that have one value wherever the method appears."""
    seen: dict[str, dict[str, set[str]]] = {}
    for text in values:
        for method in split(text, SEPARATOR):
            name, parameters = called(method)
            given = seen.setdefault(name, {})
            for key, value in parameters.items():
                given.setdefault(key, set()).add(value)
    return {n: {k for k, v in given.items() if len(v) == 1} for n, given in seen.items()}


def short_column(values: "pd.Series[str]") -> "pd.Series[str]":
    """Methods without the parameters that no two of them differ in."""
    constant = constant_parameters(values)

    def shorter(text: str) -> str:
        methods = split(text, SEPARATOR)
        return SEPARATOR.join(short(m, constant.get(method_name(m), ())) for m in methods)

    return values.map(shorter)


def shortened(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose methods have the parameters alone that tell them apart; hard ones have none."""
    out = frame.copy()
    for column in METHODS:
        if column in out:
            out[column] = short_column(out[column].astype(str))
    if "hard" in out:
        out["hard"] = out["hard"].astype(str).map(without_brackets)
    if "before" in out:
        out["before"] = out["before"].fillna("").map(_before)
    return out


def _before(text: str) -> str:
    """What a run went on from, to read: "after lr 0.4, loss margin"; "" where it did not."""
    changes = read_setting("before", text)
    return plan.before_text(changes) if changes else ""


def slug(text: str) -> str:
    """A file name: `link_prediction(fraction=0.5)` -> `link_prediction-fraction-0.5`."""
    return re.sub(r"[^\w.]+", "-", text).strip("-")


def file_name(dataset: str, task: str = "") -> str:
    """A file name of a data set, and of a task on it; another for every data set."""
    return "-".join([texts.slug(dataset), *([slug(task)] if task else [])])


def of_factor(frame: pd.DataFrame, factor: str) -> pd.DataFrame:
    """The rows that a factor's group planned; all rows where the frame knows no factors."""
    if "factor" not in frame:
        return frame
    return frame[frame["factor"].map(lambda text: factor in str(text).split(SEPARATOR))]
