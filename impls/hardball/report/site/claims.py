"""Sentences with a verdict: claims.csv of a version, where there is one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hardball.core.errors import HardballError
from hardball.report.statistics import Estimate
from hardball.report.tables import render
from hardball.runs.tables import read_table

FILE = "claims.csv"
KEYS = ("sentence", "verdict")


@dataclass(frozen=True)
class Claim:
    """A sentence that was to be tested, the verdict, and the effect with its interval as text.

    note: what an undecided one lacks, and whether its rows are older than the sentence.
    """

    sentence: str
    verdict: str
    effect: str
    version: str = ""
    note: str = ""


def claims(records: Iterable[Mapping[str, Any]], version: str = "") -> list[Claim]:
    """Claims of records with `sentence`, `verdict`, and, where they are numbers, `effect`, `low`
    and `high`.

    Raises HardballError on a record without a sentence or a verdict.
    """
    found = []
    for place, record in enumerate(records, start=1):
        for key in KEYS:
            if not str(record.get(key) or "").strip():
                raise HardballError(f"claim {place} has no {key}: write one in {FILE}")
        value, low, high = (_number(record.get(key)) for key in ("effect", "low", "high"))
        shown = "" if value != value else render.text(Estimate(value, low, high, 0))
        found.append(
            Claim(
                str(record["sentence"]).strip(),
                str(record["verdict"]).strip(),
                shown,
                version,
                _note(record),
            )
        )
    return found


def read(version: Path) -> list[Claim]:
    """The claims of results/<version>; none where it has no claims.csv."""
    path = version / FILE
    if not path.is_file():
        return []
    try:
        frame = read_table(path, KEYS)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise HardballError(f"{path}: not a CSV table ({error})") from None
    try:
        return claims(frame.to_dict("records"), version.name)  # type: ignore[arg-type]
    except HardballError as error:
        raise HardballError(f"{path}: {error}") from None


def _note(record: Mapping[str, Any]) -> str:
    older = str(record.get("older_rows") or "") == "True"
    why = record.get("why")
    said = [why if isinstance(why, str) else "", "rows older than the sentence" if older else ""]
    return "; ".join(filter(None, said))


def _number(value: Any) -> float:
    """The number of a cell, NaN where it has none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
