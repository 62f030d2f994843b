"""Every claim's verdict, from committed rows alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hardball.report.claims import judge, select
from hardball.report.claims.cells import Cell, cells
from hardball.report.claims.judge import Evidence, Verdict
from hardball.report.claims.ledger import Claim, Ledger
from hardball.report.statistics import Estimate


@dataclass(frozen=True)
class Judged:
    """A claim's verdict and what it is made of.

    cell: the part that decides, None where nothing ran. why: what an undecided claim lacks.
    resolvable: the smallest distance from the bound that the seeds tell; needed: how many seeds
    would tell the distance seen, None where that is not known or more than 1,000.
    """

    claim: Claim
    cells: list[Cell]
    verdict: Verdict
    p: float
    p_holm: float
    cell: Cell | None = None
    why: str = ""
    resolvable: float = math.nan
    needed: int | None = None

    @property
    def effect(self) -> Estimate:
        found = None if self.cell is None else self.cell.evidence
        return judge.NONE if found is None else found.effect

    @property
    def ran(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.evidence is not None]

    @property
    def missing(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.evidence is None]


def verdicts(ledger: Ledger, results: Path, version: str) -> list[Judged]:
    """Every claim of a ledger, judged by the rows of a version and of those before it.

    Raises HardballError on a version that has no results, and on an ambiguous contrast.
    """
    committed = select.Results(results, version)
    return judged(ledger.claims, [cells(claim, committed) for claim in ledger.claims])


def judged(claims: Sequence[Claim], found: Sequence[Sequence[Cell]]) -> list[Judged]:
    """The verdicts on claims, given the cells of each."""
    p = [judge.two_sided(_evidence(_sound(each)), _complete(each)) for each in found]
    corrected = judge.over_ledger(p)
    return [
        _judged(claim, list(each), one, holm, len(claims))
        for claim, each, one, holm in zip(claims, found, p, corrected, strict=True)
    ]


def _evidence(found: Sequence[Cell]) -> list[Evidence]:
    return [cell.evidence for cell in found if cell.evidence is not None]


def _sound(found: Sequence[Cell]) -> list[Cell]:
    """The cells whose figures may decide."""
    return [cell for cell in found if cell.evidence is not None and not cell.wrong]


def _complete(found: Sequence[Cell]) -> bool:
    return len(_sound(found)) == len(found)


def _judged(claim: Claim, found: list[Cell], p: float, p_holm: float, family: int) -> Judged:
    ran = [cell for cell in found if cell.evidence is not None]
    if not ran:
        return Judged(claim, found, "not run", math.nan, math.nan, why=_not_run(found))
    sound = _sound(found)
    verdict = judge.verdict(_evidence(sound), p_holm, _complete(found)) if sound else "undecided"
    shown = sound or ran
    cell = shown[judge.deciding(_evidence(shown))]
    assert cell.evidence is not None
    one = cell.evidence
    seen = judge.resolvable(one.deviation, len(cell.values), family)
    needed = judge.seeds_needed(one.region.gap(one.mean), one.deviation, family)
    why = _why(found, cell, needed) if verdict == "undecided" else ""
    return Judged(claim, found, verdict, p, p_holm, cell, why, seen, needed)


def _not_run(found: Sequence[Cell]) -> str:
    return f"would be run by {_suites(found)}"


def _suites(found: Sequence[Cell]) -> str:
    return " or ".join(dict.fromkeys(name for cell in found for name in cell.test.suites))


def _why(found: Sequence[Cell], cell: Cell, needed: int | None) -> str:
    """What an undecided claim lacks, the plainest lack first."""
    said = list(dict.fromkeys(each.wrong for each in found if each.wrong))
    missing = [each for each in found if each.evidence is None]
    if missing:
        data = ", ".join(dict.fromkeys(each.named for each in missing))
        said.append(f"not run: {data} ({_suites(missing)})")
    if len(cell.values) < judge.LEAST_SEEDS:
        count = "one seed" if len(cell.values) == 1 else f"{len(cell.values)} seeds"
        said.append(f"{count}: at least {judge.LEAST_SEEDS} are needed")
    elif not cell.wrong and not math.isnan(cell.evidence.deviation if cell.evidence else math.nan):
        many = f"more than {judge.MOST_SEEDS:,}" if needed is None else f"{needed}"
        if needed is None or needed > len(cell.values):
            said.append(f"{many} seeds could decide {cell.named}")
    return "; ".join(said) or "its parts together are not clear after the correction"
