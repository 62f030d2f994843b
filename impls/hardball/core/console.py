"""Where people read: a terminal as wide as it is, and whole lines where there is none."""

import sys

from rich.console import Console

# As wide as any line of ours: what is piped into a file or a pager is never broken.
WIDE = 1000


def console(stderr: bool = False) -> Console:
    """A console on stdout or stderr."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE)
