"""Series of one picture in groups that colours tell apart, by what their samplers go by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hardball.methods import registry
from hardball.report import rows
from hardball.report.plots import style

# Kinds of up to so many series share a group.
FEW = 2


@dataclass(frozen=True)
class Group:
    """Series that stand in one panel in colour; no title where all do."""

    title: str
    names: list[str]


def kind(sampler: str) -> str:
    """What a sampler goes by, as its catalogue entry says; "other" of one that has none."""
    known = {entry.name: entry for entry in registry.entries("sampler")}
    entry = known.get(rows.method_name(sampler))
    if entry is None:
        return "other"
    if entry.form == "pool":
        return "one pool for all anchors"
    if entry.form == "composed":
        return "composed of others"
    if entry.looks:
        return "by the embedding"
    return "by features" if "features" in entry.parameters else "by the graph"


def grouped(kinds: Mapping[str, str], reference: str = "") -> list[Group]:
    """Series in groups of at most as many as there are colours; kinds: the kind of each series.

    One group where that holds all. Else one a kind, or several even ones of a large kind; kinds of
    one or two series come together at the end. The reference has a colour of its own and stands in
    every group.
    """
    most = len(style.PALETTE)
    first = [reference] if reference in kinds else []
    by_kind: dict[str, list[str]] = {}
    for name, its in kinds.items():
        if name != reference:
            by_kind.setdefault(its, []).append(name)
    if sum(map(len, by_kind.values())) <= most:
        return [Group("", [*first, *(name for name in kinds if name != reference)])]
    few = [its for its, names in by_kind.items() if len(names) <= FEW]
    together = [name for its in few for name in by_kind.pop(its)]
    if together:
        by_kind[",\n".join(few)] = together
    found = []
    for its, names in by_kind.items():
        parts = np.array_split(np.array(names, dtype=object), -(-len(names) // most))
        for place, part in enumerate(parts, start=1):
            title = f"{its}, {place} of {len(parts)}" if len(parts) > 1 else its
            found.append(Group(title, [*first, *part]))
    return found


def colors(groups: Iterable[Group], reference: str = "") -> dict[str, str]:
    """A colour a series, the palette anew in each group; the reference is black."""
    found: dict[str, str] = {}
    for group in groups:
        found |= style.colors([name for name in group.names if name != reference])
    return found | ({reference: style.INK} if reference else {})
