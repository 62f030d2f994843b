"""The best trial of each study, and the suite that trains them on other seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hardball.core.files import replacing
from hardball.runs import suites
from hardball.studies.tune import space
from hardball.studies.tune.plan import Study, Tuning
from hardball.studies.tune.search import Running, pruned, said, value_of
from hardball.studies.tune.space import Point

# What a job takes beside its training: evaluation, baselines, tables.
_MARGIN = 2.0


@dataclass(frozen=True)
class Winner:
    """The best trial of a study, its figure and how many trials it is the best of.

    at_limit: trials that a share of points at the largest radius keeps from winning. at_end: what
    lies at an end of its range, beyond which there may be better.
    """

    study: Study
    number: int
    point: Point
    value: float
    trials: int
    pruned: int
    at_limit: int
    seconds: float

    @property
    def at_end(self) -> list[str]:
        return [d.path for d in self.study.dimensions if d.at_end(self.point[d.path])]


def winners(tuning: Tuning, running: Sequence[Running]) -> list[Winner]:
    """The best whole trial of each study, the first of equals; none where no trial may win."""
    found = []
    for each in running:
        whole = {n: rows for n, rows in each.rows.items() if not pruned(rows) and n in each.points}
        share = {
            n: max(row.metrics.get("share_at_limit") or 0.0 for row in rows)
            for n, rows in whole.items()
        }
        free = [n for n in sorted(whole) if share[n] <= tuning.most_at_limit]
        if not free:
            continue
        values = {n: value_of(tuning, whole[n], each.nodes) for n in free}
        sign = -1 if tuning.better == "min" else 1
        best = max(free, key=lambda n: sign * values[n])
        outcomes = [row.outcome for row in whole[best]]
        spent = sum(o.train_seconds + o.compile_seconds for o in outcomes) / len(outcomes)
        left = len(whole) - len(free)
        found.append(
            Winner(
                each.study, best, each.points[best], values[best], len(each.rows),
                len(each.rows) - len(whole), left, spent,
            )
        )  # fmt: skip
    return found


def lines(tuning: Tuning, found: Sequence[Winner]) -> list[str]:
    """The winners to read, the best of each data set first."""
    sign = -1 if tuning.better == "min" else 1
    ordered = sorted(found, key=lambda w: (w.study.dataset, -sign * w.value))
    return [
        f"{w.study.dataset}\t{w.study.method}\t{tuning.column} {w.value:.4g}\t{said(w.point)}\t"
        f"trial {w.number} of {w.trials}{_remarks(w)}"
        for w in ordered
    ]


def _remarks(winner: Winner) -> str:
    parts = [f"{winner.pruned} pruned"] if winner.pruned else []
    parts += [f"{winner.at_limit} at the largest radius"] if winner.at_limit else []
    parts += [f"{path} at the end of its range" for path in winner.at_end]
    return f", {', '.join(parts)}" if parts else ""


def write(tuning: Tuning, found: Sequence[Winner], folder: Path) -> Path:
    """Writes the suite of the winners, <name>_<strategy>_best.yaml, and checks it as any suite."""
    name = f"{tuning.suite}_best"
    path = folder / f"{name}.yaml"
    runs = len(tuning.final.seeds) * len(tuning.final.frameworks)
    minutes = max(1, math.ceil(_MARGIN * runs * sum(w.seconds for w in found) / 60))
    # A suite trains its base too: so that is the first of them.
    base = space.put(found[0].study.values, found[0].point)
    head = {
        "name": name,
        "summary": f"the best of {tuning.trials} trials of every method of {tuning.suite}",
        "minutes": minutes,
        "tuned_by": [tuning.suite],
        "frameworks": list(tuning.final.frameworks),
        "seeds": list(tuning.final.seeds),
        "base": base,
    }
    text = (
        f"# The best of {tuning.trials} trials ({tuning.strategy}) of each method and data set, by "
        f"{tuning.column},\n# on the seeds {tuning.seeds}, none of which this suite has.\n"
        f"{_dumped(head)}groups:\n{''.join(_group(tuning, w, base) for w in found)}"
    )
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")
    suites.load(path)
    return path


def _group(tuning: Tuning, winner: Winner, base: dict[str, Any]) -> str:
    values = space.put(winner.study.values, winner.point)
    values |= {key: space.given_or_default({}, key) for key in base if key not in values}
    changed = {key: value for key, value in values.items() if base.get(key, base) != value}
    written = yaml.safe_dump(
        changed, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6
    ).strip()
    return (
        f"  # {winner.study.name}: trial {winner.number}, {tuning.column} {winner.value:.4g}.\n"
        f"  - factor: method\n    set: {written}\n"
    )


def _dumped(head: dict[str, Any]) -> str:
    return yaml.safe_dump(
        head, default_flow_style=None, sort_keys=False, allow_unicode=True, width=100
    )
