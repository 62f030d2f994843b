"""`hardball submit` and `hardball verify`: a method's rows out of the house, and into it again."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from hardball.core import files, text
from hardball.core.errors import HardballError, unknown
from hardball.library import external, rescoring, submission
from hardball.library.submission import Manifest
from hardball.report import rows as reading
from hardball.report.tables import render, result_tables


class Verdict(NamedTuple):
    """One row of a submission, and what is not as it says: a line each, none where it is."""

    row: rescoring.Told
    differs: list[str]


def submit(
    folder: Path,
    *,
    label: str,
    author: str,
    licence: str,
    link: str,
    out: Path | None = None,
    code: bool = True,
) -> tuple[Path, Path]:
    """Packs a label's rows of a folder; returns the archive, and a pull request's text beside it.

    out: the archive's path, by default <label>.hardball.zip here. code: pack the file that declares
    the method too. Every row's points are scored again first.
    Raises HardballError where there are no such rows, and where a figure does not come out again.
    """
    said = submission.about(label, author, licence, link)
    path = out or Path(f"{text.slug(label)}.hardball.zip")
    found = _rows(folder, label)
    for row in _told(found, folder):
        wrong = rescoring.differences(row, folder)
        if wrong:
            raise HardballError(f"{row}: {wrong[0]}: score it again, then submit")
    credited = found.assign(**{key: said[key] for key in ("author", "licence", "link")})
    with tempfile.TemporaryDirectory() as name:
        inside = Path(name)
        external.write_rows(inside / submission.ROWS, credited)
        packed = reading.read_external(inside / submission.ROWS)
        _copy(packed, folder, inside, code)
        manifest = submission.write(path, said, packed, inside)
    beside = path.with_name(f"{path.name}.md")
    with files.explained(str(beside), beside.parent), files.replacing(beside) as aside:
        aside.write_text(_request(manifest, packed, path), encoding="utf-8")
    return path, beside


def verify(
    path: Path, *, out: Path | None = None, tolerance: float = rescoring.TOLERANCE
) -> Iterator[Verdict]:
    """Scores the points of a submission again, row by row.

    out: a folder that gets its rows, points and code once every row is as it says.
    Raises HardballError, one line, on a damaged or tampered archive, before any row is scored.
    """
    with submission.opened(path) as (manifest, folder):
        found = reading.read_external(folder / submission.ROWS)
        _agree(manifest, found, path)
        told = _told(found, path)
        good = True
        for row in told:
            wrong = rescoring.differences(row, folder, tolerance)
            good = good and not wrong
            yield Verdict(row, wrong)
        if out is not None and good:
            _copy(found, folder, out, True)
            external.add_rows(out / external.FILE, found)


def _rows(folder: Path, label: str) -> pd.DataFrame:
    """The rows of a label in a folder; raises HardballError where there are none."""
    path = folder / external.FILE
    if not path.is_file():
        raise HardballError(
            f"no {path}: run `hardball run-method`, or `hardball score --label`, first"
        )
    found = reading.read_external(path)
    here = found[found["label"] == label]
    if here.empty:
        raise unknown("label", label, dict.fromkeys(found["label"]))
    # Metrics of other rows alone are no columns of these.
    metrics = [each for each in here if each not in external.KNOWN and here[each].notna().any()]
    return here.reindex(columns=[*external.KNOWN, *metrics])


def _told(found: pd.DataFrame, where: Path) -> list[rescoring.Told]:
    plain = found.astype(object).where(found.notna(), None)
    return [
        rescoring.told({str(key): value for key, value in row.items()}, where)
        for row in plain.to_dict("records")
    ]


def _agree(manifest: Manifest, found: pd.DataFrame, path: Path) -> None:
    """Raises HardballError where rows are not those that the manifest names."""
    missing = [key for key in submission.SPEC if key not in found]
    if missing or submission.spec_of(found) != manifest.spec:
        raise HardballError(f"{path}: its rows are not those of {submission.MANIFEST}: tampered")
    if set(found["label"]) != {manifest.label}:
        raise HardballError(f"{path}: its rows have another label than {submission.MANIFEST}")


def _copy(found: pd.DataFrame, folder: Path, into: Path, code: bool) -> None:
    """Copies the points and, where it is kept, the code that rows name."""
    names = list(dict.fromkeys(found["file"]))
    if code:
        written = [f"code/{digest}.py" for digest in dict.fromkeys(found["code_sha256"]) if digest]
        names += [name for name in written if (folder / name).is_file()]
    for name in names:
        target = into / name
        with files.explained(str(target), into), files.replacing(target) as aside:
            shutil.copyfile(folder / name, aside)


def _request(manifest: Manifest, found: pd.DataFrame, path: Path) -> str:
    """The text of a pull request: who, what, how to check it, and the figures."""
    lines = [
        f"# {manifest.label}", "",
        f"- author: {manifest.author}",
        f"- licence: {manifest.licence}",
        f"- link: {manifest.link}",
        f"- archive: `{path.name}`, sha256 `{files.sha256(path)}`",
        f"- rows: {len(found)}, evaluator {manifest.evaluator}",
        *(f"- {key}: {', '.join(seen)}" for key, seen in manifest.environment.items() if seen),
        "", f"Check it: `hardball verify {path.name}` scores every row's points again.", "",
    ]  # fmt: skip
    tables = result_tables.result_tables(reading.no_runs(), external=found)
    return "\n".join(lines) + "\n" + "\n".join(render.to_markdown(t, "##") for t in tables)
