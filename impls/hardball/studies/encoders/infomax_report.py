"""What `hardball infomax` shows and leaves: the table and the row."""

from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from hardball.studies.encoders import runs
from hardball.studies.encoders.infomax import Settings
from hardball.studies.encoders.infomax_score import Found


def show(found: Found, title: str, console: Console) -> None:
    """Prints what the discriminator and the linear heads tell, and the training."""
    labels = found.labels
    counted = f"{labels.train.size} nodes to learn from, {labels.test.size} to tell"
    caption = f"{labels.n_classes} classes of {labels.label}\n{counted}"
    shown = Table("accuracy", "of", title=title, caption=caption, box=SIMPLE, pad_edge=False)
    shown.add_column("", justify="right", no_wrap=True)
    for when, seen in (("untrained", found.before), ("trained", found.after)):
        parts = f"{seen.accuracy:.3f} (true {seen.true:.2f}, shuffled {seen.shuffled:.2f})"
        shown.add_row("discriminator", when, parts)
    shown.add_section()
    for given, accuracy in found.heads.items():
        shown.add_row("linear head", given, f"{accuracy:.3f}")
    console.print(shown)
    console.print(runs.course(found.trained))


def write(folder: Path, run: tuple[str, str, int], how: Settings, found: Found) -> Path:
    """The row, see `runs.write`."""
    labels = found.labels
    nodes = {
        "all": labels.codes.size,
        "classes": labels.n_classes,
        "train": labels.train.size,
        "validation": labels.validation.size,
        "test": labels.test.size,
        "wider_than_width": int((found.task.blankets.sizes > how.width + how.own).sum()),
    }
    seen = {
        when: {**each._asdict(), "accuracy": each.accuracy}
        for when, each in (("untrained", found.before), ("trained", found.after))
    }
    said = {"nodes": nodes, "discriminator": seen, "head_accuracy": found.heads}
    settings = {**asdict(how), "label": labels.label}
    return runs.write(folder, run, [how.features, labels.label], settings, said, found.trained)
