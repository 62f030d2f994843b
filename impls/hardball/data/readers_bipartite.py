"""Links between two kinds of nodes, of a JSON file: an object of one kind to its list of others."""

import json
from collections import Counter
from pathlib import Path

from hardball.core.errors import HardballError
from hardball.data import text_files
from hardball.data.table import Table, strings

SIDE = "side"


def read(path: Path, *, one: str, other: str, named: bool = False, fewest: int = 1) -> Table:
    """A graph of two sides: each key below its listed texts, which are roots.

    `{"cat": ["pet", "animal"]}` has the edges cat < pet and cat < animal. one, other: what a key
    and a listed text are; ids begin with it, `one:cat`, and the label `side` says it. named: the
    first text of a list is the key's name and no link. fewest: listed texts of fewer keys are left
    out, and so are keys to which no link is left. Texts are compared in lower case, with _ for a
    space; repeated ones count once.
    Raises HardballError on a file of another form, and where no link is left.
    """
    found = _object(path)
    names = {key: _plain(listed[0]) if named and listed else key for key, listed in found.items()}
    links = [
        (key, text)
        for key, listed in found.items()
        for text in dict.fromkeys(map(_plain, listed[1:] if named else listed))
        if text
    ]
    degree = Counter(text for _, text in links)
    kept = [(key, text) for key, text in links if degree[text] >= fewest]
    if not kept:
        raise HardballError(f"{path} has no link between two nodes, with fewest={fewest}")
    keys = list(dict.fromkeys(key for key, _ in kept))
    texts = list(dict.fromkeys(text for _, text in kept))
    notices = [f"{len(links) - len(kept):,} links to a {other} of fewer than {fewest} are left out"]
    return Table(
        strings(f"{one}:{key}" for key, _ in kept),
        strings(f"{other}:{text}" for _, text in kept),
        nodes=strings([*(f"{one}:{key}" for key in keys), *(f"{other}:{text}" for text in texts)]),
        names=strings([*(names[key] for key in keys), *texts]),
        labels={SIDE: strings([one] * len(keys) + [other] * len(texts))},
        notices=notices if fewest > 1 else [],
    )


def _object(path: Path) -> dict[str, list[str]]:
    """The file's object; raises HardballError where it is none of lists of texts."""
    try:
        found = json.loads(text_files.text(path))
    except (ValueError, RecursionError) as error:
        raise HardballError(f"{path}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise HardballError(f'{path}: write one object of lists, such as {{"cat": ["pet"]}}')
    for key, listed in found.items():
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise HardballError(f"{path}: {key!r} has {listed!r:.60}: write a list of texts")
    return found


def _plain(text: str) -> str:
    """A text in lower case, its _ and runs of white space one space each."""
    return " ".join(text.casefold().replace("_", " ").split())
