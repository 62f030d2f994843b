"""WordNet's data.noun and data.verb: synsets, hypernym pointers, names as in mammal.n.01.

Format: WordNet 3.0, wndb(5WN). Pointers read: `@` (hypernym) and `@i` (instance hypernym).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.data import archives
from hardball.data.table import Table, below, strings

CLASS, INSTANCE, PATCH = 0, 1, 2

# Lexicographer file numbers of nouns and verbs, lexnames(5WN).
_LEXICOGRAPHER_FILES = (
    "Tops act animal artifact attribute body cognition communication event feeling food group "
    "location motive object person phenomenon plant possession process quantity relation shape "
    "state substance time body change cognition communication competition consumption contact "
    "creation emotion motion perception possession social stative weather"
)
LEXICOGRAPHER = dict(enumerate(_LEXICOGRAPHER_FILES.split(), start=3))


class Synset(NamedTuple):
    offset: str
    lexicographer: str
    lemma: str
    hypernyms: list[tuple[str, int]]


def read(
    path: Path,
    *,
    pos: str,
    root: str = "",
    omit: Sequence[str] = (),
    isolated: str = "keep",
    patches: Sequence[Mapping[str, str]] = (),
) -> Table:
    """The noun or verb hierarchy of WNdb-3.0.tar.gz.

    ids: lemma.pos.NN of a synset's first lemma, NN its place in that lemma's line of the index
    file (the sense order). names: the lemma in words. labels: lexicographer.
    root: keep what lies below this id; omit: ids left out; isolated: "drop" leaves out synsets
    without any edge; patches: {child, parent, instead} re-parents one edge, with a notice.
    Raises HardballError on a broken archive, an unknown root, omit or patch.
    """
    data, index = f"dict/data.{pos}", f"dict/index.{pos}"
    files = archives.read_members(path, [data, index])
    synsets = [_synset(line) for line in _lines(files[data])]
    ids = _names(synsets, _lines(files[index]), pos[0])

    children, parents, kinds = [], [], []
    for synset in synsets:
        for target, kind in synset.hypernyms:
            children.append(ids[synset.offset])
            parents.append(ids[target])
            kinds.append(kind)
    notices = [_patch(children, parents, kinds, patch) for patch in patches]

    kept = below(strings(children), strings(parents), root) if root else set(ids.values())
    for name, what in [(root, "root")] * bool(root) + [(name, "omit") for name in omit]:
        if name not in set(ids.values()) or (what == "omit" and name not in kept):
            raise HardballError(f"{what} {name!r} is not a synset of {path.name}, {data}")
    kept -= set(omit)
    edges = [
        (child, parent, kind)
        for child, parent, kind in zip(children, parents, kinds, strict=True)
        if child in kept and parent in kept
    ]
    if isolated == "drop":
        kept = {edge[0] for edge in edges} | {edge[1] for edge in edges}
    rows = [synset for synset in synsets if ids[synset.offset] in kept]
    return Table(
        children=strings(edge[0] for edge in edges),
        parents=strings(edge[1] for edge in edges),
        nodes=strings(ids[row.offset] for row in rows),
        names=strings(row.lemma.replace("_", " ") for row in rows),
        labels={"lexicographer": strings(row.lexicographer for row in rows)},
        kinds=np.array([edge[2] for edge in edges], dtype=np.int8),
        notices=notices,
    )


def _lines(data: bytes) -> list[str]:
    """The entries: the licence at the top is indented."""
    return [line for line in data.decode("ascii").splitlines() if line and line[0] != " "]


def _synset(line: str) -> Synset:
    """offset lex_file ss_type w_cnt(hex) word lex_id [word lex_id...] p_cnt [ptr...] | gloss.

    A pointer is four fields: symbol, offset, part of speech, source/target.
    """
    fields = line.split(" | ", 1)[0].split()
    at = 4 + 2 * int(fields[3], 16)
    count = int(fields[at])
    pointers = [fields[at + 1 + 4 * i : at + 5 + 4 * i] for i in range(count)]
    hypernyms = [
        (target, CLASS if symbol == "@" else INSTANCE)
        for symbol, target, _, _ in pointers
        if symbol in ("@", "@i")
    ]
    return Synset(fields[0], LEXICOGRAPHER[int(fields[1])], fields[4], hypernyms)


def _names(synsets: list[Synset], index: list[str], pos: str) -> dict[str, str]:
    """offset -> lemma.pos.NN. Index line: lemma pos synset_cnt p_cnt [ptr...] 2 counts offsets."""
    senses: dict[tuple[str, str], int] = {}
    for line in index:
        fields = line.split()
        count = int(fields[2])
        for number, offset in enumerate(fields[-count:], start=1):
            senses[fields[0], offset] = number
    return {
        s.offset: f"{s.lemma.lower()}.{pos}.{senses[s.lemma.lower(), s.offset]:02d}"
        for s in synsets
    }


def _patch(
    children: list[str], parents: list[str], kinds: list[int], patch: Mapping[str, str]
) -> str:
    child, parent, instead = patch["child"], patch["parent"], patch["instead"]
    found = [
        i for i, edge in enumerate(zip(children, parents, strict=True)) if edge == (child, parent)
    ]
    if len(found) != 1:
        raise HardballError(
            f"patch {child} -> {parent}: WordNet has {len(found)} such edges, not 1"
        )
    parents[found[0]], kinds[found[0]] = instead, PATCH
    return f"patched: {child} put under {instead} instead of {parent}, with which it forms a cycle"


def fb_rule_pairs(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Raw ids of nodes and ancestors, (P,) each, by the rule that much published code trains on.

    `@*` from every synset, and from every instance `@i+` followed by `@*`: a chain that reaches an
    instance parent through `@` stops there. Nickel & Kiela's released transitive_closure script.
    """
    assert table.nodes is not None
    assert table.kinds is not None
    number = {raw: row for row, raw in enumerate(table.nodes)}
    by_class: list[list[int]] = [[] for _ in number]
    by_instance: list[list[int]] = [[] for _ in number]
    for child, parent, kind in zip(table.children, table.parents, table.kinds, strict=True):
        up = by_instance if kind == INSTANCE else by_class
        up[number[child]].append(number[parent])
    memo: dict[int, set[int]] = {}
    instance_memo: dict[int, set[int]] = {}
    rows: list[int] = []
    ancestors: list[int] = []
    for row in range(len(number)):
        above = _closure(row, by_class, memo)
        for parent in _closure(row, by_instance, instance_memo):
            above = above | {parent} | _closure(parent, by_class, memo)
        rows += [row] * len(above)
        ancestors += sorted(above)
    return table.nodes[rows], table.nodes[ancestors]


def _closure(node: int, up: list[list[int]], memo: dict[int, set[int]]) -> set[int]:
    """Everything above `node`; depth is at most WordNet's 19 levels."""
    if node not in memo:
        above: set[int] = set()
        for parent in up[node]:
            above |= {parent} | _closure(parent, up, memo)
        memo[node] = above
    return memo[node]
