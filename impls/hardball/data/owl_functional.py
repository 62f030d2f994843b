"""OWL in functional syntax (`SubClassOf(:cat :feline)`) as the triples that RDF writes it in."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from hardball.core.errors import HardballError

_TOKEN = re.compile(
    r'\s+|#[^\n]*|(?P<mark>[()=]|\^\^)|<(?P<iri>[^<>\s]*)>|"(?P<text>(?:[^"\\]|\\.)*)"'
    r'|@(?P<tag>[\w-]+)|(?P<word>[^\s()=<>"@^]+)'
)
_KNOWN = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_DEEPEST = 1000


class Iri(str):
    """A name."""


class Text(str):
    """A literal and its language, None where it has none."""

    language: str | None = None


class Call(NamedTuple):
    """What stands as `name(parts ...)`."""

    name: str
    parts: list[Any]


Triple = tuple[Any, Any, Any]


def triples(text: str, path: str) -> list[Triple]:
    """Declarations of classes, SubClassOf, labels and other annotations, as triples.

    A restriction is its place among them, an int. Raises HardballError on other text.
    """
    found: list[Triple] = []
    prefixes = dict(_KNOWN)
    for statement in _statements(text, path):
        if statement.name == "Prefix":
            name, value = str(statement.parts[0]).rstrip(":"), statement.parts[-1]
            prefixes[name] = str(value)
            continue
        parts = statement.parts if statement.name == "Ontology" else [statement]
        for part in parts:
            if isinstance(part, Call):
                _axiom(part, prefixes, found, path)
    return found


def _axiom(axiom: Call, prefixes: dict[str, str], found: list[Triple], path: str) -> None:
    """Adds the triples of one axiom."""
    owl, rdfs, rdf = (_KNOWN[name] for name in ("owl", "rdfs", "rdf"))
    parts = [p for p in axiom.parts if not (isinstance(p, Call) and p.name == "Annotation")]
    full = [_full(part, prefixes, path) for part in parts]
    if axiom.name == "Declaration" and isinstance(parts[0], Call) and parts[0].name == "Class":
        found.append((_full(parts[0].parts[0], prefixes, path), f"{rdf}type", Iri(f"{owl}Class")))
    elif axiom.name == "SubClassOf" and len(full) == 2:
        above = full[1]
        if isinstance(above, Call) and above.name == "ObjectSomeValuesFrom":
            on, some = (_full(part, prefixes, path) for part in above.parts)
            above = len(found)
            found += [(above, f"{owl}onProperty", on), (above, f"{owl}someValuesFrom", some)]
        if isinstance(full[0], Iri) and not isinstance(above, Call):
            found.append((full[0], f"{rdfs}subClassOf", above))
    elif axiom.name == "AnnotationAssertion" and len(full) == 3:
        found.append((full[1], str(full[0]), full[2]))
    elif axiom.name == "EquivalentClasses":
        found.append((full[0], f"{owl}equivalentClass", full[-1]))
    elif axiom.name == "Import":
        found.append((path, f"{owl}imports", full[0]))


def _full(part: Any, prefixes: dict[str, str], path: str) -> Any:
    """A name with its prefix spelt out; anything else as it is."""
    if type(part) is not str:
        return part
    prefix, colon, name = part.partition(":")
    if not colon or prefix not in prefixes:
        raise HardballError(f"{path}: {part!r:.60} has a prefix that nothing declares")
    return Iri(prefixes[prefix] + name)


def _statements(text: str, path: str) -> Iterator[Call]:
    """The outermost calls of a text; words are str, names in <> Iri, literals Text."""
    open_calls = [Call("", [])]
    word = ""
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or len(open_calls) > _DEEPEST:
            line = text.count("\n", 0, place) + 1
            raise HardballError(f"{path}, line {line}: no OWL in functional syntax")
        place = token.end()
        parts = open_calls[-1].parts
        if token["mark"] == "(":
            if not parts or type(parts[-1]) is not str:
                break
            open_calls.append(Call(parts.pop(), []))
        elif token["mark"] == ")":
            if len(open_calls) < 2:
                break
            done = open_calls.pop()
            if len(open_calls) == 1:
                yield done
            open_calls[-1].parts.append(done)
        elif token["mark"] == "^^":
            # The type of a literal, which comes next, is passed over below.
            word = "^^"
            continue
        elif token["tag"] is not None and parts and isinstance(parts[-1], Text):
            parts[-1].language = token["tag"]
        elif word == "^^" and (token["iri"] is not None or token["word"] is not None):
            pass
        elif token["iri"] is not None:
            parts.append(Iri(token["iri"]))
        elif token["text"] is not None:
            parts.append(Text(re.sub(r"\\(.)", r"\1", token["text"], flags=re.DOTALL)))
        elif token["word"] is not None:
            parts.append(token["word"])
        else:
            continue
        word = ""
    if place < len(text) or len(open_calls) > 1:
        line = text.count("\n", 0, place) + 1
        raise HardballError(f"{path}, line {line}: a bracket that nothing closes or opens")
