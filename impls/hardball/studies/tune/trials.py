"""The work of one trial: its runs, one a seed, and the file of rows that they leave."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hardball.core.files import replacing
from hardball.core.text import slug
from hardball.runs.collect import read_rows
from hardball.runs.row import TRIAL, Row
from hardball.runs.spec import RunSpec
from hardball.studies.tune.plan import Study
from hardball.training import shared, trial
from hardball.training.train import keep_compiled

# seed -> epoch -> what the figure has to reach then.
Bars = Mapping[int, Mapping[int, float]]


@dataclass(frozen=True)
class Order:
    """A trial to carry out: its runs, where its rows go and what they are called.

    figure: the curve that is watched, better where it is larger or, `falls`, smaller. bars: where a
    run that has not reached them is given up; None: none is. together: all pairs of nodes are
    ranked together too.
    """

    specs: tuple[RunSpec, ...]
    folder: Path
    stem: str
    suite: str
    label: str
    on: trial.On
    figure: str = "map"
    falls: bool = False
    bars: Bars | None = None
    together: bool = False


def stem(study: Study, number: int) -> str:
    """The file name of a trial's rows and curves."""
    return f"{slug(study.dataset)}-{slug(study.method)}-{number:04d}"


def carry_out(order: Order) -> list[Row]:
    """Trains a trial's seeds and writes its rows and curves; the seeds after a pruned one are left.

    Rows come last, so that a trial whose rows are there is done.
    """
    rows, curves = [], []
    for spec in order.specs:
        if spec.framework == "jax":
            keep_compiled()
        watch = _Watch(order, order.bars.get(spec.seed, {})) if order.bars is not None else None
        data = _opened(spec.dataset)
        found = trial.train_trial(spec, data, order.on, watch, together=order.together)
        place = {"suite": order.suite, "factor": TRIAL, "label": order.label}
        rows.append(found.row.model_copy(update=place))
        curves.append(found.curves.assign(run_id=found.row.run_id))
        if found.row.outcome.stopped == "pruned":
            break
    with replacing(order.folder / "curves" / f"{order.stem}.parquet") as aside:
        pd.concat(curves, ignore_index=True).to_parquet(aside, index=False)
    with replacing(order.folder / "rows" / f"{order.stem}.jsonl") as aside:
        aside.write_text("".join(row.to_json() + "\n" for row in rows), encoding="utf-8")
    return rows


@functools.lru_cache(maxsize=2)
def _opened(dataset: str) -> shared.Opened:
    return shared.opened(dataset)


class _Watch:
    """Gives a run up whose best figure until an epoch has not reached that epoch's bar."""

    def __init__(self, order: Order, bars: Mapping[int, float]) -> None:
        self.figure, self.sign, self.bars = order.figure, -1 if order.falls else 1, bars
        self.best = float("-inf")

    def __call__(self, epoch: int, figures: Mapping[str, float]) -> bool:
        self.best = max(self.best, self.sign * figures[self.figure])
        return epoch in self.bars and self.best < self.sign * self.bars[epoch]


def rows_of(folder: Path, study: Study) -> dict[int, list[Row]]:
    """The rows of a study's trials by number; raises HardballError on a file that is not whole."""
    start = stem(study, 0)[:-4]
    found = {}
    for path in sorted((folder / "rows").glob("[!.]*.jsonl")):
        number = path.stem.removeprefix(start)
        if path.stem.startswith(start) and number.isdigit():
            found[int(number)] = read_rows(path)
    return found


def curve_of(folder: Path, stem: str, figure: str) -> dict[int, dict[int, float]]:
    """The evaluations of a trial's runs: seed -> epoch -> figure; {} where there are no curves."""
    path = folder / "curves" / f"{stem}.parquet"
    if not path.is_file():
        return {}
    curves = pd.read_parquet(path, columns=["run_id", "epoch", figure]).dropna()
    found: dict[int, dict[int, float]] = {}
    for run, part in curves.groupby("run_id", sort=False):
        seed = int(str(run).rpartition("-s")[2])
        found[seed] = dict(zip(part["epoch"].astype(int), part[figure], strict=True))
    return found


def read_state(folder: Path) -> dict[str, str]:
    """What a search's folder says of itself; {} of a new one."""
    path = folder / "search.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write_state(folder: Path, state: Mapping[str, str]) -> None:
    with replacing(folder / "search.json") as aside:
        aside.write_text(json.dumps(dict(state), indent=1) + "\n", encoding="utf-8")
