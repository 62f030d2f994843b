"""Entities of an XML file, which may grow without bounds or name other files."""

import re

from hardball.core.errors import HardballError

MOST_CHARACTERS = 2**28
_DECLARED = re.compile(
    r"<!ENTITY\s+(%\s+)?([^\s\"']+)\s+(?:\"([^\"]*)\"|'([^']*)'|(SYSTEM|PUBLIC))"
)
_USED = re.compile(r"&([^#;\s&<]+);")
_DEEPEST = 20


def check(text: str, path: str) -> None:
    """Raises HardballError where entities name other files, or unpack to MOST_CHARACTERS."""
    head, closing, body = text.partition("]>")
    if not closing or "<!ENTITY" not in head:
        return
    values: dict[str, str] = {}
    for parameter, name, double, single, outside in _DECLARED.findall(head):
        if outside or parameter:
            raise HardballError(f"{path}: the entity {name!r} names another file: write it out")
        values[name] = double or single
    sizes = {name: len(value) for name, value in values.items()}
    for _ in range(_DEEPEST):
        sizes = {
            name: len(value) + sum(sizes.get(used, 0) for used in _USED.findall(value))
            for name, value in values.items()
        }
        if sum(sizes.get(used, 0) for used in _USED.findall(body)) > MOST_CHARACTERS:
            raise HardballError(
                f"{path}: its entities unpack to more than {MOST_CHARACTERS >> 20} million "
                "characters: write them out"
            )
