"""How every picture looks, and how it is written: the same bytes for the same data."""

import functools
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import Locator, LogLocator, MaxNLocator, NullFormatter, NullLocator

from hardball.core.errors import HardballError
from hardball.core.files import replacing

# Okabe & Ito 2008: told apart by people with any of the common colour deficiencies, and in grey.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31")
OTHER = "#9A9A9A"
INK = "#222222"
FAINT = "#D8D8D8"
FRAMEWORK = {"jax": "#0072B2", "torch": "#D55E00"}
FRAMEWORK_NAME = {"jax": "JAX", "torch": "PyTorch"}
FRAMEWORK_MARK = {"jax": "o", "torch": "D"}
FORMATS = ("svg", "png")
# Inches of a letter: of a title, bold at 12 points, and of the text at the foot, at 8.
TITLE_LETTER, LETTER = 0.112, 0.064
# Of a number beside an axis, at 9.
TICK_LETTER = 0.078

P = ParamSpec("P")
T = TypeVar("T")
N = TypeVar("N")

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
    "figure.constrained_layout.wspace": 0.05,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "savefig.dpi": 140,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "hardball",
    "text.color": INK,
    # A name may have dollars in it, which are no mathematics.
    "text.parse_math": False,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
}


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorator of every function that draws: the style holds inside it and nowhere else."""

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        with matplotlib.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return inside


def figure(width: float, height: float, **grid: Any) -> tuple[Figure, Any]:
    """A figure in inches, and its axes (`grid` as for Figure.subplots); no window, no pyplot."""
    fig = Figure(figsize=(width, height))
    FigureCanvasAgg(fig)
    return fig, fig.subplots(**grid)


def check_formats(formats: Sequence[str]) -> None:
    """Raises HardballError on a format that pictures are not written in."""
    for wanted in formats:
        if wanted not in FORMATS:
            raise HardballError(
                f"unknown picture format {wanted!r}: allowed are {', '.join(FORMATS)}"
            )


def paths_of(stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """The files of a picture: <stem>.svg and <stem>.png."""
    return [stem.with_name(f"{stem.name}.{suffix}") for suffix in formats]


@styled
def save(fig: Figure, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Writes a picture's files, without dates or versions."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    written = paths_of(stem, formats)
    for path in written:
        suffix = path.suffix.removeprefix(".")
        metadata = {"Date": None, "Creator": None} if suffix == "svg" else {"Software": None}
        with replacing(path) as aside:
            fig.savefig(aside, format=suffix, metadata=metadata)
    return written


def titles(fig: Figure, title: str, subtitle: str = "", beside: float = 0.0) -> None:
    """A bold title at the left, a quieter text at the foot, both broken at the figure's width.

    beside: inches at the right of the title that something else takes.
    """
    width = fig.get_figwidth() - 0.2
    shown = textwrap.fill(title, max(20, int((width - beside) / TITLE_LETTER)))
    fig.suptitle(shown, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    if subtitle:
        said = [textwrap.fill(line, int(width / LETTER)) for line in subtitle.split("\n")]
        fig.supxlabel("\n".join(said), x=0.01, ha="left", fontsize=8, color="#555555")


def broken(name: str, width: int) -> str:
    """A name in lines of at most `width` characters, where its words allow."""
    return textwrap.fill(name, width, break_long_words=False, break_on_hyphens=False)


def quiet(axes: Axes, grid: str = "") -> None:
    """No ticks' marks; faint grid lines along "x" or "y"."""
    axes.tick_params(length=0)
    if grid:
        axes.grid(axis="x" if grid == "x" else "y", color=FAINT, linewidth=0.6)


def logarithmic(axis: Axis, inches: float = math.inf) -> None:
    """Few plain numbers, 1, 2, 5, 10 or 1, 10, 100, on an axis that is logarithmic already.

    Of several ways the first whose numbers an axis of so many inches has room for.
    """
    low, high = axis.get_view_interval()
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axis.set_minor_formatter(NullFormatter())
    if high < 4 * low:
        # Too narrow for 1, 2, 5: round numbers as on a linear axis, and none between them.
        ways: list[Locator] = [MaxNLocator(count, min_n_ticks=2) for count in (3, 2, 1)]
        axis.set_minor_locator(NullLocator())
    else:
        close = [LogLocator(subs=subs) for subs in ((1.0, 2.0, 5.0), (1.0, 3.0))]
        ways = [*(close if high < 60 * low else []), LogLocator(subs=(1.0,))]
        axis.set_minor_locator(LogLocator(subs=range(2, 10)))
    for way in ways:
        axis.set_major_locator(way)
        seen = [at for at in axis.get_majorticklocs() if low <= at <= high]
        if _fit(axis, [math.log(at / low) / math.log(high / low) for at in seen], seen, inches):
            return


def _fit(axis: Axis, places: Sequence[float], seen: Sequence[float], inches: float) -> bool:
    """Whether the numbers of ticks at these places, shares of an axis, are clear of each other."""
    texts = axis.get_major_formatter().format_ticks(list(seen))
    return all(
        (right - left) * inches >= ((len(text) + len(other)) / 2 + 1) * TICK_LETTER
        for left, right, text, other in zip(places, places[1:], texts, texts[1:], strict=False)
    )


def short(value: float) -> str:
    """A tick's number without zeros: 1, 20, 5k, 10M, 2G."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def few_ticks(axis: Axis, most: int = 5, inches: float = math.inf) -> None:
    """2 to `most` ticks at round numbers, as many as an axis of so many inches has room for."""
    low, high = axis.get_view_interval()
    for count in range(most, 0, -1):
        axis.set_major_locator(MaxNLocator(count, min_n_ticks=2))
        seen = [at for at in axis.get_majorticklocs() if low <= at <= high]
        if _fit(axis, [(at - low) / (high - low) for at in seen], seen, inches):
            return


def colors(names: Sequence[N]) -> dict[N, str]:
    """A colour a name in order; beyond the palette all share the quiet one."""
    return {n: PALETTE[i] if i < len(PALETTE) else OTHER for i, n in enumerate(names)}


def handles(color: Mapping[str, str], width: int) -> list[Line2D]:
    """What a key shows of lines and their colours, names broken at `width` characters."""
    return [
        Line2D([], [], color=c, label=broken(name, width), linewidth=2) for name, c in color.items()
    ]
