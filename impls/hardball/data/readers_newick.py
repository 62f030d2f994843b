"""Trees in Newick's form: `((cat,lion)feline,dog)mammal;`."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

from hardball.core.errors import HardballError
from hardball.data.table import Table, strings

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<mark>[(),:;\[])|(?P<quoted>'(?:[^']|'')*'|"[^"]*")|(?P<word>[^\s(),:;\[\]'"]+)"""
)
_COMMENT_MARK = re.compile(r"[\[\]]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?(/[\d.]+)?")
_DIGITS = 16


@dataclass
class _Trees:
    """Nodes in the order in which they begin: parent (-1 for a root), label, whether a leaf."""

    parent: list[int] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    leaf: list[bool] = field(default_factory=list)
    lengths: int = 0

    def add(self, above: int) -> int:
        self.parent.append(above)
        self.label.append("")
        self.leaf.append(True)
        if above >= 0:
            self.leaf[above] = False
        return len(self.parent) - 1


def read_newick(text: str, path: str) -> Table:
    """Labels as ids, all trees of a file as one forest; comments and branch lengths are left out.

    An inner node without a label is called by its leaves: "clade-" and 16 hexadecimal digits, which
    do not depend on their order, named after two of them. Inner labels that are all numbers are
    support values, not names. Raises HardballError, with the place, on a bracket or a quote that is
    not closed, a leaf without a label, a label that stands twice, and text after the last `;`.
    """
    trees = _parsed(text, path)
    label, notices = trees.label, []
    bare = sum(leaf and not named for leaf, named in zip(trees.leaf, label, strict=True))
    if bare:
        raise HardballError(f"{path}: {bare} leaves have no label: give every leaf one")
    if trees.lengths:
        notices.append(f"{trees.lengths} branch lengths are not read")
    inner = [at for at, leaf in enumerate(trees.leaf) if not leaf and label[at]]
    if inner and all(_NUMBER.fullmatch(label[at]) for at in inner):
        notices.append(
            f"{len(inner)} inner nodes are labelled by numbers, taken for support values"
        )
        for at in inner:
            label[at] = ""
    unnamed = [at for at, leaf in enumerate(trees.leaf) if not leaf and not label[at]]
    ids, names = _called(trees)
    twice = next((each for each, count in Counter(ids).items() if count > 1), None)
    if twice is not None:
        raise HardballError(
            f"{path}: the label {twice!r} stands twice: every node needs its own, "
            "or write one tree a file"
        )
    if unnamed:
        notices.append(f"{len(unnamed)} inner nodes without a label are called by their leaves")
    linked = [at for at, above in enumerate(trees.parent) if above >= 0]
    return Table(
        children=strings(ids[at] for at in linked),
        parents=strings(ids[trees.parent[at]] for at in linked),
        nodes=strings(ids),
        names=strings(names) if unnamed else None,
        notices=notices,
    )


def _parsed(text: str, path: str) -> _Trees:
    """The nodes of all trees, in one walk over the tokens."""
    trees = _Trees()
    node, place, depth, expected = -1, 0, 0, "label"
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _wrong(path, text, place, "a quote or a bracket that nothing closes or opens")
        place, kind, token = found.end(), found.lastgroup, found[0]
        if kind == "space":
            continue
        if token == "[":
            place = _past_comment(text, found.start(), path)
        elif token == ";" and not depth and node >= 0:
            node, expected = -1, "label"
        elif token == "(" and (node < 0 or (_fresh(trees, node) and expected == "label")):
            node = trees.add(trees.add(-1) if node < 0 else node)
            depth += 1
        elif token == "," and depth:
            node, expected = trees.add(trees.parent[node]), "label"
        elif token == ")" and depth:
            node, depth, expected = trees.parent[node], depth - 1, "label"
        elif token == ":" and node >= 0 and expected == "label":
            expected = "length"
        elif expected == "length" and _NUMBER.fullmatch(token):
            trees.lengths += 1
            expected = "mark"
        elif kind in ("quoted", "word") and expected == "label":
            node = trees.add(-1) if node < 0 else node
            if trees.label[node]:
                raise _wrong(
                    path, text, found.start(), f"a second label, {token!r:.60}: quote both"
                )
            trees.label[node] = _plain(token)
        else:
            raise _wrong(path, text, found.start(), f"{token!r:.60} where it means nothing")
    if node >= 0 or depth:
        raise _wrong(path, text, len(text), "an end without `;`: the file is cut off")
    return trees


def _fresh(trees: _Trees, node: int) -> bool:
    """Whether nothing of a node but its place is known yet."""
    return trees.leaf[node] and not trees.label[node]


def _plain(token: str) -> str:
    if token[0] == "'":
        return token[1:-1].replace("''", "'").strip()
    return token.strip('"').strip()


def _past_comment(text: str, place: int, path: str) -> int:
    """The place after a comment in square brackets, which may hold others."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, place):
        depth += 1 if mark[0] == "[" else -1
        if not depth:
            return mark.end()
    raise _wrong(path, text, place, "a comment that nothing closes")


def _called(trees: _Trees) -> tuple[list[str], list[str]]:
    """(ids, names) of all nodes; those of inner ones without a label come from their leaves.

    The digests of the leaves are added up, so that their order does not count; of nodes with the
    same leaves, one below the other, the second from below ends in .2, and so on.
    """
    count = len(trees.parent)
    total, above_alike = [0] * count, [1] * count
    first, last = [""] * count, [""] * count
    children = Counter(trees.parent)
    ids = list(trees.label)
    for at in reversed(range(count)):
        above = trees.parent[at]
        if trees.leaf[at]:
            total[at] = int.from_bytes(hashlib.sha256(ids[at].encode()).digest()[:16])
            first[at] = last[at] = ids[at]
        elif not ids[at]:
            digits = f"{total[at] % 2**128:032x}"[:_DIGITS]
            more = f".{above_alike[at]}" if above_alike[at] > 1 else ""
            ids[at] = f"clade-{digits}{more}"
        if above >= 0:
            total[above] += total[at]
            first[above], last[above] = first[at], last[above] or last[at]
            if children[above] == 1 and not trees.leaf[at]:
                above_alike[above] = above_alike[at] + 1
    names = [trees.label[at] or f"clade of {first[at]} and {last[at]}" for at in range(count)]
    return ids, names


def _wrong(path: str, text: str, place: int, what: str) -> HardballError:
    line = text.count("\n", 0, place) + 1
    column = place - text.rfind("\n", 0, place)
    return HardballError(f"{path}, line {line}, character {column}: {what}")
