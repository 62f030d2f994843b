"""The one exception that a person sees as a single line, with exit code 2."""

import difflib
from collections.abc import Iterable


class HardballError(Exception):
    """A user's mistake or a missing resource: names the value, what is allowed and the way out."""


def unknown(what: str, name: str, known: Iterable[str], more: str = "") -> HardballError:
    """The error of a name that is not known; what is alike stands first, then all that are.

    >>> print(unknown("loss", "margins", ["focal", "margin"]))
    unknown loss 'margins', did you mean 'margin'? Allowed are focal, margin
    >>> print(unknown("loss", "x", ["focal", "margin"]))
    unknown loss 'x': allowed are focal, margin

    more: what is allowed beside them.
    """
    listed = [str(each) for each in known]
    near = difflib.get_close_matches(name, listed, n=1)
    hint = f", did you mean {near[0]!r}? Allowed" if near else ": allowed"
    return HardballError(f"unknown {what} {name!r}{hint} are {', '.join(listed)}{more}")


def brief(error: BaseException, most: int = 200) -> str:
    """What an exception says, on one line, its end left out where it is long.

    >>> brief(ValueError("expected 8 fields,\\n  saw 9"))
    'expected 8 fields, saw 9'
    """
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= most else f"{said[:most]} ..."
