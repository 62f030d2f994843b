"""Which negatives place nodes best: each suite that can say so, and all of them side by side.

A suite can say so where it has a MAP of several kinds of negatives, uniform ones among them. Where
suites have tuned each kind's learning rate, only those are asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from hardball.core.errors import HardballError
from hardball.core.text import called, split, without_brackets
from hardball.methods import registry
from hardball.metrics import listing
from hardball.report import rows, statistics
from hardball.report.marks import BEST, LEVEL
from hardball.report.site.suites import Shown, sweeps
from hardball.report.site.titles import title_of
from hardball.report.statistics import Estimate
from hardball.report.summary import Summary, by_seed, summarise
from hardball.report.tables.contrasts import REFERENCE
from hardball.runs.settings import SEPARATOR

MAP = "map"
LEAST_KINDS = 4


@dataclass(frozen=True)
class Panel:
    """The kinds of negatives of one suite, data set and task, in the first framework that ran."""

    suite: Shown
    dataset: str
    task: str
    kinds: dict[str, Summary]

    @property
    def title(self) -> str:
        return f"{self.dataset}: {title_of(rows.method_name(self.task)).lower()}"

    @cached_property
    def gains(self) -> dict[str, Estimate]:
        """Kind -> MAP minus that of uniform negatives, seed by seed."""
        metric = listing.metric(MAP)
        uniform = by_seed(self.kinds[REFERENCE].runs, metric)
        return {
            name: statistics.contrast(
                by_seed(kind.runs, metric), uniform, metric.direction
            ).difference
            for name, kind in self.kinds.items()
            if name != REFERENCE
        }

    @cached_property
    def leaders(self) -> dict[str, str]:
        """Kind -> BEST for the best of the panel, LEVEL where it is not told from it: the interval
        of their difference, seed by seed, has zero in it.
        """
        metric = listing.metric(MAP)
        values = {name: by_seed(kind.runs, metric) for name, kind in self.kinds.items()}
        best = max(self.kinds, key=lambda name: _value(self.kinds[name]))
        found = {best: BEST}
        for name in self.kinds:
            gap = statistics.contrast(values[best], values[name], metric.direction).difference
            if name != best and gap.has_interval and gap.low <= 0:
                found[name] = LEVEL
        return found


@dataclass(frozen=True)
class Rung:
    """A kind of negatives: its gain over uniform ones in each panel that ran it.

    leads: the panels in which it is BEST or LEVEL with the best.
    """

    name: str
    gains: dict[int, Estimate] = field(default_factory=dict)
    leads: dict[int, str] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean gain over panels; a panel in which it diverged has none."""
        found = [gain.value for gain in self.gains.values() if np.isfinite(gain.value)]
        return float(np.mean(found)) if found else float("-inf")

    @property
    def above(self) -> int:
        """Panels in which the whole interval lies above zero."""
        return sum(gain.low > 0 for gain in self.gains.values())


@dataclass(frozen=True)
class Ladder:
    """Kinds of negatives, the largest mean gain first; tuned: whether each had its own rate."""

    panels: list[Panel]
    rungs: list[Rung]
    tuned: bool


def ladder(shown: Sequence[Shown]) -> Ladder | None:
    """All panels side by side, None where no suite compares negatives."""
    tried = sweeps(shown)
    asked = [suite for suite in shown if suite.name not in tried]
    tuned = [suite for suite in asked if suite.tuned]
    for group in (tuned, asked):
        panels = [panel for suite in group for panel in panels_of(suite)]
        if panels:
            return Ladder(panels, _rungs(panels), group is tuned)
    return None


def panels_of(suite: Shown) -> list[Panel]:
    """The panels of a suite: where at least four kinds, uniform ones among them, have a MAP."""
    runs = suite.runs
    if MAP not in runs or "sampler" not in runs:
        return []
    metric = listing.metric(MAP)
    found = []
    for (dataset, task), part in runs.groupby(["dataset", "task"], sort=False):
        one = rows.of_first_framework(part)
        best: dict[str, Summary] = {}
        names = kinds(one)
        if one[MAP].notna().any() and names.nunique() >= LEAST_KINDS:
            for summary in summarise(one, [metric]):
                name = names[summary.runs.index[0]]
                other = best.get(name)
                if other is None or _value(summary) > _value(other):
                    best[name] = summary
        if REFERENCE in best:
            found.append(Panel(suite, str(dataset), str(task), best))
    return found


def _value(summary: Summary) -> float:
    return summary.estimates[MAP].value if MAP in summary.estimates else -np.inf


def _rungs(panels: Sequence[Panel]) -> list[Rung]:
    names = dict.fromkeys(name for panel in panels for name in panel.kinds if name != REFERENCE)
    rungs = [
        Rung(
            name,
            {k: panel.gains[name] for k, panel in enumerate(panels) if name in panel.gains},
            {k: panel.leaders[name] for k, panel in enumerate(panels) if name in panel.leaders},
        )
        for name in names
    ]
    return sorted(rungs, key=lambda rung: -rung.mean)


def sentences(found: Ladder) -> list[str]:
    """What the ladder says, in words: who leads, what is level with it, what was not tuned."""
    count, top = len(found.panels), found.rungs[0]
    best = [rung for rung in found.rungs if rung.leads]
    said = [
        f"Over {_tests(count)}, **{top.name}** has the largest mean gain over uniform negatives: "
        f"{top.mean:+.3f} MAP in {_of(top, count)}; its whole interval lies above uniform in "
        f"{top.above} of {len(top.gains)}. That is: {meaning(top.name)}."
    ]
    leading = sorted(best, key=lambda rung: (-len(rung.leads), -rung.mean))
    if leading:
        words = [f"**{rung.name}** in {len(rung.leads)} of {len(rung.gains)}" for rung in leading]
        said.append(f"Best of a test, or not told from the best: {', '.join(words)}.")
    if not found.tuned:
        said.append(
            "No suite here gave each kind its own learning rate, so a kind that needs another rate "
            "looks worse than it is."
        )
    return said


def _tests(count: int) -> str:
    return "one test" if count == 1 else f"{count} tests"


def _of(rung: Rung, count: int) -> str:
    return f"all {count}" if len(rung.gains) == count else f"the {len(rung.gains)} that ran it"


def kinds(runs: pd.DataFrame) -> "pd.Series[str]":
    """The negatives of each row in words: `pool of 512 + 256 in_batch`; `uniform` alone is 50 or
    however many others draw.
    """
    if "hard" in runs:
        hard = runs["hard"].fillna("").astype(str)
    else:
        hard = pd.Series("", index=runs.index)
    short = rows.short_column(runs["sampler"].astype(str))
    return pd.Series(
        [
            kind(text, told, int(count), more)
            for text, told, count, more in zip(
                runs["sampler"], short, runs["negatives"], hard, strict=True
            )
        ],
        index=runs.index,
    )


def kind(sampler: str, told: str, negatives: int, hard: str) -> str:
    """One run's negatives in words; told: the sampler with what sets it apart.

    >>> kind("pool", "pool", 512, "256 in_batch;256 shared(of=siblings(relative_to=positive))")
    'pool of 512 + 256 in_batch + 256 shared'
    >>> mixed = "mixture(of=uniform 4 + siblings(relative_to=positive) 1)"
    >>> kind(mixed, mixed, 50, "")
    'uniform 4 : siblings(positive) 1'
    """
    name, given = called(sampler)
    if name == "mixture" and "of" in given:
        parts = [without_brackets(part.strip()) for part in given["of"].split(" + ")]
        said = " : ".join(parts)
    elif _shared(name):
        said = f"{told} of {negatives:,}"
    else:
        said = told
    return " + ".join([said, *(without_brackets(part) for part in split(hard, SEPARATOR))])


def _shared(name: str) -> bool:
    """Whether a sampler draws for the whole batch at once, so that its size says much."""
    try:
        return registry.entry("sampler", name).form == "pool"
    except HardballError:  # a method from outside the package that is not here
        return False


def meaning(name: str) -> str:
    """What the samplers of a kind's name draw, as they are declared.

    >>> meaning("pool of 512 + 256 in_batch")
    "one uniform pool of nodes shared by the batch, scored as a matrix; a pool of the batch's \
positives, for all of its anchors"
    """
    said = []
    for part in name.replace(" : ", " + ").split(" + "):
        words = [word for word in part.replace("(", " ").split() if not word.isdigit()]
        try:
            said.append(registry.entry("sampler", words[0]).summary)
        except (HardballError, IndexError):
            continue
    return "; ".join(dict.fromkeys(said))
