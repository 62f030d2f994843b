"""OBO ontologies: terms and their links (OBO Flat File Format 1.4)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hardball.core.errors import HardballError
from hardball.data.table import Table, strings

IS_A = "is_a"
Tags = dict[str, list[str]]
# A comment begins at the first `!` that no backslash stands before; qualifiers in braces.
_COMMENT = re.compile(r"(?<!\\)!.*$")
_QUALIFIERS = re.compile(r"\s+\{.*$")


def read_obo(
    text: str, path: str, namespaces: Sequence[str] = (), relations: Sequence[str] = ()
) -> Table:
    """Terms as nodes, is_a links as edges; obsolete terms are skipped.

    A link to an alt_id, or to an obsolete term that says what replaces it, leads to that term.
    relations: links of `relationship:` that are edges too, such as part_of; is_a always is.
    labels: namespace. Links that leave the chosen namespaces, or lead to a term the file does not
    define, are left out with a notice, and so are relations that are not asked for; a term that
    loses all its parents by that is named. Raises HardballError on a term without an id, an unknown
    namespace or relation, or no term at all.
    """
    default, terms, moved = _terms(text, path)
    if not terms:
        raise HardballError(f"{path} is empty: it has no [Term] that is not obsolete")
    return table_of(path, terms, moved, default, namespaces, relations)


def table_of(
    path: str,
    terms: Mapping[str, Tags],
    moved: Mapping[str, str],
    default: str = "",
    namespaces: Sequence[str] = (),
    relations: Sequence[str] = (),
) -> Table:
    """The table of an ontology's terms, as `read_obo` describes it.

    terms: id -> tags name, namespace, is_a, relationship; moved: the term that now stands for an
    id that is none; default: the namespace of terms that name none.
    """
    moved = _to_the_end(moved, terms)
    space = {i: tags.get("namespace", [default])[0] for i, tags in terms.items()}
    unknown = sorted(set(namespaces) - set(space.values()))
    if unknown:
        there = ", ".join(sorted(set(space.values())))
        raise HardballError(f"{path} has no namespace {unknown[0]!r}: it has {there}")
    kept = [i for i in terms if not namespaces or space[i] in namespaces]
    wanted, notices = _relations(path, [terms[i] for i in kept], relations)
    links = [(i, parent) for i in kept for parent in _links(terms[i], wanted)]
    followed = [(child, moved.get(parent, parent)) for child, parent in links]
    inside = set(kept)
    edges = [link for link in dict.fromkeys(followed) if link[1] in inside and link[0] != link[1]]
    notices += _said(links, followed, edges, inside)
    labels = {"namespace": strings(space[i] for i in kept)} if any(space.values()) else {}
    return Table(
        children=strings(child for child, _ in edges),
        parents=strings(parent for _, parent in edges),
        nodes=strings(kept),
        names=strings(terms[i].get("name", [i])[0] for i in kept),
        labels=labels,
        notices=notices,
        moved=moved,
    )


def _terms(text: str, path: str) -> tuple[str, dict[str, Tags], dict[str, str]]:
    """The default namespace, terms by id, and which term now stands for an id that is none."""
    default = ""
    terms: dict[str, Tags] = {}
    moved: dict[str, str] = {}
    for kind, tags in _stanzas(text):
        if kind == "":
            default = tags.get("default-namespace", [""])[0]
        if kind != "Term":
            continue
        if "id" not in tags:
            raise HardballError(f"{path}: a [Term] has no id: give every term one")
        own = tags["id"][0]
        if "true" in tags.get("is_obsolete", []):
            replaced = tags.get("replaced_by", [])
            moved |= {own: replaced[0]} if len(replaced) == 1 else {}
            continue
        if own in terms:
            raise HardballError(f"{path}: term {own!r} is there twice")
        terms[own] = tags
    for own, tags in terms.items():
        moved |= {other: own for other in tags.get("alt_id", []) if other not in terms}
    return default, terms, moved


def _to_the_end(moved: Mapping[str, str], terms: Mapping[str, Tags]) -> dict[str, str]:
    """What each id that is no term leads to at last, over ids that are replaced themselves."""
    found = {}
    for old, new in moved.items():
        seen = {old}
        while new in moved and new not in terms and new not in seen:
            seen.add(new)
            new = moved[new]
        found[old] = new
    return {old: new for old, new in found.items() if old not in terms}


def _relations(
    path: str, terms: Sequence[Tags], asked: Sequence[str]
) -> tuple[set[str], list[str]]:
    """The relations to take, and what is said of those that are not."""
    there = Counter(
        value.split()[0] for tags in terms for value in tags.get("relationship", []) if value
    )
    wanted = {relation for relation in asked if relation != IS_A}
    unknown = sorted(wanted - set(there))
    if unknown:
        known = ", ".join([IS_A, *sorted(there)])
        raise HardballError(f"{path} has no relation {unknown[0]!r}: it has {known}")
    left = {relation: count for relation, count in there.items() if relation not in wanted}
    if not left:
        return wanted, []
    listed = ", ".join(f"{count:,} {relation}" for relation, count in sorted(left.items()))
    return wanted, [f"links of other relations are not taken: {listed} (--relation takes them)"]


def _links(tags: Tags, wanted: set[str]) -> list[str]:
    """The parents of a term, in the order of the file."""
    related = (value.split() for value in tags.get("relationship", []))
    more = [parts[1] for parts in related if len(parts) > 1 and parts[0] in wanted]
    return [*tags.get(IS_A, []), *more]


def _said(
    links: Sequence[tuple[str, str]],
    followed: Sequence[tuple[str, str]],
    edges: Sequence[tuple[str, str]],
    inside: set[str],
) -> list[str]:
    notices = []
    turned = [old for old, new in zip(links, followed, strict=True) if old != new]
    if turned:
        notices.append(
            f"{len(turned)} links lead to alternative or replaced ids, which were followed "
            f"(first: {turned[0][1]})"
        )
    lost = [link for link in followed if link[1] not in inside]
    if lost:
        notices.append(f"{len(lost)} links leave what is kept (first: {lost[0][1]})")
    having = {child for child, _ in edges}
    orphans = [child for child, _ in dict.fromkeys(lost) if child not in having]
    if orphans:
        notices.append(
            f"{len(set(orphans))} terms are roots only because their parents are not there "
            f"(first: {orphans[0]})"
        )
    return notices


def _stanzas(text: str) -> Iterator[tuple[str, Tags]]:
    """(kind, tag -> values) of the header (kind "") and of each stanza."""
    kind = ""
    tags: Tags = {}
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            yield kind, tags
            kind, tags = line[1:-1], {}
        elif line and not line.startswith("!"):
            tag, _, value = line.partition(":")
            named = tag.strip().lower()
            tags.setdefault(named, []).append(_value(named, value))
    yield kind, tags


def _value(tag: str, value: str) -> str:
    """Without the trailing comment and qualifiers, which a name may contain and an id may not."""
    text = value.strip()
    if tag == "name":
        return text
    return _QUALIFIERS.sub("", _COMMENT.sub("", text)).strip()
