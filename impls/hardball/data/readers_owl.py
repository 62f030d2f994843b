"""OWL ontologies: named classes, their superclasses and the relations between them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hardball.core.errors import HardballError, brief
from hardball.data import owl_functional, text_files, xml_entities
from hardball.data.readers_obo import IS_A, Tags, table_of
from hardball.data.table import Table

Triple = tuple[Any, Any, Any]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
_TYPE, _LABEL, _SUBCLASS = f"{_RDF}type", f"{_RDFS}label", f"{_RDFS}subClassOf"
_ON, _SOME = f"{_OWL}onProperty", f"{_OWL}someValuesFrom"
_DEPRECATED, _EQUIVALENT = f"{_OWL}deprecated", f"{_OWL}equivalentClass"
_REPLACED = "http://purl.obolibrary.org/obo/IAO_0100001"
_NAMESPACE, _SHORT = f"{_OBO_IN_OWL}hasOBONamespace", f"{_OBO_IN_OWL}shorthand"
_IMPORTS = f"{_OWL}imports"
_READ = {
    _TYPE, _LABEL, _SUBCLASS, _ON, _SOME, _DEPRECATED, _EQUIVALENT, _REPLACED, _NAMESPACE, _SHORT,
    _IMPORTS,
}  # fmt: skip
_TOP = {f"{_OWL}Thing", f"{_OWL}Nothing"}
_CLASSES = {f"{_OWL}Class", f"{_RDFS}Class"}
_PURL = re.compile(r"http://purl\.obolibrary\.org/obo/([A-Za-z][A-Za-z.]*)_(\w+)")


def read_owl(path: Path, namespaces: Sequence[str] = (), relations: Sequence[str] = ()) -> Table:
    """Named classes as nodes, rdfs:subClassOf between them as edges, rdfs:label as names.

    The file is RDF/XML, Turtle, N-Triples, or OWL in functional syntax. ids: OBO's short form
    (HP:0000001) of its addresses, else the whole IRI. Deprecated classes are left out and counted;
    links to one that says what replaces it lead there. relations: the edges of restrictions
    `P some C` too, P by its label, short name or id. namespaces: see `readers_obo.table_of`.
    Raises HardballError on a file that cannot be read, without a class, and as `table_of` does.
    """
    text = text_files.text(path)
    if re.match(r"\s*(#[^\n]*\n\s*)*(Prefix|Ontology)\s*\(", text):
        triples = owl_functional.triples(text, str(path))
    else:
        triples = _rdf(text, path)
    facts = _Facts(triples)
    terms, moved, notices = facts.terms(path)
    table = table_of(str(path), terms, moved, "", namespaces, relations)
    table.notices[:0] = notices
    return table


class _Facts:
    """What a file says of each subject: predicate -> subject -> objects."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.of: dict[str, dict[Any, list[Any]]] = {each: {} for each in _READ}
        for subject, predicate, value in triples:
            said = self.of.get(str(predicate))
            if said is not None:
                said.setdefault(subject, []).append(value)

    def one(self, predicate: str, subject: Any) -> str:
        """The first value in alphabetical order, English before others; "" where there is none."""
        values = self.of[predicate].get(subject, [])
        best = min(values, key=lambda v: (_rank(getattr(v, "language", None)), str(v)), default="")
        return " ".join(str(best).split())

    def terms(self, path: Path) -> tuple[dict[str, Tags], dict[str, str], list[str]]:
        """Terms by id as OBO has them, what replaces an id, and notices."""
        above = self.of[_SUBCLASS]
        named = [s for s, kinds in self.of[_TYPE].items() if _CLASSES & set(map(str, kinds))]
        named += [s for s in above] + [v for values in above.values() for v in values]
        classes = [c for c in dict.fromkeys(named) if _is_name(c) and str(c) not in _TOP]
        gone = {
            c for c in classes
            if any(str(v).lower() in ("true", "1") for v in self.of[_DEPRECATED].get(c, []))
        }  # fmt: skip
        kept = sorted((c for c in classes if c not in gone), key=short_id)
        if not kept:
            raise HardballError(f"{path} is empty: it has no named class that is not deprecated")
        terms = {short_id(c): self._tags(c) for c in kept}
        moved = {
            short_id(c): short_id(self.of[_REPLACED][c][0]) for c in gone
            if len(self.of[_REPLACED].get(c, [])) == 1
        }  # fmt: skip
        return terms, moved, self._notices(len(gone))

    def _tags(self, subject: Any) -> Tags:
        tags: Tags = {"name": [self.one(_LABEL, subject) or short_name(subject)]}
        space = self.one(_NAMESPACE, subject)
        if space:
            tags["namespace"] = [space]
        for value in sorted(self.of[_SUBCLASS].get(subject, []), key=str):
            if _is_name(value):
                if str(value) not in _TOP and value != subject:
                    tags.setdefault(IS_A, []).append(short_id(value))
                continue
            on, some = self.of[_ON].get(value, []), self.of[_SOME].get(value, [])
            if len(on) == len(some) == 1 and _is_name(some[0]):
                link = f"{self._relation(on[0])} {short_id(some[0])}"
                tags.setdefault("relationship", []).append(link)
        if "relationship" in tags:
            tags["relationship"].sort()
        return tags

    def _relation(self, subject: Any) -> str:
        said = self.one(_SHORT, subject) or self.one(_LABEL, subject) or short_name(subject)
        return said.replace(" ", "_")

    def _notices(self, gone: int) -> list[str]:
        counts = Counter(
            {
                "deprecated classes are left out": gone,
                "equivalent classes are not read": sum(map(len, self.of[_EQUIVALENT].values())),
                "imported ontologies are not read": sum(map(len, self.of[_IMPORTS].values())),
            }
        )
        return [f"{count:,} {what}" for what, count in counts.items() if count]


def short_id(subject: Any) -> str:
    """HP:0000001 of OBO's address of that term; any other IRI whole.

    >>> short_id("http://purl.obolibrary.org/obo/HP_0000001")
    'HP:0000001'
    """
    found = _PURL.fullmatch(str(subject))
    return f"{found[1]}:{found[2]}" if found else str(subject)


def short_name(subject: Any) -> str:
    """What stands behind the last # or / of an IRI, the IRI where nothing does."""
    return re.split("[#/]", str(subject).rstrip("#/"))[-1] or str(subject)


def _rank(language: str | None) -> int:
    return 0 if not language or language.lower().startswith("en") else 1


def _is_name(value: Any) -> bool:
    """Whether a value is an IRI: no blank node, no literal."""
    return type(value).__name__ in ("URIRef", "Iri")


def _rdf(text: str, path: Path) -> list[Triple]:
    """The triples that are read here, by rdflib."""
    try:
        import rdflib
    except ImportError:
        raise HardballError(
            f"{path}: OWL in RDF needs rdflib: pip install 'hardball[owl]', or write OBO"
        ) from None
    form = "xml" if text.lstrip().startswith("<") and not _is_ntriples(text) else "turtle"
    if form == "xml":
        xml_entities.check(text, str(path))
    found: list[Triple] = []

    class Kept(rdflib.Graph):
        """Keeps the triples that are read here and forgets the rest, which are most."""

        def add(self, triple: Any) -> "Kept":
            if str(triple[1]) in _READ:
                found.append(triple)
            return self

    try:
        Kept().parse(data=text, format=form, publicID=path.resolve().as_uri())
    except Exception as error:  # rdflib's parsers raise what their own parsers do
        said = brief(error)
        raise HardballError(f"{path} is no {_FORMS[form]} ({said})") from None
    return found


_FORMS = {"xml": "RDF/XML", "turtle": "Turtle"}


def _is_ntriples(text: str) -> bool:
    return re.match(r"\s*<[^<>\s]+>\s+<", text) is not None
