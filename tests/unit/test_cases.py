"""Inputs that people have, and that go wrong: what is read, what is said, what is refused."""

import gzip
import json
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hardball.cli import main
from hardball.core.errors import HardballError
from hardball.data import readers_files, store, text_files
from hardball.hierarchy import stored
from hardball.hierarchy.dag import Hierarchy


def built(folder: Path, name: str, text: str, **asked: object) -> Hierarchy:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    relations = asked.pop("relations", ())
    table = readers_files.read(path, relations=relations)
    return store.own(path.stem, table, **asked)


def edges(h: Hierarchy) -> set[str]:
    return {f"{h.ids[v]}<{h.ids[p]}" for v, p in enumerate(h.parent) if p >= 0}


def test_a_list_of_all_ancestors_is_reduced_to_its_edges(tmp_path: Path) -> None:
    text = "id1,id2,weight\npug,dog,1\nbeagle,dog,1\ndog,mammal,1\npug,mammal,1\nbeagle,mammal,1\n"
    h = built(tmp_path, "closure.csv", text)
    assert edges(h) == {"pug<dog", "beagle<dog", "dog<mammal"}
    assert "2 of 5 follow from others and were left out" in h.notices[-1]
    kept = built(tmp_path, "closure.csv", text, keep_implied=True)
    assert kept.n_edges == 5
    assert kept.notices[-1] == "2 of 5 edges follow from others"


def test_a_shortcut_beside_edges_is_kept_and_said(tmp_path: Path) -> None:
    h = built(tmp_path, "dag.csv", "child,parent\nc,b\nb,a\nc,a\nd,c\n")
    assert h.n_edges == 4
    assert h.notices == ["1 of 4 edges follow from others"]


TRIPLES = "head\trelation\ttail\ntea\tis_a\tdrink\nbag\tpart_of\ttea\n"


def test_triples_are_chosen_by_their_relation(tmp_path: Path) -> None:
    assert edges(built(tmp_path, "t.tsv", TRIPLES, relations=["is_a"])) == {"tea<drink"}
    with pytest.raises(HardballError, match=r"several relations, is_a \(1\), part_of \(1\)"):
        built(tmp_path, "t.tsv", TRIPLES)
    with pytest.raises(HardballError, match="no relation 'isa': it has is_a"):
        built(tmp_path, "t.tsv", TRIPLES, relations=["isa"])
    with pytest.raises(HardballError, match=r"has 3 columns \(first row: tea, is_a, drink\)"):
        built(tmp_path, "no_header.tsv", TRIPLES.partition("\n")[2])


@pytest.mark.parametrize(
    "head", ["head,tail", "source,target", "subject,object", "from,to", "id,parent_id"]
)
def test_headers_that_people_write(head: str, tmp_path: Path) -> None:
    assert edges(built(tmp_path, "t.csv", f"{head}\ntea,drink\n")) == {"tea<drink"}


def test_whole_numbers_that_a_table_made_reals(tmp_path: Path) -> None:
    h = built(tmp_path, "t.csv", "child,parent\n1,\n2,1.0\n3,1.0\n4,2.0\n")
    assert edges(h) == {"2<1", "3<1", "4<2"}
    assert "parents are whole numbers written like 1.0, and read as 1" in h.notices
    # Where they may mean something else they stay apart.
    h = built(tmp_path, "u.csv", "child,parent\n007,x\n7,x\n1.0,x\n")
    assert set(h.ids) == {"007", "7", "1.0", "x"}


def test_ids_that_look_alike_are_told(tmp_path: Path) -> None:
    for twin in ("a\u00a0b", "a b\u200b"):
        h = built(tmp_path, "t.csv", f"child,parent\na b,x\n{twin},y\n")
        assert any("look alike and are two nodes" in said for said in h.notices)
    assert not built(tmp_path, "t.csv", "child,parent\né,x\nè,x\n").notices


def test_edges_that_lead_the_other_way_are_told(tmp_path: Path) -> None:
    h = built(tmp_path, "t.tsv", "animal\tdog\nanimal\tcat\ndog\tpug\n")
    assert any("the reverse would be a tree with the root 'animal'" in n for n in h.notices)
    assert not any(
        "reverse" in n for n in built(tmp_path, "u.tsv", "dog\tanimal\npug\tdog\n").notices
    )


OBO = """format-version: 1.4

[Term]
id: T:1
name: tool
alt_id: T:0

[Term]
id: T:2
name: saw ! a name may have one
{links}

[Term]
id: T:8
is_obsolete: true
replaced_by: T:9

[Term]
id: T:9
is_obsolete: true
replaced_by: T:1
"""


@pytest.mark.parametrize(
    "links",
    [
        "is_a: T:1", "is_a:T:1", "is_a: T:1\t! tool", "is_a: T:1 ! tool", "is_a: T:1! tool",
        "is_a: T:1 {source=\"x ! y\"} ! tool", "is_a: T:0 ! by alt_id",
        "is_a: T:8 ! replaced twice", "is_a: T:1\nis_a: T:0",
    ],
)  # fmt: skip
def test_links_of_an_ontology_however_they_are_written(links: str, tmp_path: Path) -> None:
    h = built(tmp_path, "t.obo", OBO.format(links=links))
    assert edges(h) == {"T:2<T:1"}
    assert set(h.names) == {"tool", "saw ! a name may have one"}


def test_other_relations_of_an_ontology_are_said_and_taken_where_asked(tmp_path: Path) -> None:
    text = OBO.format(links="relationship: part_of T:1 ! tool")
    h = built(tmp_path, "t.obo", text)
    assert edges(h) == set()
    assert h.notices == [
        "links of other relations are not taken: 1 part_of (--relation takes them)"
    ]
    assert edges(built(tmp_path, "t.obo", text, relations=["part_of"])) == {"T:2<T:1"}
    with pytest.raises(HardballError, match="no relation 'part': it has is_a, part_of"):
        built(tmp_path, "t.obo", text, relations=["part"])


def test_terms_that_lose_all_their_parents_are_named(tmp_path: Path) -> None:
    h = built(tmp_path, "t.obo", OBO.format(links="is_a: T:77"))
    assert "1 terms are roots only because their parents are not there (first: T:2)" in h.notices


NODES = "1\t|\t1\t|\tno rank\t|\n2\t|\t1\t|\tgenus\t|\n3\t|\t9\t|\tspecies\t|\n"
NAMES = "1\t|\troot\t|\t\t|\tscientific_name\t|\r\n2\t|\tFelix\t|\t\t|\tscientific name\t|\r\n"


@pytest.mark.parametrize("place", ["", "./", "taxdump/"])
def test_a_taxonomy_dump_wherever_its_files_lie_in_the_archive(place: str, tmp_path: Path) -> None:
    texts = {"nodes.dmp": NODES, "names.dmp": NAMES, "merged.dmp": "9\t|\t2\t|\n"}
    path = tmp_path / "taxdump.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in texts.items():
            (tmp_path / name).write_text(text, newline="")
            archive.add(tmp_path / name, f"{place}{name}")
    h = store.own("t", readers_files.read(path))
    # 9 was merged into 2.
    assert edges(h) == {"2<1", "3<2"}
    assert list(h.names) == ["root", "Felix", "3"]
    assert h.notices == [
        "2 of 3 taxa have a name",
        "1 parents were merged into others, which were followed",
    ]
    (tmp_path / "names.dmp").write_text("1\t|\troot\t|\t\t|\tsynonym\t|\n")
    with pytest.raises(HardballError, match=r"names\.dmp has no scientific name"):
        readers_files.read(tmp_path / "nodes.dmp")


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "MOST_BYTES", 2**20)
    path = tmp_path / "bomb.tsv.gz"
    path.write_bytes(gzip.compress(b"child\tparent\n" + b"a\tb\n" * 2**19))
    with pytest.raises(HardballError, match="unpacks to more than 1 MB"):
        readers_files.read(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("text", ["[]", "{}", "", '"x"', "{"])
def test_a_build_whose_description_is_broken_is_one_line(text: str, home: Path) -> None:
    path = home / "pets.csv"
    path.write_text("child,parent\ncat,pet\n")
    _, folder = store.build_own(path)
    (folder / "meta.json").write_text(text)
    with pytest.raises(HardballError, match="holds no whole hierarchy") as raised:
        stored.load(folder)
    assert "\n" not in str(raised.value)


SUITE = "name: mine\nsummary: s\nminutes: 1\nseeds: {seeds}\nbase: {{dataset: d}}\n{more}"


@pytest.mark.parametrize(
    ("seeds", "more", "said"),
    [
        ("[0]", "base: {dataset: e}\n", "key 'base' stands twice"),
        ("[0, 0]", "", "one stands twice"),
        ("[0]", "groups: [" + "[" * 3000 + "]" * 3000 + "]\n", "nested too deeply"),
        (
            "[0]",
            "groups: [{factor: g, over: {"
            + ", ".join(f"{k}: {list(range(2, 12))}" for k in
                        ("lr", "epochs", "dim", "negatives", "batch_size", "burn_in"))
            + "}}]\n",
            "2,000,000 runs, allowed are 100,000",
        ),
        ("[true]", "", "seeds"),
    ],
)  # fmt: skip
def test_a_suite_with_a_slip_is_one_line_and_exit_code_2(
    seeds: str, more: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SUITE.format(seeds=seeds, more=more))
    result = CliRunner().invoke(main.app, ["plan", str(path)])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert said in result.output


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epochs=true", "epochs=true: write a number"),
        ("lr=nan", "lr: Input should be a finite number"),
        ("dim=1000000000", "dim: Input should be less than or equal to 10000"),
        ("negatives=1000000000", "negatives: Input should be less than or equal to"),
        ("manifold=poincare(c=0)", "c=0, allowed are numbers 0 < x"),
        ("loss=margin(margin=-1)", "margin=-1, allowed are numbers 0 <= x"),
        ("sampler=tightening(k=0)", "k=0, allowed are whole numbers 1 <= x"),
        ("colour=1", "unknown key 'colour': allowed are"),
        ("epoch=1", "unknown key 'epoch', did you mean 'epochs'?"),
    ],
)
def test_a_setting_beyond_its_range_is_one_line_and_exit_code_2(setting: str, said: str) -> None:
    result = CliRunner().invoke(main.app, ["train", "-d", "wordnet_mammals", "--set", setting])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert said in result.output


@pytest.mark.parametrize(("text", "value"), [("1e3", 1000), ("4", 4), ("2.0", 2)])
def test_whole_numbers_however_they_are_written(text: str, value: int) -> None:
    from hardball.runs import settings

    spec = settings.make_spec({"dataset": "d", "epochs": settings.read("epochs", text)}, "jax", 0)
    assert spec.epochs == value


def test_a_seed_that_stands_twice_is_refused() -> None:
    arguments = ["train", "-d", "wordnet_mammals", "--seeds", "1,1"]
    result = CliRunner().invoke(main.app, arguments)
    assert result.exit_code == 2
    assert "a seed stands twice" in result.output


def test_rows_of_data_that_changed_never_share_a_table(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hardball.core import paths
    from hardball.report import rows

    monkeypatch.setattr(paths, "results", lambda: home)
    path = home / "pets.csv"
    train = ["train", "-d", "pets", "-f", "torch", "--set", "negatives=2", "--set", "epochs=2"]
    for text, sampler in (("cat,pet\ndog,pet\n", "uniform"), ("cat,pet\nowl,bird\n", "siblings")):
        path.write_text(f"child,parent\n{text}")
        store.build_own(path)
        result = CliRunner().invoke(main.app, [*train, "--sampler", sampler])
        assert result.exit_code == 0, result.output
        time.sleep(1)  # a row says its start to the second
    runs = rows.read_runs(home / "work" / "adhoc" / "runs.csv")
    kept, said = rows.of_one_version(runs)
    assert len(runs) == 2
    assert [name.partition("(")[0] for name in kept["sampler"]] == ["siblings"]
    assert said[0].startswith("1 rows of pets are of an earlier version of its data")


def test_hidden_halves_of_rows_are_never_read(home: Path) -> None:
    from hardball.runs import collect

    (home / "rows").mkdir()
    (home / "rows" / ".123.run.jsonl").write_text(json.dumps({"run_id": "half"})[:9])
    assert collect.collect_folder(home) == (0, [])


def test_a_name_with_dollars_is_no_mathematics(tmp_path: Path) -> None:
    import hardball as hb
    from hardball.library.hierarchies import hierarchy_of

    pairs = [("cost $x^{$", "price"), ("tip", "price")]
    h = hierarchy_of(pairs, name="from $5 to $9")
    points = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.5]])
    figure = hb.Embedding(h, points, "tangent").plot(tmp_path / "dollars.svg")
    assert "from $5 to $9" in (tmp_path / "dollars.svg").read_text()
    assert figure is not None


MERGED = {
    "nodes.dmp": NODES.replace("3\t|\t9", "3\t|\t2"),
    "merged.dmp": "9\t|\t8\t|\n8\t|\t2\t|\n77\t|\t78\t|\n",
}


@pytest.fixture
def merged_dump(home: Path) -> Path:
    for name, text in MERGED.items():
        (home / name).write_text(text)
    return home / "nodes.dmp"


def test_taxids_that_were_merged_lead_to_those_that_stand(merged_dump: Path) -> None:
    from hardball.data import readers_ncbi
    from hardball.library.lookup import Lookup

    store.build_own(merged_dump, name="taxa")
    h = store.open_hierarchy("taxa")
    # 9 was merged into 8, and 8 into 2; nobody knows 78.
    assert h.moved == {"9": "2", "8": "2"}
    assert list(h.ids[h.rows(["9", "3", "8"])]) == ["2", "3", "2"]
    assert Lookup(h).row("9") == Lookup(h).row("2")
    with pytest.raises(HardballError, match="has no node '77'"):
        h.rows(["3", "77"])
    below = readers_ncbi.read_dump(merged_dump, root=9)
    assert below.nodes is not None
    assert set(below.nodes) == {2, 3}


def test_files_that_hold_merged_taxids_fit(merged_dump: Path) -> None:
    import hardball as hb

    names = merged_dump.with_name("names.tsv")
    names.write_text("id\tname\n1\troot\n9\tFelix\n3\tF. catus\n")
    h, _ = store.build_own(merged_dump, name="taxa", nodes=names)
    assert list(h.names[h.rows(["2"])]) == ["Felix"]
    points = merged_dump.with_name("points.tsv")
    points.write_text("1\t0\t0\n9\t0.1\t0\n3\t0.2\t0\n")
    assert hb.score(points, h, space="poincare")["map"] == 1
    saved = hb.Embedding(h, np.array([[0.0, 0], [0.1, 0], [0.2, 0]]), "tangent")
    again = hb.load(saved.save(merged_dump.with_name("x.npz")))
    assert again.ancestors("9")["id"].tolist() == ["1"]
    more = again.place("4", ["8"])
    assert more.ancestors("4")["id"].tolist() == ["1", "2"]
    assert more.is_a("4", "9")


def test_alternative_ids_of_an_ontology_can_be_asked_for(tmp_path: Path) -> None:
    h = built(tmp_path, "t.obo", OBO.format(links="is_a: T:1"))
    # T:0 is an alt_id of T:1; T:8 is replaced by T:9, and that by T:1.
    assert list(h.ids[h.rows(["T:0", "T:8"])]) == ["T:1", "T:1"]


def test_a_check_says_how_many_edges_follow_from_others(tmp_path: Path) -> None:
    from hardball.data import check

    h = built(tmp_path, "dag.csv", "child,parent\nc,b\nb,a\nc,a\nd,c\n")
    (line,) = (one for one in check.check_dataset(h) if one.name == "implied edges")
    assert (line.passed, line.detail) == (None, "1 of 4 edges follow from others")
