"""What is checked of a version's folder: its suites against their plans, checksums, verdicts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from hardball.core import files, paths
from hardball.core.errors import HardballError, brief
from hardball.report import archive, readme, rows, sums
from hardball.report.claims import ledger, show, verdicts
from hardball.report.frozen import ENVIRONMENT, VERSION
from hardball.report.verify import figures
from hardball.report.verify.figures import Rows
from hardball.runs import plan, suites

Said = Literal["verified", "differs", "note"]
SHOWN = 3
UNCLEAN = "+"


@dataclass(frozen=True)
class Check:
    """One line: whether what was checked is as it says; a note is neither."""

    said: Said
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.said}\t{self.what}: {self.detail}"


def checks(version: Path, root: Path, named: Iterable[str] = ()) -> Iterator[Check]:
    """Everything about results/<version> that its rows can answer, one line after another.

    root: the checkout, whose documents are read. named: these suites alone, and no documents.
    Raises HardballError where the folder is no version with suites.
    """
    folders = _suites(version, list(named))
    for folder in folders:
        yield from _suite(folder)
    if named:
        return
    yield from _commits(folders)
    yield from _archive(version, folders)
    yield from _claims(version)
    yield from _documents(version, root)


def _suites(version: Path, named: list[str]) -> list[Path]:
    if not VERSION.fullmatch(version.resolve().name):
        raise HardballError(f"{version} is no version: name a folder such as results/v0.2")
    found = sorted(path.parent for path in version.glob("*/runs.csv"))
    if named:
        found = [folder for folder in found if folder.name in named]
    if not found:
        raise HardballError(f"{version} holds no suite with a runs.csv")
    return found


def _suite(folder: Path) -> Iterator[Check]:
    try:
        runs = rows.read_runs(folder / "runs.csv")
    except HardballError as error:
        yield Check("differs", folder.name, str(error))
        return
    yield _planned(folder, runs)
    yield _environment(folder, runs)
    yield _sums(folder)


def _planned(folder: Path, runs: pd.DataFrame) -> Check:
    """Whether the rows are those that the suite plans now."""
    if folder.name not in suites.names():
        return Check("note", folder.name, f"{len(runs)} rows; no suite of that name plans them now")
    planned = {run.spec.run_id for run in plan.runs(suites.load(folder.name))}
    committed = set(runs["run_id"])
    said = [
        f"{len(names)} {how}, such as {', '.join(sorted(names)[:SHOWN])}"
        for how, names in (
            ("planned runs have no row", planned - committed),
            ("rows are not planned", committed - planned),
        )
        if names
    ]
    if said:
        return Check("differs", folder.name, "; ".join(said))
    return Check("verified", folder.name, f"{len(runs)} rows, as many as are planned")


def _environment(folder: Path, runs: pd.DataFrame) -> Check:
    """Whether environment.json says of the rows what they are."""
    path = folder / ENVIRONMENT
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Check("differs", folder.name, f"{ENVIRONMENT}: {brief(error)}")
    ours = {
        "runs": len(runs),
        "diverged": int((runs["status"] != "ok").sum()),
        "datasets": {
            str(name): sorted({str(v) for v in part["data_sha256"].dropna()})
            for name, part in runs.groupby("dataset")
        },
    }
    wrong = [key for key, value in ours.items() if told.get(key) != value]
    if wrong:
        detail = f"{ENVIRONMENT} says other {', '.join(wrong)} than the rows"
        return Check("differs", folder.name, detail)
    return Check("verified", folder.name, "rows, data sets and diverged runs as recorded")


def _sums(folder: Path) -> Check:
    told = sums.read(folder)
    if told is None:
        return Check("note", folder.name, f"no {sums.FILE}: `hardball freeze` writes it")
    wrong = [
        name
        for name, digest in told.items()
        if not (folder / name).is_file() or files.sha256(folder / name) != digest
    ]
    unsummed = [n for n in sums.SUMMED if (folder / n).is_file() and n not in told]
    if wrong or unsummed:
        detail = f"other bytes than in {sums.FILE}: {', '.join([*wrong, *unsummed])}"
        return Check("differs", folder.name, detail)
    return Check("verified", folder.name, f"{len(told)} checksums")


def _commits(folders: Iterable[Path]) -> Iterator[Check]:
    """Which commits trained the rows, and which of them had changes that were not committed."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        runs = rows.read_runs(folder / "runs.csv")
        for commit in runs.get("git_commit", pd.Series(dtype=str)).dropna().astype(str).unique():
            found.setdefault(commit, set()).add(folder.name)
    if len(found) == 1 and not next(iter(found)).endswith(UNCLEAN):
        yield Check("verified", "commits", f"all rows come from {next(iter(found))}")
        return
    listed = "; ".join(f"{_commit(one)} {', '.join(sorted(of))}" for one, of in found.items())
    yield Check("note", "commits", f"rows come from {len(found)} commits: {listed}")


def _commit(name: str) -> str:
    unclean = " with changes that were not committed:" if name.endswith(UNCLEAN) else ""
    return f"{name[:12]}{unclean}"


def _archive(version: Path, folders: Iterable[Path]) -> Iterator[Check]:
    """Whether archive.json names members of rows that are there, and its file where it is here."""
    record = archive.read_record(version)
    if record is None:
        yield Check("note", "archive", f"{version.name} has no {archive.RECORD}")
        return
    known = {folder.name: set(rows.read_runs(folder / "runs.csv")["run_id"]) for folder in folders}
    wrong = [
        name
        for name in record.members
        if name.split("/")[1] == "points"
        and Path(name).stem not in known.get(name.split("/")[0], {Path(name).stem})
    ]
    if wrong:
        yield Check("differs", "archive", f"{len(wrong)} members are of no row: {wrong[0]}")
    path = archive.own_folder() / record.file
    if not path.is_file():
        yield Check("note", "archive", f"{record.file} is not here: its bytes are not checked")
        return
    archive.find(record)
    yield Check("verified", "archive", f"{record.file}, {len(record.members)} members")


def _claims(version: Path) -> Iterator[Check]:
    """Whether the committed verdicts follow from the rows."""
    path = version / show.CSV
    if not path.is_file():
        yield Check("note", "claims", f"no {show.CSV}: `hardball claims {version.name} --to csv`")
        return
    found = verdicts.verdicts(ledger.read(), version.resolve().parent, version.resolve().name)
    table = pd.read_csv(path)
    kept = dict(zip(table["id"].astype(str), table["verdict"].astype(str), strict=True))
    ours = {one.claim.id: one.verdict for one in found}
    other = sorted(name for name in {*kept, *ours} if kept.get(name) != ours.get(name))
    if other:
        detail = f"{len(other)} verdicts differ: {', '.join(other[:SHOWN])}"
        yield Check("differs", "claims", f"{detail}; `hardball claims {version.name} --to csv`")
    else:
        yield Check("verified", "claims", f"{len(ours)} verdicts, {show.counts(found)}")


def _documents(version: Path, root: Path) -> Iterator[Check]:
    """Whether the figures of the documents that name this version come from its rows."""
    results = version.resolve().parent
    read = Rows(results)
    for page in figures.pages(root):
        place = page.relative_to(root).as_posix()
        found = list(figures.figures(page, read, version.resolve().name))
        for one in found:
            if one.wrong:
                yield Check("differs", f"{place}:{one.line}", f"{one.text!r}: {one.wrong}")
        good = sum(one.count for one in found if not one.wrong)
        if good:
            yield Check("verified", place, f"{good} numbers come from rows")
        tied = sum(one.measured for one in figures.figures(page, read) if not one.wrong)
        left = figures.measured(page) - tied
        if left > 0:
            yield Check("note", place, f"some {left} numbers are tied to no row")
    yield from _readme(version, root)


def _readme(version: Path, root: Path) -> Iterator[Check]:
    """Whether README's table is the one that its rows make, where it is of this version."""
    page = root / "README.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    told = readme.told(text)
    if told is None or told[0] != version.resolve().name:
        return
    try:
        made = readme.filled(text, version, told[1])
    except HardballError as error:
        yield Check("differs", "README.md", str(error))
        return
    same = made == text
    detail = f"its table is that of {told[1]}" if same else "its table is not that of the rows"
    yield Check("verified" if same else "differs", "README.md", detail)


def verify(version: Path, named: Iterable[str] = ()) -> Iterator[Check]:
    """`checks` of a version's folder in the checkout that holds it."""
    root = version.resolve().parent.parent
    return checks(version, root if (root / "README.md").is_file() else paths.root(), named)
