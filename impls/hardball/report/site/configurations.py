"""Each configuration of a suite in full: what makes it again, its figures, where it ran."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from hardball.core.errors import HardballError
from hardball.core.text import scalar
from hardball.metrics.declare import Metric
from hardball.report import rows, statistics
from hardball.report.site import evidence, views
from hardball.report.site.suites import Shown
from hardball.report.site.tasks import USED, metrics_of
from hardball.report.summary import FINISHED, Summary, summarise
from hardball.report.tables import render
from hardball.report.tables.result_tables import metric_header
from hardball.runs.row import Row
from hardball.runs.spec import RunSpec

HOST = (
    "hardball", "git_commit", "code_sha256", "data_sha256", "evaluator", "python", "numpy", "jax",
    "torch", "platform", "cpu", "accelerator", "threads",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A metric or a cost by name; interval: "" where there is none."""

    name: str
    text: str
    interval: str = ""


@dataclass(frozen=True)
class Configuration:
    """One configuration in one framework.

    name: unique in the suite. spec: the name of its suite file. read_by: the metrics that its task
    is read by, with intervals; figures: the others, interquartile means; costs: medians.
    environment: what it ran with, in each case all values of its rows. command: trains the first
    seed again.
    """

    name: str
    spec: str
    title: str
    told: str
    framework: str
    seeds: list[int]
    diverged: list[int]
    command: str
    read_by: list[Figure]
    figures: list[Figure]
    costs: list[Figure]
    environment: dict[str, str]


def name_of(config_id: str, framework: str) -> str:
    """The name of a configuration in a framework, as addresses have it."""
    return f"{config_id}-{framework}"


def suite_name(config_id: str) -> str:
    """The name of the suite that a configuration's spec is.

    >>> suite_name("wordnet_mammals-uniform-infonce-tangent-d5-e1e85037")
    'wordnet_mammals_uniform_infonce_tangent_d5_e1e85037'
    """
    name = re.sub(r"[^a-z0-9_]", "_", config_id.lower())
    return name if name[:1].isalpha() else f"run_{name}"


def configurations(shown: Shown) -> list[Configuration]:
    """All configurations of a suite, in the order of its rows."""
    table = _Table.of(shown.runs)
    found: dict[tuple[str, str], Configuration] = {}
    for task, part in rows.by_task(shown.runs):
        read_by = metrics_of(task, part)
        kept = dict.fromkeys([*USED, "run_id", *rows.COSTS, *(m.name for m in read_by)])
        part = part[[column for column in kept if column in part]]
        for summary in summarise(part, read_by, rows.costs_of(part)):
            one = _configuration(shown, task, summary, read_by, table)
            found[summary.config_id, summary.framework] = one
    order = dict.fromkeys(zip(shown.runs["config_id"], shown.runs["framework"], strict=True))
    return [found[key] for key in order]


class _Table(NamedTuple):
    """Rows as arrays, of which small parts are taken quickly.

    kinds: each row's negatives in words. values: (rows, metrics), NaN where a run diverged.
    hosts: (rows, HOST), text. place: where each label of the frame stands.
    """

    kinds: list[str]
    metrics: list[str]
    values: NDArray[np.float64]
    hosts: NDArray[np.object_]
    place: pd.Index

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "_Table":
        names = [metric.name for metric in rows.metrics_of(runs)]
        values = runs[names].to_numpy(np.float64, copy=True)
        values[(runs["status"] != FINISHED).to_numpy()] = np.nan
        hosts = runs.reindex(columns=list(HOST)).astype(object)
        hosts = hosts.where(hosts.notna(), "").astype(str)
        return cls(list(evidence.kinds(runs)), names, values, hosts.to_numpy(), runs.index)


def _configuration(
    shown: Shown, task: str, summary: Summary, read_by: Sequence[Metric], table: _Table
) -> Configuration:
    told, runs = summary.settings, summary.runs
    places = table.place.get_indexer(runs.index)
    encoder = rows.method_name(told.get("encoder", ""))
    kind = table.kinds[places[0]]
    loss = "" if encoder else f"{told['loss']}, "
    return Configuration(
        name_of(summary.config_id, summary.framework),
        suite_name(summary.config_id),
        f"{rows.method_name(told['pretext'])}, {encoder}" if encoder else kind,
        f"{told['dataset']}, {told['task']}, {loss}{told['manifold']} d={told['dim']}, "
        f"lr {float(told['lr']):g}",
        summary.framework,
        [int(seed) for seed in runs["seed"]],
        [int(seed) for seed in runs["seed"][runs["status"] != FINISHED]],
        f"hardball rerun {runs['run_id'].iloc[0]} {shown.place}",
        [_read(metric, task, summary) for metric in read_by if metric.name in summary.estimates],
        _figures(table, places, {metric.name for metric in read_by}),
        [Figure(name.replace("_", " "), render.number(v)) for name, v in summary.costs.items()],
        _host(table.hosts[places]),
    )


def _read(metric: Metric, task: str, summary: Summary) -> Figure:
    return Figure(metric_header(metric.name, task), *views.shown(summary.estimates[metric.name]))


def specs(shown: Shown) -> dict[str, str]:
    """Configuration -> the file of a suite that runs its rows again.

    Where this version of hardball cannot read a row, a comment says so.
    """
    groups = shown.runs.groupby("config_id", sort=False)
    return {str(config_id): _spec(every) for config_id, every in groups}


def _host(cells: NDArray[np.object_]) -> dict[str, str]:
    """What each column of HOST says, all values where rows differ; none of empty ones."""
    said = {name: sorted(set(cells[:, k]) - {""}) for k, name in enumerate(HOST)}
    return {name: ", ".join(values) for name, values in said.items() if values}


def _spec(every: pd.DataFrame) -> str:
    """A suite file of one configuration; says so where this version cannot read its row."""
    try:
        return suite_text(every)
    except HardballError as error:
        return f"# {error}\n"


def suite_text(every: pd.DataFrame) -> str:
    """The file of a suite that runs one configuration's rows again.

    every: its rows, of all seeds and frameworks. Its name has to be the file's. Raises
    HardballError where this version of hardball cannot read the row.
    """
    spec = Row.from_flat(every.to_dict("records")[0]).spec  # type: ignore[arg-type]
    minutes = float(every["train_seconds"].sum()) / 60
    text = {
        "name": suite_name(spec.config_id),
        "summary": f"{spec.config_id} again",
        "minutes": max(1, math.ceil(2 * minutes)),
        "frameworks": sorted(every["framework"].unique()),
        "seeds": sorted(int(seed) for seed in every["seed"].unique()),
        "base": settings(spec),
    }
    return yaml.dump(text, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)


def settings(spec: RunSpec) -> dict[str, Any]:
    """A spec as the base of a suite file: methods by name, with parameters where they have some."""
    return {name: _plain(value) for name, value in spec.config.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"name", "params"}:
        return {"name": value["name"], **value["params"]} if value["params"] else value["name"]
    return {name: _plain(member) for name, member in value.items()}


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Short lists and mappings on one line, and numbers that YAML reads as numbers."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Quotes where the project's own reader would take a text for something else."""
    style = "'" if not isinstance(scalar(value) if value else value, str) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _figures(table: _Table, places: NDArray[np.intp], told: set[str]) -> list[Figure]:
    """Interquartile means of the metrics that are not told yet."""
    found = []
    for name, values in zip(table.metrics, table.values[places].T, strict=True):
        known = values[~np.isnan(values)]
        if len(known) and name not in told:
            text = render.number(statistics.interquartile_mean(known))
            found.append(Figure(name.replace("_", " "), text))
    return found
