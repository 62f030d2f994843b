"""What `hardball claims` does: reads the ledger, judges it, and shows or writes the verdicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hardball.core import paths
from hardball.core.console import console
from hardball.core.errors import unknown
from hardball.core.files import replacing
from hardball.report.claims import ledger, select, show, verdicts
from hardball.report.claims.verdicts import Judged
from hardball.report.tables import latex

Form = Literal["table", "csv", "latex", "page"]
FORMS: tuple[Form, ...] = ("table", "csv", "latex", "page")


def claims_command(
    version: str = "", to: Sequence[str] = (), out: Path | None = None, file: Path | None = None
) -> list[Path]:
    """Judges the ledger by a version's rows, the newest unless named; returns what was written.

    to: "table" prints, "latex" prints or writes `out`; "csv" writes claims.csv and claims-parts.csv
    to results/<version>, "page" docs/findings/claims.md, unless `out` names a folder or a file.
    Raises HardballError on a ledger that is wrong, on other forms and on a version without results.
    """
    for form in to:
        if form not in FORMS:
            raise unknown("form", form, FORMS)
    results = paths.results()
    named = version or select.newest(results)
    found = verdicts.verdicts(ledger.read(file), results, named)
    written: list[Path] = []
    for form in to or ("table",):
        written += _one(form, found, named, results, out)
    return written


def _one(
    form: str, found: Sequence[Judged], version: str, results: Path, out: Path | None
) -> list[Path]:
    if form == "csv":
        return show.write_csv(found, out or results / version)
    if form == "page":
        return [_text(show.page(found, version), out or page_of(paths.root()))]
    if form == "latex":
        made = latex.to_latex(show.table(found, version), longtable=True)
        if out is not None:
            return [_text(made, out)]
        print(made, end="")
        return []
    show.screen(found, console())
    return []


def page_of(root: Path) -> Path:
    """Where the page of claims lies in a checkout."""
    return root / "docs" / "findings" / "claims.md"


def _text(content: str, path: Path) -> Path:
    with replacing(path) as aside:
        aside.write_text(content, encoding="utf-8")
    return path
