"""What `hardball blankets` shows and leaves: the table and the row."""

import math
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from hardball.studies.encoders import runs
from hardball.studies.encoders.blankets import Score, Settings
from hardball.studies.encoders.diagnose import Diagnosis


def show(found: Diagnosis, title: str, console: Console) -> None:
    """Prints what the encoder notices, group by group, and its training."""
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
    console.print(runs.course(found.trained))


def _interval(value: float, low: float = math.nan, high: float = math.nan) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.2f}" if math.isnan(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def write(folder: Path, run: tuple[str, str, int], how: Settings, found: Diagnosis) -> Path:
    """The row, see `runs.write`; a NaN is written as null."""
    task = found.task
    nodes = {
        "all": task.alike.size,
        "anchors": task.anchors.size,
        "unbroken": task.unbroken.size,
        "unseen": task.unseen.size,
        "wider_than_width": int((task.blankets.sizes > how.width).sum()),
    }
    figures = [
        {**line._asdict(), "before": _score(line.before), "after": _score(line.after)}
        for line in found.lines
    ]
    said = {"nodes": nodes, "figures": figures}
    return runs.write(folder, run, [how.drop], asdict(how), said, found.trained)


def _score(score: Score) -> dict[str, float | None]:
    return {key: None if math.isnan(value) else value for key, value in score._asdict().items()}
