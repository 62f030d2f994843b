"""What drawing costs, as a table."""

from collections.abc import Mapping, Sequence

from hardball.report.tables.render import Cell, Column, Line, Table
from hardball.studies.draws.measure import Built, Drawn

SHOWN = {
    "sampler": "sampler",
    "framework": "framework",
    "build_seconds": "arrays, s",
    "arrays_mb": "arrays, MB",
    "extra_mb": "beside them, MB",
    "small_rate": "draws/s, small",
    "large_rate": "draws/s, large",
    "large_to_small": "large : small",
    "to_numpy": "× NumPy's choice",
    "draw_ms": "a batch, ms",
    "step_ms": "a step, ms",
    "share_percent": "drawing, %",
}
TEXT = ("sampler", "framework")
MB = 1e6


def table_of(
    names: Sequence[str],
    built: Sequence[Built],
    drawn: Mapping[str, Sequence[Drawn]],
    setting: str,
) -> Table:
    """One line a sampler and framework. setting: what was measured on, for the note."""
    lines = [
        Line(_cells(name, framework, arrays, found))
        for framework, all_found in drawn.items()
        for name, arrays, found in zip(names, built, all_found, strict=True)
    ]
    columns = [Column(key, header, text=key in TEXT) for key, header in SHOWN.items()]
    columns += [Column(key, key, only_csv=True) for key in ("nodes", "numpy_rate")]
    return Table("draws", "What drawing costs", columns, lines, [setting, NOTE], ranked=False)


NOTE = (
    "Arrays: built once, on the large data set; beside them: peak memory while they are made. "
    "NumPy's choice draws by a dense row of probabilities of the small data set. Drawing: the "
    "draws of a batch, called alone, against a whole step."
)


def _cells(name: str, framework: str, arrays: Built, found: Drawn) -> dict[str, Cell]:
    return {
        "sampler": name,
        "framework": framework,
        "nodes": arrays.nodes,
        "build_seconds": arrays.seconds,
        "arrays_mb": arrays.arrays / MB,
        "extra_mb": None if arrays.extra is None else arrays.extra / MB,
        "small_rate": found.small,
        "large_rate": found.large,
        "large_to_small": found.large / found.small,
        "numpy_rate": found.numpy,
        "to_numpy": found.small / found.numpy,
        "draw_ms": 1e3 * found.draw_seconds,
        "step_ms": 1e3 * found.step_seconds,
        "share_percent": 100 * found.draw_seconds / found.step_seconds,
    }
