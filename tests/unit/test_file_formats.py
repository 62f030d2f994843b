"""What files may look like: OWL, Newick, JSON lines, other separators, packed files."""

import builtins
import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pytest

from hardball.core.errors import HardballError
from hardball.data import readers_files, store
from hardball.hierarchy.dag import Hierarchy


def read(folder: Path, name: str, text: str | bytes, **asked: object) -> Hierarchy:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return store.own("t", readers_files.read(path, **asked))


def edges(h: Hierarchy) -> set[str]:
    return {f"{h.ids[v]}<{h.ids[p]}" for v, p in enumerate(h.parent) if p >= 0}


RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:owl="http://www.w3.org/2002/07/owl#"
 xmlns:obo="http://purl.obolibrary.org/obo/">
<owl:ObjectProperty rdf:about="http://purl.obolibrary.org/obo/BFO_0000050">
 <rdfs:label>part of</rdfs:label></owl:ObjectProperty>
<owl:Class rdf:about="http://purl.obolibrary.org/obo/T_1">
 <rdfs:label xml:lang="de">Tier</rdfs:label><rdfs:label xml:lang="en">animal</rdfs:label>
 <rdfs:subClassOf rdf:resource="http://www.w3.org/2002/07/owl#Thing"/></owl:Class>
<owl:Class rdf:about="http://purl.obolibrary.org/obo/T_2"><rdfs:label>dog</rdfs:label>
 <rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/T_1"/>
 <rdfs:subClassOf><owl:Restriction>
  <owl:onProperty rdf:resource="http://purl.obolibrary.org/obo/BFO_0000050"/>
  <owl:someValuesFrom rdf:resource="http://purl.obolibrary.org/obo/T_3"/>
 </owl:Restriction></rdfs:subClassOf></owl:Class>
<owl:Class rdf:about="http://purl.obolibrary.org/obo/T_3"><rdfs:label>pack</rdfs:label></owl:Class>
<owl:Class rdf:about="http://purl.obolibrary.org/obo/T_9">
 <owl:deprecated rdf:datatype="http://www.w3.org/2001/XMLSchema#boolean">true</owl:deprecated>
 <obo:IAO_0100001 rdf:resource="http://purl.obolibrary.org/obo/T_1"/></owl:Class>
<owl:Class rdf:about="http://x.org/o#cat">
 <rdfs:subClassOf rdf:resource="http://purl.obolibrary.org/obo/T_9"/></owl:Class>
</rdf:RDF>"""
TURTLE = """@prefix : <http://x.org/o#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:cat a owl:Class ; rdfs:subClassOf :feline ; rdfs:label "cat"@en . :feline a owl:Class ."""
FUNCTIONAL = """Prefix(:=<http://x.org/o#>)
Ontology(<http://x.org/o>
Declaration(Class(:cat)) Declaration(Class(:feline))
SubClassOf(Annotation(rdfs:comment "a \\" quote") :cat :feline)
SubClassOf(:cat ObjectSomeValuesFrom(:part_of :feline))
AnnotationAssertion(rdfs:label :cat "cat (small)"@en)
)"""


def test_owl_gives_classes_labels_and_what_replaces_them(tmp_path: Path) -> None:
    pytest.importorskip("rdflib")
    h = read(tmp_path, "t.owl", RDF)
    # cat is below T:9, which is deprecated and replaced by T:1.
    assert edges(h) == {"T:2<T:1", "http://x.org/o#cat<T:1"}
    assert set(h.names) == {"animal", "dog", "pack", "cat"}
    assert "1 deprecated classes are left out" in h.notices
    assert any("1 part_of (--relation takes them)" in said for said in h.notices)
    more = read(tmp_path, "t.owl", RDF, relations=["part_of"])
    assert more.n_edges == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.ttl", TURTLE),
        ("t.owl", TURTLE),
        ("t.ofn", FUNCTIONAL),
        (
            "t.nt",
            "<http://x.org/o#cat> <http://www.w3.org/2000/01/rdf-schema#subClassOf> "
            "<http://x.org/o#feline> .\n",
        ),
        ("t.owl.gz", gzip.compress(TURTLE.encode())),
    ],
)
def test_other_ways_to_write_owl(name: str, text: str | bytes, tmp_path: Path) -> None:
    pytest.importorskip("rdflib")
    assert edges(read(tmp_path, name, text)) == {"http://x.org/o#cat<http://x.org/o#feline"}


def test_without_rdflib_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *more: object, **named: object) -> object:
        if name == "rdflib":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(HardballError, match=r"pip install 'hardball\[owl\]', or write OBO"):
        read(tmp_path, "t.owl", RDF)
    # The functional syntax needs nothing.
    assert read(tmp_path, "t.ofn", FUNCTIONAL).n_edges == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("((cat:1,lion:2)feline:.5,dog)mammal;",
         {"cat<feline", "lion<feline", "feline<mammal", "dog<mammal"}),
        ("('it''s (one)',\"b c\")r[a [nested] note];", {"it's (one)<r", "b c<r"}),
        ("(a,b)r;\n(c,d)s;", {"a<r", "b<r", "c<s", "d<s"}),
    ],
)  # fmt: skip
def test_newick(text: str, found: set[str], tmp_path: Path) -> None:
    assert edges(read(tmp_path, "t.nwk", text)) == found


def test_inner_nodes_without_a_label_are_called_by_their_leaves(tmp_path: Path) -> None:
    one = read(tmp_path, "t.nwk", "((cat,lion)95,(dog,wolf)80);")
    other = read(tmp_path, "t.nwk", "((wolf,dog),(lion,cat));")
    assert edges(one) == edges(other)
    assert "clade of cat and lion" in set(one.names)
    assert "2 inner nodes are labelled by numbers, taken for support values" in one.notices


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"child":"b","parent":"a"}\n\n{"child":"c","parent":"a"}\n', {"b<a", "c<a"}),
        ('{"id":1,"parent_id":null}\n{"id":2,"parent_id":1.0}\n', {"2<1"}),
        ('{"id":"x","parents":["a"]}\n{"id":"a","parents":[]}\n', {"x<a"}),
        ('[{"child":"b","parent":"a"}]', {"b<a"}),
    ],
)
def test_json_lines(text: str, found: set[str], tmp_path: Path) -> None:
    for name in ("t.jsonl", "t.json"):
        assert edges(read(tmp_path, name, text)) == found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "child;parent\nb x;a, c\n"),
        ("t.txt", "child  parent\nb x  a, c\n"),
        ("t.psv", "child|parent\nb x|a, c\n"),
        ("t.tsv", "# made by hand\nchild\tparent\nb x\ta, c\n"),
        ("t", "child\tparent\nb x\ta, c\n"),
    ],
)
def test_what_parts_columns_is_found(name: str, text: str, tmp_path: Path) -> None:
    assert edges(read(tmp_path, name, text)) == {"b x<a, c"}


def test_spaces_part_columns_where_nothing_else_does(tmp_path: Path) -> None:
    h = read(tmp_path, "t.txt", "b a\nc a\n")
    assert edges(h) == {"b<a", "c<a"}
    assert "columns are taken to be parted by spaces" in h.notices
    with pytest.raises(HardballError, match=r"may be parted by a comma .* or by ;"):
        read(tmp_path, "t.txt", "b,x;a\nc,y;a\n")


PACKERS = [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]


@pytest.mark.parametrize(("ending", "packed"), PACKERS)
def test_packed_files(ending: str, packed: object, tmp_path: Path) -> None:
    data = packed(b"child,parent\nb,a\n")  # type: ignore[operator]
    # What the first bytes say counts, with the packer's ending or without.
    for name in (f"t.csv.{ending}", "t.csv"):
        assert edges(read(tmp_path, name, data)) == {"b<a"}
    with pytest.raises(HardballError, match="is not a whole packed file"):
        read(tmp_path, f"t.csv.{ending}", data[:-9])


def test_a_zip_holds_one_file(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    for members, good in ((["e.csv"], True), (["e.csv", "f.csv"], False)):
        with zipfile.ZipFile(path, "w") as archive:
            for member in members:
                archive.writestr(member, "child,parent\nb,a\n")
        if good:
            assert edges(store.own("t", readers_files.read(path))) == {"b<a"}
        else:
            with pytest.raises(HardballError, match=r"holds 2 files \(e\.csv, f\.csv\)"):
                readers_files.read(path)


BROKEN = [
    ("t.owl", RDF[:900], "is no RDF/XML"),
    ("t.ttl", TURTLE[:150], "is no Turtle"),
    ("t.ofn", FUNCTIONAL[:-1], "a bracket that nothing closes"),
    ("t.ofn", FUNCTIONAL.replace(":feline)", "z:feline)"), "'z:feline' has a prefix"),
    ("t.owl", "<?xml version='1.0'?><html/>", "has no named class"),
    ("t.owl", "<?xml version='1.0'?><Ontology/>", "is OWL/XML, which is not read: write RDF/XML"),
    ("t.owl", RDF.replace("?>", '?><!DOCTYPE l [<!ENTITY a SYSTEM "/etc/hosts">]>', 1),
     "the entity 'a' names another file"),
    ("t.nwk", "((a,b),c)", "line 1, character 10: an end without `;`"),
    ("t.nwk", "(a,a)r;", "'a' stands twice"),
    ("t.nwk", "(,)r;", "2 leaves have no label"),
    ("t.nwk", "hello world;", "a second label, 'world'"),
    ("t.nex", "#NEXUS\n", "is NEXUS, which is not read: write Newick"),
    ("t.jsonl", '{"child":"b","parent":"a"}\n{"child":\n', "line 2: not JSON"),
    ("t.jsonl", '{"id":"x","children":[{"id":"y"}]}', "a tree of objects in objects is not read"),
    ("t.jsonl", '{"child":true,"parent":"x"}', "child is True, no id"),
    ("t.json", "[" * 100_000, "not JSON"),
    ("t.yaml", "a: b", "is a tree in YAML, which is not read: write its edges"),
    ("t.xlsx", "PK", "is a workbook, which is not read"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "said"), BROKEN)
def test_what_is_not_read_is_one_line(name: str, text: str, said: str, tmp_path: Path) -> None:
    if name.endswith((".owl", ".ttl")):
        pytest.importorskip("rdflib")
    with pytest.raises(HardballError) as raised:
        read(tmp_path, name, text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_entities_that_grow_are_refused_before_they_do(tmp_path: Path) -> None:
    grown = "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    text = RDF.replace("?>", f'?><!DOCTYPE l [<!ENTITY a "ha">{grown}]>', 1).replace("dog", "&i;")
    with pytest.raises(HardballError, match="unpack to more than 256 million characters"):
        read(tmp_path, "t.owl", text)


def test_namespaces_and_relations_go_with_what_has_them(tmp_path: Path) -> None:
    with pytest.raises(HardballError, match="no namespaces: --namespace goes with OBO and OWL"):
        read(tmp_path, "t.csv", "child,parent\nb,a\n", namespaces=["x"])
    with pytest.raises(HardballError, match="no relations: --relation goes with"):
        read(tmp_path, "t.nwk", "(a,b)r;", relations=["x"])
