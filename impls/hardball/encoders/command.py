"""`hardball blankets`: the options, the table, and the row."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hardball import catalog, paths
from hardball.errors import HardballError

if TYPE_CHECKING:
    from hardball.encoders.blankets import Score, Settings
    from hardball.encoders.diagnose import Diagnosis


def blankets(
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="hierarchy")] = "wordnet_mammals",
    framework: Annotated[str, typer.Option("--framework", "-f", help="jax or torch")] = "jax",
    seed: Annotated[int, typer.Option(help="of everything that is drawn")] = 0,
    steps: Annotated[int, typer.Option(help="of Adam")] = 2000,
    drop: Annotated[
        str, typer.Option(help="what a broken blanket lacks: parent, child, coparent or any")
    ] = "parent",
    breaks: Annotated[
        int, typer.Option(help="broken blankets an anchor is trained against; 0: none, a control")
    ] = 1,
    others: Annotated[
        bool, typer.Option(help="the batch's other blankets are negatives too")
    ] = True,
    width: Annotated[int, typer.Option(help="members of a blanket at most")] = 16,
    dim: Annotated[int, typer.Option(help="dimensions")] = 16,
    batch: Annotated[int, typer.Option(help="anchors a step")] = 128,
    lr: Annotated[float, typer.Option(help="rate of Adam")] = 0.01,
    temperature: Annotated[float, typer.Option(help="of InfoNCE")] = 0.5,
    heldout: Annotated[
        float, typer.Option(help="share of the nodes in each of the two held-out groups")
    ] = 0.1,
    manifold: Annotated[str, typer.Option(help="such as poincare")] = "tangent",
    dtype: Annotated[str, typer.Option(help="float32 or float64")] = "float32",
    out: Annotated[Path | None, typer.Option(help="folder [results/work/blankets]")] = None,
) -> None:
    """Trains a graph attention encoder on Markov blankets and asks whether it notices a break.

    Each node's row is drawn to the encoding of its parents, children and co-parents, and away from
    that of the same blanket without one of them. docs/blankets.md explains the table.

    \b
    hardball blankets -d wordnet_mammals -f jax --seed 0 --drop parent
    hardball blankets -d ncbi_primates -f torch --breaks 0
    """
    from rich.console import Console

    from hardball.encoders.blankets import Settings
    from hardball.encoders.diagnose import diagnose
    from hardball.hierarchy import store
    from hardball.hierarchy.blankets import drop_code

    if framework not in ("jax", "torch"):
        raise HardballError(f"unknown framework {framework!r}: allowed are jax, torch")
    if dtype not in ("float32", "float64"):
        raise HardballError(f"dtype={dtype!r}: allowed are float32, float64")
    counts = {"steps": steps, "batch": batch, "dim": dim, "width": width}
    for name, value in {**counts, "lr": lr, "temperature": temperature}.items():
        if value <= 0:
            raise HardballError(f"{name}={value}: must be above 0")
    if breaks < 0 or (breaks == 0 and not others):
        raise HardballError(f"breaks={breaks}: without --others there must be 1 or more")
    drop_code(drop)
    catalog.entry("manifold", manifold)
    how = Settings(
        dim=dim,
        steps=steps,
        batch=batch,
        drop=drop,
        breaks=breaks,
        others=others,
        width=width,
        lr=lr,
        temperature=temperature,
        heldout=heldout,
        manifold=manifold,
        dtype="float32" if dtype == "float32" else "float64",
    )
    hierarchy = store.open_hierarchy(dataset)
    found = diagnose(hierarchy, seed, framework, how)
    _show(found, f"{hierarchy.name}, {framework}, seed {seed}, {drop} dropped", Console())
    row = {"dataset": hierarchy.name, "framework": framework, "seed": seed}
    path = _write(out or paths.results() / "work" / "blankets", row, how, found)
    typer.echo(path)


def _show(found: "Diagnosis", title: str, console: Any) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    caption = "chance is 0.5; 95 % bootstrap intervals over nodes"
    shown = Table("is it farther?", title=title, caption=caption, box=SIMPLE, pad_edge=False)
    for column in ("nodes", "before", "AUC after", "pairs after"):
        shown.add_column(column, justify="right", no_wrap=True)
    group = ""
    for line in (line for line in found.lines if line.after.n):
        if line.nodes != group:
            shown.add_section()
            shown.add_row(f"[bold]{(group := line.nodes)}")
        after = line.after
        shown.add_row(
            f"{line.far} > {line.near}",
            str(after.n),
            _interval(line.before.auc),
            _interval(after.auc, after.auc_low, after.auc_high),
            _interval(after.share, after.share_low, after.share_high),
        )
    console.print(shown)
    losses, seconds = found.trained.losses, found.trained.seconds
    console.print(
        f"loss {losses[0]:.3f} -> {losses[-50:].mean():.3f}, {seconds:.1f} s of training, "
        f"{found.trained.compile_seconds:.1f} s of compilation"
    )


def _interval(value: float, low: float = math.nan, high: float = math.nan) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.2f}" if math.isnan(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _write(folder: Path, row: dict[str, Any], how: "Settings", found: "Diagnosis") -> Path:
    """One JSON file a run, named by what it depends on; a NaN is written as null."""
    import hashlib
    import json
    from dataclasses import asdict

    from hardball.collect import replacing
    from hardball.trainers import provenance

    task, trained = found.task, found.trained
    settings = asdict(how)
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    path = folder / "-".join([row["dataset"], row["framework"], how.drop, f"s{row['seed']}", key])
    path = path.with_name(f"{path.name}.json")
    whole = {
        **row,
        "settings": settings,
        "nodes": {
            "all": task.alike.size,
            "anchors": task.anchors.size,
            "unbroken": task.unbroken.size,
            "unseen": task.unseen.size,
            "wider_than_width": int((task.blankets.sizes > how.width).sum()),
        },
        "figures": [
            {**line._asdict(), "before": _score(line.before), "after": _score(line.after)}
            for line in found.lines
        ],
        "loss_first": float(trained.losses[0]),
        "loss_last": float(trained.losses[-50:].mean()),
        "train_seconds": trained.seconds,
        "compile_seconds": trained.compile_seconds,
        "provenance": provenance.provenance(),
    }
    with replacing(path) as aside:
        aside.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", "utf-8")
    return path


def _score(score: "Score") -> dict[str, float | None]:
    return {key: None if math.isnan(value) else value for key, value in score._asdict().items()}
