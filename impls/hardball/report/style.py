"""How every picture looks, and how it is written: the same bytes for the same data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito 2008: told apart by people with any of the common colour deficiencies, and in grey.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
OTHER = "#9A9A9A"
INK = "#222222"
FAINT = "#D8D8D8"
FRAMEWORK = {"jax": "#0072B2", "torch": "#D55E00"}
FRAMEWORK_NAME = {"jax": "JAX", "torch": "PyTorch"}
FRAMEWORK_MARK = {"jax": "o", "torch": "D"}
FORMATS = ("svg", "png")

SETTINGS: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#888888",
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "path.simplify": False,
    "savefig.dpi": 160,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "hardball",
    "text.color": INK,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
}


def figure(width: float, height: float, **grid: Any) -> tuple[Figure, Any]:
    """A figure in inches with this style, and its axes (`grid` as for plt.subplots)."""
    with plt.rc_context(SETTINGS):
        return plt.subplots(figsize=(width, height), **grid)


def save(fig: Figure, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Writes <stem>.svg and <stem>.png without dates or versions, closes the figure."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = []
    with plt.rc_context(SETTINGS):
        for suffix in formats:
            path = stem.with_name(f"{stem.name}.{suffix}")
            aside = path.with_name(f".{path.name}")
            metadata = {"Date": None, "Creator": None} if suffix == "svg" else {"Software": None}
            fig.savefig(aside, format=suffix, metadata=metadata)
            aside.replace(path)
            written.append(path)
    plt.close(fig)
    return written


def titles(fig: Figure, title: str, subtitle: str = "") -> None:
    """A bold title at the left, with one quieter line below it."""
    fig.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    if subtitle:
        fig.supxlabel(subtitle, x=0.01, ha="left", fontsize=8, color="#555555")


def quiet(axes: Axes, grid: str = "") -> None:
    """No ticks' marks; faint grid lines along "x" or "y"."""
    axes.tick_params(length=0)
    if grid:
        axes.grid(axis="x" if grid == "x" else "y", color=FAINT, linewidth=0.6)


def colors(names: Sequence[str]) -> dict[str, str]:
    """A colour a name in order; beyond the palette all share the quiet one."""
    return {n: PALETTE[i] if i < len(PALETTE) else OTHER for i, n in enumerate(names)}
