"""A version's results for good: rows, baselines, tables, linked pictures, an archive beside git.

results/<version>/<suite>/ has runs.csv, floors.csv, environment.json, tables and the pictures that
a document links, and external.csv where something was made elsewhere, ensembles.csv where
runs were scored together;
results/<version>/archive.json names the archive of curves and points.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd

from hardball.core.errors import HardballError
from hardball.report import archive, budgets, links, pictures, rows, sums
from hardball.report.frozen import ENVIRONMENT, VERSION

FILES = ("runs.csv", "floors.csv", "external.csv", "ensembles.csv")
TABLES = (".csv", ".md")
HOST = (
    "hardball", "python", "numpy", "jax", "torch", "platform", "cpu", "accelerator", "threads",
    "git_commit",
)  # fmt: skip
SMALLER = (
    "plan fewer runs in a suite, or leave out tables that `hardball table` makes again of runs.csv"
)

Again = Callable[[Path, Path], None]
"""Writes the tables that a folder's runs.csv and floors.csv alone allow to another folder."""


def freeze(
    version: str,
    folders: Sequence[Path],
    results: Path,
    *,
    force: bool = False,
    again: Again | None = None,
) -> Path:
    """Writes results/<version>/<suite>/ from each suite's folder; all of it or nothing.

    Suites of the version that are not named stay. The tables and the pictures that a document
    links must lie in the folder; results/.. is the checkout that has the documents. Curves and
    points go into the version's archive. again: where a suite is over its budget, tables that it
    writes byte for byte are left out, the largest first, but not linked ones.

    Raises HardballError on a bad version, a suite without rows, tables or a linked picture, on what
    is over its budget, on suites that are frozen already unless `force`, and, even then, on a
    version that git has a tag of.
    """
    if not VERSION.fullmatch(version):
        raise HardballError(f"version {version!r}: write it as v0.1 or v1.0.2")
    if not folders:
        raise HardballError("name at least one suite to freeze")
    _untagged(version, results.parent)
    target = results / version
    linked = links.linked(results.parent)
    for folder in folders:
        _check(folder, target / folder.name, force)
    results.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=results))
    try:
        if target.is_dir():
            shutil.copytree(target, aside, dirs_exist_ok=True)
        for folder in folders:
            _copy(folder, aside / folder.name)
            _pictures(folder, aside / folder.name, linked, results)
            _slim(folder, aside / folder.name, target / folder.name, linked, again)
        _within(aside, target, results)
        _archive(version, folders, aside)
        _within(aside, target, results)
        aside.chmod(0o755)
        _swap(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _untagged(version: str, root: Path) -> None:
    """Raises HardballError where git has a tag of the version: what was published stays."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "tag", "--list", version], capture_output=True, text=True
        )
    except OSError:
        return
    if listed.stdout.strip():
        raise HardballError(
            f"version {version} has a tag and is never frozen again: choose a new version"
        )


def _check(folder: Path, target: Path, force: bool) -> None:
    if target.exists() and not force:
        raise HardballError(f"{target} is frozen already: choose a new version, or --force")
    rows.read_runs(folder / "runs.csv")
    if not any((folder / "tables").glob("*")):
        raise HardballError(f"{folder} has no tables: run `hardball table {folder.name}`")


def _copy(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    found = [folder / name for name in FILES if (folder / name).is_file()]
    found += sorted(path for path in (folder / "tables").iterdir() if path.suffix in TABLES)
    for path in found:
        copied = target / path.relative_to(folder)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    runs = rows.read_runs(folder / "runs.csv")
    text = json.dumps(environment(runs), indent=2, sort_keys=True, ensure_ascii=False)
    (target / ENVIRONMENT).write_text(text + "\n", encoding="utf-8")
    sums.write(target)


def _pictures(folder: Path, target: Path, linked: Iterable[Path], results: Path) -> None:
    """The pictures of a suite that a document links, of this or of another version."""
    names = set()
    for path in linked:
        place = path.relative_to(results.resolve()).parts if _below(path, results) else ()
        if len(place) == 4 and place[1:3] == (folder.name, "plots"):
            names.add(place[3])
    for name in sorted(names):
        drawn = folder / "plots" / name
        if not drawn.is_file():
            raise HardballError(
                f"{folder} has no plots/{name}, which a document links: run `hardball plot "
                f"{folder.name}`, or link another picture"
            )
        (target / "plots").mkdir(exist_ok=True)
        if drawn.suffix == ".png":
            (target / "plots" / name).write_bytes(pictures.small_png(drawn))
        else:
            shutil.copyfile(drawn, target / "plots" / name)
            size = {f"plots/{name}": drawn.stat().st_size}
            budgets.within(size, budgets.PICTURE, f"the picture {drawn}", "link its .png")


def _below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def _slim(
    folder: Path, copied: Path, target: Path, linked: Iterable[Path], again: Again | None
) -> None:
    """Leaves tables out of a suite that is over its budget; see `freeze`."""
    if again is None or sum(budgets.sizes(copied).values()) <= budgets.SUITE:
        return
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        again(folder, made)
        kept = {path.name for path in linked if path.parent == (target / "tables").resolve()}
        same = [
            path
            for path in (copied / "tables").iterdir()
            if path.name not in kept
            and (made / path.name).is_file()
            and (made / path.name).read_bytes() == path.read_bytes()
        ]
    for path in sorted(same, key=lambda path: (-path.stat().st_size, path.name)):
        if sum(budgets.sizes(copied).values()) <= budgets.SUITE:
            return
        path.unlink()


def _archive(version: str, folders: Sequence[Path], aside: Path) -> None:
    """Packs the version's curves and points, those of suites that stay from its old archive."""
    older = archive.read_record(aside)
    members: dict[str, Path] = {}
    for folder in folders:
        runs = rows.read_runs(folder / "runs.csv")
        others = rows.read_external(folder / "external.csv")["file"]
        members |= archive.members_of(
            folder,
            runs.to_dict("records"),  # type: ignore[arg-type]
            [name for name in others if name.startswith("points/")],
        )
    named = {folder.name for folder in folders}
    stay = {name.split("/")[0] for name in older.members} - named if older else set()
    with tempfile.TemporaryDirectory() as name:
        if older and stay:
            found = archive.find(older)
            for suite in sorted(stay):
                archive.unpack(found, older, suite, Path(name) / suite)
            kept = [member for suite in stay for member in older.of(suite)]
            members |= {member: Path(name) / member for member in kept}
        if members:
            archive.write_record(aside, archive.pack(archive.own_folder(), version, members))


def _within(aside: Path, target: Path, results: Path) -> None:
    """Raises HardballError where a suite, the version or the whole tree is over its budget."""
    found = budgets.sizes(aside)
    by_suite: dict[str, dict[str, int]] = {}
    for name, size in found.items():
        by_suite.setdefault(name.split("/")[0], {})[name] = size
    for suite, sizes in by_suite.items():
        if (aside / suite).is_dir():
            budgets.within(sizes, budgets.SUITE, f"{target / suite}", SMALLER)
    budgets.within(found, budgets.VERSION, f"{target}", "freeze fewer suites, or smaller ones")
    tree = _tree(found, target, results.parent)
    budgets.within(tree, budgets.TREE, "the repository", "freeze fewer suites, or smaller ones")


def _tree(found: Mapping[str, int], target: Path, root: Path) -> dict[str, int]:
    """What git would track: what it tracks now beside the version, and the version."""
    tracked = budgets.tracked(root)
    place = f"results/{target.name}/"
    outside = {name: size for name, size in tracked.items() if not name.startswith(place)}
    return {**outside, **{place + name: size for name, size in found.items()}}


def _swap(aside: Path, target: Path) -> None:
    """The finished folder in place of the old one, which comes back if that fails."""
    old = target.with_name(f".{target.name}-old")
    if old.exists() and not target.exists():
        # A process was killed between the two renames below.
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        aside.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def environment(runs: pd.DataFrame) -> dict[str, object]:
    """What the runs were made with: every value that occurs, and the packages installed now."""
    seen = {
        column: sorted({str(v) for v in runs[column].dropna() if str(v)})
        for column in HOST
        if column in runs
    }
    packages = {}
    for name in ("hardball", "jax", "jaxlib", "torch", "numpy", "scipy", "pandas", "numba"):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "runs": len(runs),
        "diverged": int((runs["status"] != "ok").sum()),
        "datasets": {
            str(dataset): sorted({str(v) for v in part["data_sha256"].dropna()})
            for dataset, part in runs.groupby("dataset")
        }
        if "data_sha256" in runs
        else {},
        "rows_say": seen,
        "packages": packages,
    }
