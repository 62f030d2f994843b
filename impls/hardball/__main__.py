"""`python -m hardball`: the command line."""

from hardball.cli import app

app(prog_name="hardball")
