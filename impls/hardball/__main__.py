"""`python -m hardball`: the command line."""

from hardball.cli.main import app

app(prog_name="hardball")
