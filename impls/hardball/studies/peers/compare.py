"""The comparison: which runs are missing, running them one after the other, writing the results."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from hardball.core import optional, provenance
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import save_points
from hardball.hierarchy import closure as closures
from hardball.hierarchy.dag import Hierarchy
from hardball.metrics import protocols
from hardball.runs import code, suites, tables
from hardball.studies.peers import adapter_hardball, launch, report, row, score, show, systems
from hardball.studies.peers import task as tasks
from hardball.studies.peers.row import Row
from hardball.studies.peers.systems import REFERENCE, System
from hardball.studies.peers.task import Data, Task

SMALL_BATCH, LARGE_BATCH = 10, 50
INSTALL = "pip install 'hardball[peers]'"
CHECKOUT_MISSING = (
    f"not run: --reference names no checkout of {systems.CHECKOUT} "
    "(CC BY-NC, not on the package index): clone and build one, then --reference PATH"
)


@dataclass(frozen=True)
class Options:
    """What a person asked for; seconds: of training, for each system."""

    dataset: str = "wordnet_mammals"
    dim: int = 5
    negatives: tuple[int, ...] = (10, 50)
    seconds: float = 60.0
    only: tuple[str, ...] = ()
    threads: int = 1
    seed: int = 0
    reference: Path | None = None
    reference_python: Path | None = None
    force: bool = False


def compare(options: Options, out: Path) -> list[Path]:
    """Runs what is missing and writes table and figure; returns what was written.

    A system that cannot run here has a row that says why. Raises HardballError on settings that
    cannot work, before anything runs.
    """
    check(options)
    hierarchy = store.open_hierarchy(options.dataset)
    relations = closures.closure(hierarchy)
    data = Data(closures.pairs(relations), relations.indptr, relations.indices)
    _check_connected(hierarchy, data)
    found = []
    for which, task, reason in planned(options, hierarchy):
        if reason:
            found.append(_not_run(which, task, reason))
            continue
        identity = identity_of(which, task, hierarchy)
        path = out / "rows" / f"{task.key}.json"
        known = None if options.force else row.read(path)
        if known is None or known.identity != identity or known.status == "failed":
            known = _run(which, task, identity, hierarchy, data, out)
            row.write(path, known)
        found.append(known)
    found = _ordered([*found, *_others(out, options, {report.key_of(entry) for entry in found})])
    share = protocols.descendant_share(relations)
    return report.write(found, _curves(out, found), share, out)


def check(options: Options) -> None:
    """Raises HardballError where an option cannot work."""
    named = systems.chosen(list(options.only))
    if not options.negatives or min(options.negatives) < 1:
        listed = ", ".join(map(str, options.negatives))
        raise HardballError(f"--negatives {listed}: allowed are 1 or more")
    if options.dim < 2:
        raise HardballError(f"--dim {options.dim}: allowed are 2 or more")
    if not options.seconds > 0:
        raise HardballError(f"--minutes {options.seconds / 60:g}: allowed is more than 0")
    if options.threads < 1:
        raise HardballError(f"--threads {options.threads}: allowed are 1 or more")
    if options.reference is not None and not (options.reference / "embed.py").is_file():
        raise HardballError(
            f"--reference {options.reference}: no embed.py there; name a checkout of "
            f"{systems.CHECKOUT}, built as its README says"
        )
    python = options.reference_python
    if python is not None and not python.is_file():
        raise HardballError(f"--reference-python {python}: no such interpreter")
    for which in named:
        reason = _absent(which, options)
        if reason and which.name in options.only:
            raise HardballError(f"{which.name}: {reason}")


def planned(options: Options, hierarchy: Hierarchy) -> list[tuple[System, Task, str]]:
    """(system, task, reason not to run it or "") in the table's order.

    A pool is no number of negatives a pair: it runs once, with its recipe's own.
    """
    many = adapter_hardball.is_many(hierarchy.n_nodes)
    out = []
    for count in options.negatives:
        for which in systems.chosen(list(options.only)):
            if which.form == "pool":
                continue
            reason = _absent(which, options)
            beyond = which.most_negatives is not None and count > which.most_negatives
            if not reason and beyond and which.name not in options.only:
                reason = f"not run at K={count}: {which.why}; --only {which.name} insists"
            out.append((which, _task(which, options, count, many), reason))
    for which in systems.chosen(list(options.only)):
        if which.form == "pool":
            out.append((which, _pool_task(which, options, many), _absent(which, options)))
    return out


def _task(which: System, options: Options, negatives: int, many: bool) -> Task:
    named = which.name == REFERENCE and options.reference is not None
    return Task(
        system=which.name,
        dataset=options.dataset,
        dim=options.dim,
        negatives=negatives,
        batch_size=LARGE_BATCH if many else SMALL_BATCH,
        lr=which.lr_large if many else which.lr_small,
        seconds=options.seconds,
        threads=options.threads,
        seed=options.seed,
        dtype=which.dtype,
        burn_in=which.burn_in,
        burn_in_factor=which.burn_in_factor,
        checkout=str(options.reference.resolve()) if named and options.reference else "",
        # A virtual environment's interpreter is a link: resolved, it would lose its packages.
        interpreter=str((options.reference_python or Path(sys.executable)).absolute())
        if named
        else "",
    )


def _pool_task(which: System, options: Options, many: bool) -> Task:
    base = suites.load(adapter_hardball.RECIPES[many]).base
    task = _task(which, options, base["negatives"], many)
    return replace(task, batch_size=base["batch_size"], lr=base["lr"])


def _absent(which: System, options: Options) -> str:
    """Why a system cannot run here, "" when it can."""
    if which.name == REFERENCE:
        return "" if options.reference else CHECKOUT_MISSING
    needed = [which.framework or which.package]
    missing = [name for name in needed if not optional.installed(name)]
    return f"not run: {missing[0]} is not installed: {INSTALL}" if missing else ""


def identity_of(which: System, task: Task, hierarchy: Hierarchy) -> str:
    """sha256 of the settings, the data, the system's version and the code that runs it here."""
    here = Path(__file__).parent
    digest = hashlib.sha256(json.dumps(asdict(task), sort_keys=True).encode())
    digest.update(hierarchy.content_sha256.encode())
    digest.update(version_of(which, task).encode())
    for name in (which.adapter, "foreign.torch_loop", "clock"):
        digest.update((here / f"{name.replace('.', '/')}.py").read_bytes())
    if which.framework:
        many = adapter_hardball.is_many(hierarchy.n_nodes)
        digest.update(code.code_sha256(adapter_hardball.spec_of(task, many)).encode())
    return digest.hexdigest()


def version_of(which: System, task: Task) -> str:
    """A package's version, a checkout's commit, or this project's version."""
    if which.name != REFERENCE:
        return provenance.version(which.package)
    asked = ["git", "-C", task.checkout, "rev-parse", "--short", "HEAD"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _check_connected(hierarchy: Hierarchy, data: Data) -> None:
    """Systems that are given pairs never see a lone node, so it could have no points."""
    seen = len(set(data.pairs.ravel().tolist()))
    if seen < hierarchy.n_nodes:
        raise HardballError(
            f"{hierarchy.name}: {hierarchy.n_nodes - seen} nodes have neither ancestor nor "
            "descendant, which other systems cannot embed: take a hierarchy without lone nodes"
        )


def _not_run(which: System, task: Task, reason: str) -> Row:
    return Row(
        system=which.name,
        dataset=task.dataset,
        dim=task.dim,
        negatives=task.negatives,
        status="not run",
        note=reason,
        wrong=report.wrong(which),
    )


def _run(
    which: System, task: Task, identity: str, hierarchy: Hierarchy, data: Data, out: Path
) -> Row:
    came_from = provenance.provenance()
    folder = out / "running" / task.key
    launch.clean(folder)
    tasks.write(folder, task, data)
    try:
        with show.Running(task.key, task.seconds) as shown:
            result = launch.launch(
                folder, task.seconds, task.threads, out / "logs" / f"{task.key}.log", shown.update
            )
        scored = _scored(which, task, result, folder, hierarchy, data, out)
    finally:
        launch.clean(folder)
    finished = Row(
        system=which.name,
        identity=identity,
        version=version_of(which, task),
        dataset=task.dataset,
        dim=task.dim,
        negatives=task.negatives,
        batch_size=task.batch_size,
        lr=task.lr,
        recipe=which.recipe,
        dtype=task.dtype,
        threads=result.get("threads", task.threads),
        seed=task.seed,
        wrong=report.wrong(which),
        **scored,
        **{name: came_from[name] for name in ("hardball", "git_commit", "platform", "cpu")},
        started=came_from["started"],
    )
    show.ended(finished)
    return finished


def _scored(
    which: System,
    task: Task,
    result: dict[str, Any],
    folder: Path,
    hierarchy: Hierarchy,
    data: Data,
    out: Path,
) -> dict[str, Any]:
    """The columns that a run's result and its snapshots give; leaves curve and points."""
    stem = out / "curves" / f"{task.key}.csv"
    stem.unlink(missing_ok=True)
    if not result.get("snapshots"):
        note = result.get("failed", "no points were left: give it more --minutes")
        return {"status": "diverged" if note == "diverged" else "failed", "note": note}
    closure = closures.Csr(data.indptr, data.indices)
    manifold = result["manifold"]
    curve = score.curve(folder, result["snapshots"], manifold, hierarchy, closure, task.threads)
    tables.write_table(stem, curve)
    passes = result["pairs"] / len(data.pairs)
    own = protocols.reference_epochs(passes, task.threads) if which.name == REFERENCE else None
    printed = result.get("printed", {})
    columns: dict[str, Any] = {
        "status": "ok",
        "note": result.get("failed", ""),
        "seconds": result["seconds"],
        "compile_seconds": result["compile_seconds"],
        "passes": passes,
        "own_epochs": own,
        "coverage": result.get("coverage"),
        "rate": result["rate"],
        "printed_map": printed.get("map_rank"),
        "printed_mean_rank": printed.get("mean_rank"),
        "seconds_to_map_50": score.seconds_to(curve, 0.5),
        "seconds_to_map_90": score.seconds_to(curve, 0.9),
        "peak_memory_mb": result["peak_memory_mb"],
    }
    points = score.read_points(folder / result["snapshots"][-1]["file"])
    try:
        columns |= score.final(points, manifold, hierarchy, closure, which.protocol, task.threads)
    except HardballError as error:
        return {**columns, "status": "diverged", "note": str(error)}
    if columns["note"]:
        columns["status"] = "diverged" if columns["note"] == "diverged" else "failed"
    save_points(out / "points" / f"{task.key}.npz", points, manifold, 1.0, hierarchy.ids)
    return columns


def _others(out: Path, options: Options, known: set[str]) -> list[Row]:
    """What earlier calls left for the same data set and dimension, beside the known ones."""
    earlier = [row.read(path) for path in sorted((out / "rows").glob("*.json"))]
    return [
        entry
        for entry in earlier
        if entry is not None
        and (entry.dataset, entry.dim) == (options.dataset, options.dim)
        and entry.system in systems.names()
        and report.key_of(entry) not in known
    ]


def _ordered(rows: Sequence[Row]) -> list[Row]:
    """By K, then in the order of the systems; pools after all."""
    place = {name: i for i, name in enumerate(systems.names())}
    pool = {entry.name for entry in systems.SYSTEMS if entry.form == "pool"}
    return sorted(rows, key=lambda r: (r.system in pool, r.negatives, place[r.system]))


def _curves(out: Path, rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    found = {}
    for entry in rows:
        key = report.key_of(entry)
        path = out / "curves" / f"{key}.csv"
        if entry.status != "not run" and path.is_file():
            found[key] = pd.read_csv(path)
    return found
