"""OBO ontologies: terms and their is_a links (OBO Flat File Format 1.4)."""

from collections.abc import Iterator, Sequence

from hardball.core.errors import HardballError
from hardball.data.table import Table, strings


def read_obo(text: str, path: str, namespaces: Sequence[str] = ()) -> Table:
    """Terms as nodes, is_a links as edges; obsolete terms are skipped, alt_id is ignored.

    labels: namespace. Links that leave the chosen namespaces, or lead to a term the file does not
    define, are left out with a notice. Raises HardballError on a term without an id, an unknown
    namespace, or no term at all.
    """
    default = ""
    terms: dict[str, dict[str, list[str]]] = {}
    for kind, tags in _stanzas(text):
        if kind == "":
            default = tags.get("default-namespace", [""])[0]
        elif kind == "Term" and "true" not in tags.get("is_obsolete", []):
            if "id" not in tags:
                raise HardballError(f"{path}: a [Term] has no id: give every term one")
            if tags["id"][0] in terms:
                raise HardballError(f"{path}: term {tags['id'][0]!r} is there twice")
            terms[tags["id"][0]] = tags
    if not terms:
        raise HardballError(f"{path} is empty: it has no [Term] that is not obsolete")

    space = {i: tags.get("namespace", [default])[0] for i, tags in terms.items()}
    unknown = sorted(set(namespaces) - set(space.values()))
    if unknown:
        there = ", ".join(sorted(set(space.values())))
        raise HardballError(f"{path} has no namespace {unknown[0]!r}: it has {there}")
    kept = [i for i in terms if not namespaces or space[i] in namespaces]
    inside = set(kept)
    links = [(i, parent) for i in kept for parent in terms[i].get("is_a", [])]
    edges = [link for link in links if link[1] in inside]
    notices = []
    if len(edges) < len(links):
        first = next(parent for _, parent in links if parent not in inside)
        notices.append(f"{len(links) - len(edges)} is_a links leave what is kept (first: {first})")
    labels = {"namespace": strings(space[i] for i in kept)} if any(space.values()) else {}
    return Table(
        children=strings(child for child, _ in edges),
        parents=strings(parent for _, parent in edges),
        nodes=strings(kept),
        names=strings(terms[i].get("name", [i])[0] for i in kept),
        labels=labels,
        notices=notices,
    )


def _stanzas(text: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """(kind, tag -> values) of the header (kind "") and of each stanza."""
    kind = ""
    tags: dict[str, list[str]] = {}
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            yield kind, tags
            kind, tags = line[1:-1], {}
        elif line and not line.startswith("!"):
            tag, _, value = line.partition(":")
            tags.setdefault(tag.strip(), []).append(_value(tag, value))
    yield kind, tags


def _value(tag: str, value: str) -> str:
    """Without the trailing comment and qualifiers, which a name may contain and an id may not."""
    text = value.strip()
    return text if tag == "name" else text.split(" ! ", 1)[0].split(" {", 1)[0].strip()
