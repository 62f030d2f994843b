"""What a suite's rows say about negatives, in at most five lines.

For each data set: the negatives with the highest MAP, by how much over uniform ones, and how the
others compare. Everything is computed from the rows; two methods whose intervals overlap are not
told apart. Rows of one framework are compared; the last line says how far the others are off.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hardball.core.text import without_brackets
from hardball.metrics.listing import metric
from hardball.report import rows, statistics
from hardball.report.marks import overlap
from hardball.report.statistics import Estimate
from hardball.report.summary import FINISHED, Summary, by_seed, differing, summarise
from hardball.report.tables.contrasts import REFERENCE

LINES = 5
SHOWN = 9
MAP = metric("map")
# Settings that a name leaves out: what the sampler itself brings with it.
_UNNAMED = ("sampler", "negatives")
FRAMEWORKS = {"jax": "JAX", "torch": "PyTorch"}


def answer(runs: pd.DataFrame) -> list[str]:
    """At most five lines; says so where no run has a MAP."""
    if "pretext" in runs and runs["pretext"].fillna("").ne("").all():
        return ["These runs train encoders, which draw no nodes: `hardball table` shows them."]
    found = _scored(runs)
    if found.empty:
        return ["No run of these has a closure MAP: `hardball table` shows what they have."]
    parts = [part for _, part in found.groupby(["dataset", "task"], sort=False)]
    groups = [_Group(part) for part in parts]
    first, second = [g.winner() for g in groups], [g.others() for g in groups]
    room = LINES - 1 - len(groups)
    lines = []
    for place, line in enumerate(first[: LINES - 1]):
        lines.append(line)
        if place < room and second[place]:
            lines.append(second[place])
    return [*lines, _last(found)]


def _scored(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of tasks that rank ancestors, diverged ones too."""
    if MAP.name not in runs:
        return runs.iloc[:0]
    ranked = runs.groupby(["dataset", "task"])[MAP.name].transform(lambda m: m.notna().any())
    return runs[ranked.astype(bool)]


class _Group:
    """The configurations of one data set and task, in the first framework that ran."""

    def __init__(self, runs: pd.DataFrame) -> None:
        one = rows.of_first_framework(runs)
        dataset, task = str(one["dataset"].iloc[0]), str(one["task"].iloc[0])
        plain = rows.method_name(task) == "reconstruction"
        self.what = dataset if plain else f"{dataset}, {task}"
        self.summaries = [s for s in summarise(one, [MAP]) if MAP.name in s.estimates]
        self.summaries.sort(key=lambda s: -_value(s).value)
        self.reference = self._reference()
        texts = pd.Series([s.settings["sampler"] for s in self.summaries])
        short = rows.short_column(texts)
        self.samplers = {s.config_id: t for s, t in zip(self.summaries, short, strict=True)}

    def _reference(self) -> Summary | None:
        """Uniform negatives, with the settings that most of the others have."""
        uniform = [
            s for s in self.summaries if rows.method_name(s.settings["sampler"]) == REFERENCE
        ]
        return min(
            uniform,
            key=lambda u: sum(len(differing(u, s)) for s in self.summaries),
            default=None,
        )

    def name(self, method: Summary) -> str:
        """The sampler, and what else sets it apart from the uniform reference."""
        said = [self.samplers[method.config_id]]
        for key in differing(method, self.reference or method):
            value = without_brackets(method.settings[key])
            if key == "hard":
                said[0] += f" + {value}" if value else ""
            elif key in rows.METHODS and value and key not in _UNNAMED:
                said.append(value)
            elif key not in _UNNAMED:
                said.append(f"{key.replace('_', ' ')} {value}")
        return ", ".join(said)

    def winner(self) -> str:
        """The best negatives, their MAP, and by how much they are ahead of uniform ones."""
        best, *others = self.summaries
        reference = self.reference
        level = [s for s in others if overlap(_value(best), _value(s))]
        head = f"{self.what}: best MAP {_shown(_value(best))}, {self.name(best)}"
        if not _value(best).has_interval:
            head += " (one seed: no interval)"
        if reference is None:
            return f"{head}; nothing ran with uniform negatives."
        if best is reference:
            text = f"{head}: nothing beats uniform negatives"
        elif reference in level:
            text = f"{head}; uniform {_shown(_value(reference))}: the intervals overlap, no winner"
        else:
            gap = statistics.contrast(
                by_seed(best.runs, MAP), by_seed(reference.runs, MAP), MAP.direction
            ).difference
            text = (
                f"{head}; uniform {_shown(_value(reference))}: {_shown(gap, sign=True)}"
                f"{_price(best, reference)}"
            )
        near = [self.name(s) for s in level if s is not reference]
        return f"{text}. Overlaps with: {_some(near)}." if near else f"{text}."

    def others(self) -> str:
        """Beside the best: who is ahead of uniform negatives, level with them, or behind."""
        reference = self.reference
        if reference is None:
            return ""
        found: dict[str, list[str]] = {"better": [], "level": [], "worse": []}
        for method in self.summaries[1:]:
            if method is reference:
                continue
            gap = _value(method).value - _value(reference).value
            if overlap(_value(method), _value(reference)):
                found["level"].append(self.name(method))
                continue
            said = f"{gap:+.2f}" if np.isfinite(gap) else "diverged"
            found["better" if gap > 0 else "worse"].append(f"{self.name(method)} {said}")
        named = [f"{how}: {_some(names)}" for how, names in found.items() if names]
        return f"{self.what}, the others against uniform: {'. '.join(named)}." if named else ""


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - SHOWN
    shown = "; ".join(names[:SHOWN]) or "none"
    return f"{shown}; {more} more" if more > 0 else shown


def _value(method: Summary) -> Estimate:
    return method.estimates[MAP.name]


def _shown(value: Estimate, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    if not value.has_interval:
        return f"{value.value:{form}}"
    return f"{value.value:{form}} [{value.low:{form}}, {value.high:{form}}]"


def _price(method: Summary, reference: Summary) -> str:
    """What it costs in distance evaluations, where that is another number."""
    ours, theirs = method.costs.get("scorings"), reference.costs.get("scorings")
    if not ours or not theirs or 0.9 < ours / theirs < 1.1:
        return ""
    return f" at {ours / theirs:.2g} times the distance evaluations"


def _last(runs: pd.DataFrame) -> str:
    """How many seeds, how far the frameworks are apart, and what this does not settle."""
    seeds = runs.groupby(["config_id", "framework"]).size()
    many = f"{seeds.min()}" if seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    text = f"Interquartile mean of {many} seeds [95 % bootstrap interval]"
    if runs["framework"].nunique() > 1:
        text += f"; {_apart(runs)}"
    rates = runs["lr"].nunique() if "lr" in runs else 0
    return f"{text}; one learning rate for all: a first look." if rates == 1 else f"{text}."


def _apart(runs: pd.DataFrame) -> str:
    finished = runs[runs["status"] == FINISHED]
    wide = finished.pivot_table(
        index=["config_id", "seed"], columns="framework", values=MAP.name, sort=False
    )
    gaps = (wide.max(axis=1) - wide.min(axis=1))[wide.notna().sum(axis=1) > 1]
    if gaps.empty:
        return "no configuration ran in both frameworks"
    named = " and ".join(FRAMEWORKS.get(str(name), str(name)) for name in sorted(wide.columns))
    if gaps.max() == 0:
        return f"{named} agree in every run's MAP"
    return f"{named} differ by at most {gaps.max():.1g} in a run's MAP"
