"""A version's results for good: runs.csv, floors, tables, pictures and the environment, small."""

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pandas as pd

from hardball.core.errors import HardballError
from hardball.report import rows

# What is copied of a suite's folder; points, curves and checkpoints are too large to commit.
FILES = ("runs.csv", "floors.csv")
FOLDERS = {"tables": (".csv", ".md", ".tex"), "plots": (".svg", ".png")}
LARGEST = 4_000_000
VERSION = re.compile(r"v\d+(\.\d+)*([a-z]+\d*)?")
HOST = (
    "hardball", "python", "numpy", "jax", "torch", "platform", "cpu", "accelerator", "threads",
    "git_commit",
)  # fmt: skip


def freeze(version: str, folders: Sequence[Path], results: Path, *, force: bool = False) -> Path:
    """Writes results/<version>/<suite>/ from each suite's folder; all of it or nothing.

    Suites of the version that are not named stay. The tables and plots must lie in the folder.
    Raises HardballError on a bad version, a suite without rows, tables or plots, files that are too
    large, and on suites that are frozen already unless `force`.
    """
    if not VERSION.fullmatch(version):
        raise HardballError(f"version {version!r}: write it as v0.1 or v1.0.2")
    if not folders:
        raise HardballError("name at least one suite to freeze")
    target = results / version
    for folder in folders:
        _check(folder, target / folder.name, force)
    results.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=results))
    try:
        if target.is_dir():
            shutil.copytree(target, aside, dirs_exist_ok=True)
        for folder in folders:
            _copy(folder, aside / folder.name)
        aside.chmod(0o755)
        _swap(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _check(folder: Path, target: Path, force: bool) -> None:
    if target.exists() and not force:
        raise HardballError(f"{target} is frozen already: choose a new version, or --force")
    rows.read_runs(folder / "runs.csv")
    for part in FOLDERS:
        if not any((folder / part).glob("*")):
            command = "table" if part == "tables" else "plot"
            raise HardballError(f"{folder} has no {part}: run `hardball {command} {folder.name}`")
    for path in _files(folder):
        if path.stat().st_size > LARGEST:
            raise HardballError(
                f"{path} has {path.stat().st_size:,} bytes: only files up to {LARGEST:,} are frozen"
            )


def _files(folder: Path) -> list[Path]:
    found = [folder / name for name in FILES if (folder / name).is_file()]
    for part, suffixes in FOLDERS.items():
        found += sorted(p for p in (folder / part).iterdir() if p.suffix in suffixes)
    return found


def _copy(folder: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for path in _files(folder):
        copied = target / path.relative_to(folder)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    runs = rows.read_runs(folder / "runs.csv")
    text = json.dumps(environment(runs), indent=2, sort_keys=True, ensure_ascii=False)
    (target / "environment.json").write_text(text + "\n", encoding="utf-8")


def _swap(aside: Path, target: Path) -> None:
    """The finished folder in place of the old one, which comes back if that fails."""
    old = target.with_name(f".{target.name}-old")
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
