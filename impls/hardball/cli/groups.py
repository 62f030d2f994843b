"""How `hardball --help` lists the commands: under headings, each with what belongs together."""

from collections.abc import Sequence
from typing import Any

DATA = "Data"
PEOPLE = "Your hierarchy"
METHODS = "Your embedding or method, beside the baselines"
RUNS = "Runs and suites"
RESULTS = "Results"
STUDIES = "Studies"
MORE = "More"
ORDER = (PEOPLE, METHODS, DATA, RUNS, RESULTS, STUDIES, MORE)


def write(commands: Sequence[tuple[str, Any]], formatter: Any) -> None:
    """Writes (name, command) under the heading that the command was registered with.

    A command says its heading as `rich_help_panel`; one that says none stands under MORE.
    """
    width = formatter.width - 6 - max(len(name) for name, _ in commands)
    for heading in ORDER:
        lines = [
            (name, command.get_short_help_str(width))
            for name, command in commands
            if _heading(command) == heading
        ]
        if lines:
            with formatter.section(heading):
                formatter.write_dl(lines)


def _heading(command: Any) -> str:
    named = getattr(command, "rich_help_panel", None)
    return named if named in ORDER else MORE
