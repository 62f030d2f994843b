"""What kind of file a hierarchy is in: by marks in its first bytes, else by its ending."""

import re
from pathlib import Path

from hardball.core.errors import HardballError
from hardball.data import separated, text_files

ENDINGS = {
    ".dmp": "dump", ".tar": "dump", ".tgz": "dump", ".obo": "obo",
    ".owl": "owl", ".rdf": "owl", ".xml": "owl", ".ttl": "owl", ".nt": "owl", ".ofn": "owl",
    ".nwk": "newick", ".newick": "newick", ".tree": "newick", ".tre": "newick", ".nh": "newick",
    ".treefile": "newick", ".json": "json", ".jsonl": "json", ".ndjson": "json",
    ".parquet": "parquet", ".pq": "parquet",
    **dict.fromkeys([*separated.SEPARATORS, *separated.UNSAID], "table"),
}  # fmt: skip
"""Ending -> dump, obo, owl, newick, json, parquet or table."""
ALLOWED = (
    ".tsv, .csv, .txt, .parquet, .jsonl, .obo, .owl, .ttl, .ofn, .nwk (also .gz, .bz2, .xz, .zip), "
    "nodes.dmp, taxdump.tar.gz or .zip"
)
_MARKS = {
    "parquet": re.compile(rb"PAR1"),
    "obo": re.compile(rb"\s*(format-version:|\[Term\])"),
    "owl": re.compile(
        rb"\s*(<\?xml|<rdf:RDF|<Ontology|@prefix\s|@base\s|Prefix\s*\(|Ontology\s*\()"
    ),
    "newick": re.compile(rb"\s*(\[[^\]]*\]\s*)?\(.*[,)]", re.DOTALL),
    "json": re.compile(rb"\s*(\{\s*\"|\[\s*\{)"),
}
_REFUSED = {
    ".yaml": "a tree in YAML", ".yml": "a tree in YAML", ".nex": "NEXUS", ".nexus": "NEXUS",
    ".omn": "OWL in Manchester syntax", ".owx": "OWL/XML", ".xlsx": "a workbook",
    ".xls": "a workbook", ".ods": "a workbook", ".graphml": "GraphML", ".gml": "GML",
}  # fmt: skip
_INSTEAD = {
    "NEXUS": "write Newick (.nwk)", "OWL in Manchester syntax": "write RDF/XML (.owl) or Turtle",
    "OWL/XML": "write RDF/XML (.owl) or Turtle",
}  # fmt: skip
_EDGES = "write its edges, child and parent, as .tsv or .csv"


def kind_of(path: Path) -> str:
    """One of the kinds in ENDINGS; raises HardballError on no plain file, and on another kind."""
    text_files.check(path)
    ending = (text_files.endings(path) or [""])[-1]
    if ending in _REFUSED:
        raise _refused(path, _REFUSED[ending])
    members = text_files.zip_members(path)
    if any(name.rpartition("/")[2] == "nodes.dmp" for name in members):
        return "dump"
    if ENDINGS.get(ending) == "dump":
        return "dump"
    if len(members) == 1 and ending not in ENDINGS:
        ending = Path(members[0]).suffix.lower()
    begin = text_files.first_bytes(path).removeprefix(b"\xef\xbb\xbf")
    if begin.lstrip().startswith(b"#NEXUS"):
        raise _refused(path, "NEXUS")
    if re.match(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<Ontology", begin, re.DOTALL):
        raise _refused(path, "OWL/XML")
    return _marked(begin, ENDINGS.get(ending, ""), path, ending)


def _marked(begin: bytes, expected: str, path: Path, ending: str) -> str:
    """The kind that the first bytes show; `expected` where they show none."""
    found = next((kind for kind, mark in _MARKS.items() if mark.match(begin)), "")
    # An id may begin with a bracket: in a table a tree is none.
    if found in ("newick", "json") and expected == "table" and ending not in separated.UNSAID:
        found = ""
    kind = found or expected
    if not kind:
        raise HardballError(f"{path}: unknown kind of file: allowed are {ALLOWED}")
    return kind


def _refused(path: Path, what: str) -> HardballError:
    return HardballError(f"{path} is {what}, which is not read: {_INSTEAD.get(what, _EDGES)}")
