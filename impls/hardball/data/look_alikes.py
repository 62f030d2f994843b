"""Warnings of ids that a person cannot tell apart, or cannot see."""

import re
import unicodedata
from collections.abc import Sequence

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Letters of Cyrillic and Greek that print like Latin ones.
_LETTERS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеіјорсухѕԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυ‐‑‒−",
    "ABESIJKMHOPCTYXaeijopcyxsdhqwABEZHIKMNOPTYXavopu----",
)


def notices(ids: Sequence[str]) -> list[str]:
    """One line on different ids that look alike, one on ids with control characters."""
    distinct = dict.fromkeys(ids)
    control = [text for text in distinct if _CONTROL.search(text)]
    said = (
        [f"{len(control)} ids have control characters (first: {control[0]!r})"] if control else []
    )
    if all(text.isascii() for text in distinct):
        return said
    seen: dict[str, str] = {}
    for text in distinct:
        shape = text if text.isascii() else _shape(text)
        if shape in seen:
            return [*said, f"ids {seen[shape]!a} and {text!a} look alike and are two nodes"]
        seen[shape] = text
    return said


def _shape(text: str) -> str:
    """What a text looks like: every space a space, wide and foreign letters the plain ones."""
    folded = "".join(_folded(character) for character in _INVISIBLE.sub("", text))
    return unicodedata.normalize("NFC", folded).translate(_LETTERS).strip()


def _folded(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    compatible = "\ufb00" <= character <= "\ufb06" or "\uff00" <= character <= "\uffef"
    return unicodedata.normalize("NFKC", character) if compatible else character
