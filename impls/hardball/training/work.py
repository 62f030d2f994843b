"""What the commands do: run a job, score an embedding, compute floors."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from hardball.core import files, paths
from hardball.data import store
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics import evaluate
from hardball.metrics import floors as measured
from hardball.runs import collect, plan, tables
from hardball.runs.row import Row
from hardball.runs.spec import RunSpec
from hardball.training import problem, train

HEADLINE = (
    "mean_rank", "map", "depth_spearman", "label_accuracy", "graph_accuracy",
    "kind_auc_unseen", "discriminator_accuracy",
)  # fmt: skip

# What is written at most to see whether results will fit.
_MOST_PROBED = 2**28


def folder(named: Path | None, suite: str) -> Path:
    """The folder a person named, else results/work/<suite>."""
    return paths.results() / "work" / suite if named is None else named


def run_job(job: plan.Job, where: Path) -> list[Row]:
    """Trains a suite's job and writes its rows, curves and points."""
    specs = [run.spec for run in job.runs]
    hierarchy, results = _train(specs, where)
    done = list(results)
    collect.write_job(where, job.stem, specs, done, hierarchy.ids)
    return [result.row for result in done]


def run_adhoc(specs: Sequence[RunSpec], where: Path) -> list[Row]:
    """Trains seeds of one configuration; each leaves its own files, runs.csv gathers all."""
    hierarchy, results = _train(specs, where)
    rows = []
    for spec, result in zip(specs, results, strict=True):
        collect.write_job(where, spec.run_id, [spec], [result], hierarchy.ids)
        rows.append(result.row)
    _, left = collect.collect_folder(where)
    for reason in left:
        print(f"left out of runs.csv: {reason}", file=sys.stderr)
    return rows


def _train(specs: Sequence[RunSpec], where: Path) -> tuple[Hierarchy, Iterator[train.Result]]:
    """The hierarchy of runs on one data set, and their results as they come."""
    hierarchy = store.open_hierarchy(specs[0].dataset)
    size = sum(hierarchy.n_nodes * spec.dim * 8 for spec in specs)
    files.check_room("results", where, min(size, _MOST_PROBED) + 2**20, "name with --out")
    results = train.train_many(specs, hierarchy=hierarchy, work=where / "checkpoints")
    return hierarchy, results


def summary(row: Row) -> str:
    """A row on one line."""
    if row.status != "ok":
        return f"{row.run_id}\t{row.status}"
    shown = [f"{name} {row.metrics[name]:.4g}" for name in HEADLINE if row.metrics.get(name)]
    share = row.metrics.get("share_at_limit")
    if share:
        shown.append(f"{share:.0%} of the points at the largest radius")
    return "\t".join([row.run_id, *shown, f"{row.outcome.train_seconds:.1f} s"])


def write_floors(spec: RunSpec, out: Path) -> None:
    """One line a floor of a configuration's data set and task, the untrained start among them."""
    hierarchy = store.open_hierarchy(spec.dataset)
    begun = problem.build(spec, hierarchy)
    found = dict(measured.floors(hierarchy, begun.closure, begun.split))
    test = evaluate.test_pairs(begun.split, begun.closure)
    found["untrained"] = evaluate.validate(
        begun.asked(begun.start),
        "tangent",
        problem.curvature(spec),
        hierarchy,
        test,
        begun.split.exclude,
    )
    named = {"dataset": spec.dataset, "task": str(spec.task)}
    lines = [{**named, "floor": floor, **figures} for floor, figures in found.items()]
    tables.write_table(out, pd.DataFrame(lines))
