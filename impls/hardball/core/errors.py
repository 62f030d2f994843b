"""The one exception that a person sees as a single line, with exit code 2."""


class HardballError(Exception):
    """A user's mistake or a missing resource: names the value, what is allowed and the way out."""
