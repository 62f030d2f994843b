"""A finished suite as a Workflow Run RO-Crate: workflow, rows, environment, checksums.

https://www.researchobject.org/workflow-run-crate/profiles/0.5/workflow_run_crate
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from hardball.core import files, optional, paths
from hardball.core.errors import HardballError
from hardball.core.text import slug
from hardball.data import cards
from hardball.report import freeze, rows
from hardball.report.frozen import ENVIRONMENT

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# Words of the profile beyond those of RO-Crate 1.1.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
LICENCE = "https://spdx.org/licenses/MIT"
WORKFLOW = "Snakefile"
README = "README.md"
PLACES = {
    "python": "https://www.python.org/",
    **{name: f"https://pypi.org/project/{name}/{{version}}/" for name in ("numpy", "jax", "torch")},
}
RESULTS = ("runs.csv", "floors.csv", "external.csv")
FOLDERS = ("tables", "plots")
LARGE = ("curves", "points")
FORMATS = {
    ".csv": "text/csv", ".md": "text/markdown", ".json": "application/json",
    ".yaml": "application/yaml", ".svg": "image/svg+xml", ".png": "image/png",
    ".smk": "text/plain", ".rst": "text/x-rst", ".parquet": "application/vnd.apache.parquet",
    ".npz": "application/zip", ".tex": "text/x-tex", ".py": "text/x-python", "": "text/plain",
}  # fmt: skip


def write(folder: Path, out: Path, *, author: str = "", whole: bool = False) -> Path:
    """Writes the crate of a suite's folder, as an archive where `out` ends in .zip, else a folder.

    It holds the workflow, the suite and the cards of its data, rows, baselines, tables, pictures
    and environment.json; curves and points too if `whole`. Each file has its sha256.
    author: the person who ran the suite, whom rows do not name.
    Raises HardballError without rows, where `out` is there already, and without rocrate.
    """
    package = optional.load("rocrate.rocrate", "an RO-Crate")
    runs = rows.read_runs(folder / "runs.csv")
    if out.exists():
        raise HardballError(f"{out} is there already: remove it, or name another with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        aside = Path(name)
        environment = folder / ENVIRONMENT  # a frozen suite has its own
        if not environment.is_file():
            environment = aside / ENVIRONMENT
            said = freeze.environment(runs)
            text = json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False)
            environment.write_text(text + "\n", encoding="utf-8")
        crate = _described(package, folder, runs, environment, author, whole)
        crate.add_file(
            _readme(crate, aside),
            README,
            properties={"about": {"@id": "./"}, "encodingFormat": "text/markdown"},
        )
        made = aside / out.name
        if out.suffix == ".zip":
            crate.write_zip(made)
        else:
            crate.write(made)
        shutil.move(made, out)
    return out


def _described(
    package: Any, folder: Path, runs: pd.DataFrame, environment: Path, author: str, whole: bool
) -> Any:
    crate = package.ROCrate(version="1.1")
    crate.metadata.extra_terms.update(TERMS)
    suite = ", ".join(sorted({str(name) for name in runs["suite"] if str(name)})) or folder.name
    frameworks = " and ".join(sorted({str(name) for name in runs["framework"]}))
    crate.name = f"hardball, suite {suite}"
    crate.description = (
        f"{len(runs)} runs of the suite {suite} in {frameworks}: rows, tables, pictures, and the "
        "workflow that made them"
    )
    licence = _entity(package, crate, LICENCE, "CreativeWork", name="MIT licence")
    crate.license = crate.add(licence)
    crate.root_dataset["conformsTo"] = [
        crate.add(_entity(package, crate, uri, "CreativeWork", name=name, version=version))
        for uri, (name, version) in PROFILES.items()
    ]
    workflow = _workflow(package, crate, runs)
    given = _inputs(package, crate, workflow, suite)
    given += _datasets(package, crate, workflow, runs)
    made = [_file(crate, path, name) for path, name in _results(folder, whole)]
    made.append(_file(crate, environment, ENVIRONMENT))
    begun, ended = _times(runs)
    run = crate.add(
        _entity(
            package, crate, "#run", "CreateAction",
            name=f"the runs of {suite}",
            description="training and scoring of each run, then collecting, tables and pictures",
            instrument=workflow,
            object=given,
            result=made,
            startTime=begun,
            endTime=ended,
            actionStatus="http://schema.org/CompletedActionStatus",
        )
    )  # fmt: skip
    crate.root_dataset["mentions"] = run
    if author:
        person = crate.add(_entity(package, crate, "#author", "Person", name=author))
        crate.root_dataset["author"] = run["agent"] = person
    return crate


def _readme(crate: Any, folder: Path) -> Path:
    """A README of the crate, for people."""
    text = f"""# {crate.name}

{crate.description}.

- `runs.csv`: one row a run, with its settings, figures, costs and code
- `tables/`, `plots/`: what was made of the rows
- `environment.json`: versions and machine
- `{WORKFLOW}`, `benchmarks/`, `config/`: the workflow, its suite and its configuration
- `datasets/`: the cards of the data, with sources and licences
- `ro-crate-metadata.json`: all of this for programs, with the sha256 of each file
"""
    path = folder / README
    path.write_text(text, encoding="utf-8")
    return path


def _workflow(package: Any, crate: Any, runs: pd.DataFrame) -> Any:
    """The Snakefile as the main entity, its rules and configuration as its parts."""
    root = paths.root()
    workflow = crate.add_workflow(
        root / WORKFLOW, WORKFLOW, main=True, lang="snakemake", properties=_facts(root / WORKFLOW)
    )
    workflow["name"] = "hardball: suite to hierarchies, runs, tables and plots"
    workflow["license"] = LICENCE
    workflow["version"] = ", ".join(_values(runs, "git_commit")) or ", ".join(
        _values(runs, "hardball")
    )
    inside = [*sorted((root / "benchmarks" / "workflow").rglob("*")), root / "config/config.yaml"]
    workflow["hasPart"] = [
        _file(crate, path, path.relative_to(root).as_posix())
        for path in inside
        if path.is_file() and path.suffix != ".pyc"
    ]
    workflow["softwareRequirements"] = [
        _software(package, crate, name, version)
        for name in ("python", "hardball", "numpy", "jax", "torch")
        for version in _values(runs, name)
    ]
    return workflow


def _software(package: Any, crate: Any, name: str, version: str) -> Any:
    """A program or package that the rows name; a released version has an address."""
    address = PLACES.get(name, "").format(version=version.partition("+")[0])
    said = _entity(
        package, crate, address or f"#{name}-{version}", "SoftwareApplication",
        name=name, softwareVersion=version,
    )  # fmt: skip
    if address:
        said["url"] = address
    return crate.add(said)


def _inputs(package: Any, crate: Any, workflow: Any, suite: str) -> list[Any]:
    """The suite's file, where it is one of those that come with hardball."""
    path = paths.suites() / f"{suite}.yaml"
    if not path.is_file():
        return []
    parameter = _parameter(package, crate, "suite", "File", "which runs there are")
    workflow["input"] = [parameter]
    added = _file(crate, path, path.relative_to(paths.root()).as_posix())
    added["exampleOfWork"] = parameter
    parameter["workExample"] = added
    return [added]


def _datasets(package: Any, crate: Any, workflow: Any, runs: pd.DataFrame) -> list[Any]:
    """The data sets of the rows: their cards, and the checksum that the rows have of each."""
    given, told = [], set()
    for dataset, part in runs.groupby("dataset"):
        parameter = _parameter(
            package,
            crate,
            f"dataset-{slug(str(dataset))}",
            "PropertyValue",
            "a hierarchy that is embedded",
        )
        value = _entity(
            package, crate, f"#{slug(str(dataset))}", "PropertyValue",
            name=str(dataset),
            propertyID="data_sha256",
            value=", ".join(_values(part, "data_sha256")),
            exampleOfWork=parameter,
        )  # fmt: skip
        parameter["workExample"] = crate.add(value)
        workflow.append_to("input", parameter)
        given.append(value)
        if cards.exists(str(dataset)):
            told.update(cards.lineage(str(dataset)))
    named = {path: path.relative_to(paths.root()).as_posix() for path in sorted(told)}
    return [*given, *(_file(crate, path, name) for path, name in named.items())]


def _results(folder: Path, whole: bool) -> Iterator[tuple[Path, str]]:
    """Files of a suite's folder with their names in the crate."""
    for name in RESULTS:
        if (folder / name).is_file():
            yield folder / name, name
    for below in (*FOLDERS, *(LARGE if whole else ())):
        for path in sorted((folder / below).rglob("*")):
            if path.is_file():
                yield path, path.relative_to(folder).as_posix()


def _times(runs: pd.DataFrame) -> tuple[str, str]:
    """When the first run started, and when the last one had trained."""
    started = [datetime.fromisoformat(text) for text in _values(runs, "started")]
    if not started:
        raise HardballError("the rows do not say when they started: they are no rows of hardball")
    spent = runs[["train_seconds", "compile_seconds"]].fillna(0).sum(axis=1)
    ends = [
        datetime.fromisoformat(str(start)) + timedelta(seconds=float(seconds))
        for start, seconds in zip(runs["started"], spent, strict=True)
    ]
    return min(started).isoformat(timespec="seconds"), max(ends).isoformat(timespec="seconds")


def _values(runs: pd.DataFrame, column: str) -> list[str]:
    """The values that occur in a column, as text; none where there is no such column."""
    if column not in runs:
        return []
    return sorted({str(value) for value in runs[column].dropna() if str(value)})


def _parameter(package: Any, crate: Any, name: str, kind: str, what: str) -> Any:
    return crate.add(
        _entity(
            package, crate, f"#parameter-{name}", "FormalParameter",
            name=name, additionalType=kind, description=what,
        )
    )  # fmt: skip


def _entity(package: Any, crate: Any, uri: str, kind: str, **properties: Any) -> Any:
    contextual = package.ContextEntity(crate, uri, properties={"@type": kind})
    for key, value in properties.items():
        contextual[key] = value
    return contextual


def _file(crate: Any, path: Path, name: str) -> Any:
    return crate.add_file(path, name, properties={"name": name, **_facts(path)})


def _facts(path: Path) -> dict[str, str]:
    """What is said of each file: its format, its size in bytes, its checksum."""
    known = {"contentSize": str(path.stat().st_size), "sha256": files.sha256(path)}
    kind = FORMATS.get(path.suffix)
    return {**known, "encodingFormat": kind} if kind else known
