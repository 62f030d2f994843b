"""An embedding asked by names: what is near, above, new; saved, loaded, exported, scored."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import hardball as hb
from hardball.cli import main
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.library import exports, foreign
from hardball.library.hierarchies import hierarchy_of
from hardball.library.runs import disk_of
from hardball.metrics.polar import between, to_polar

PAIRS = [("cat", "feline"), ("lion", "feline"), ("feline", "mammal"), ("dog", "mammal")]


@pytest.fixture(scope="module")
def mammals() -> hb.Embedding:
    return hb.fit("wordnet_mammals", dim=5, seconds=2, framework="torch", progress=False)


@pytest.fixture
def pets() -> hb.Embedding:
    """mammal at the origin, feline and dog apart at 2, cat and lion at 4 behind feline."""
    h = hierarchy_of(PAIRS, name="pets")
    at = {"mammal": (0, 0), "feline": (2, 0), "dog": (-2, 0), "cat": (4, 0.5), "lion": (4, -0.5)}
    return hb.Embedding(h, np.array([at[i] for i in h.ids], float), "tangent")


def run(*arguments: object) -> tuple[int, str]:
    said = CliRunner().invoke(main.app, [str(each) for each in arguments])
    return said.exit_code, said.output


def test_fit_learns_the_hierarchy_and_no_point_lies_at_a_limit(mammals: hb.Embedding) -> None:
    # Measured: .980.
    assert mammals.figures["map"] > 0.96
    assert mammals.figures["share_at_limit"] == 0
    assert mammals.ancestors("dog.n.01")["rank"].median() == 1
    assert repr(mammals).startswith("<Embedding of wordnet_mammals: 1,180 nodes, 5 dimensions")


def test_what_is_near_and_what_it_is_to_the_node(pets: hb.Embedding) -> None:
    found = pets.nearest("feline", 4)
    assert found["relation"].tolist()[:1] == ["parent"]
    assert dict(zip(found["id"], found["relation"], strict=True)) == {
        "mammal": "parent", "cat": "child", "lion": "child", "dog": "sibling",
    }  # fmt: skip
    assert (np.diff(found["distance"]) >= 0).all()
    assert pets.nearest("cat", 99)["id"].size == 4


def test_ancestors_come_from_the_root_down_with_the_ranks_they_have(pets: hb.Embedding) -> None:
    found = pets.ancestors("cat")
    assert found["id"].tolist() == ["mammal", "feline"]
    # lion is no ancestor and lies nearer than mammal, not nearer than feline.
    assert found["rank"].tolist() == [2, 1]


def test_distances_are_hyperbolic(pets: hb.Embedding) -> None:
    assert pets.distance("mammal", "feline") == pytest.approx(2)
    assert pets.distance("feline", "dog") == pytest.approx(4)
    np.testing.assert_allclose(pets.distance(["feline", "dog"], "mammal"), [2, 2])


def test_is_a_is_the_hierarchys_word_and_the_probability_that_of_the_points(
    mammals: hb.Embedding,
) -> None:
    assert mammals.is_a("dog.n.01", "mammal.n.01")
    assert not mammals.is_a("mammal.n.01", "dog.n.01")
    above = mammals.is_a_probability("dog.n.01", "mammal.n.01")
    below = mammals.is_a_probability("mammal.n.01", "dog.n.01")
    assert 0 <= below < 0.5 < above <= 1


@pytest.mark.parametrize("manifold", ["tangent", "euclidean"])
def test_a_new_node_lies_below_its_parent_and_nothing_else_moves(
    pets: hb.Embedding, manifold: str
) -> None:
    pets = hb.Embedding(pets.hierarchy, pets.points, manifold)
    more = pets.place("t1", ["feline"], name="tiger")
    assert len(more) == 6
    assert more.ancestors("tiger")["rank"].tolist() == [1, 1]
    assert more.is_a("tiger", "mammal")
    for one, other in [("cat", "dog"), ("lion", "mammal")]:
        assert more.distance(one, other) == pytest.approx(pets.distance(one, other))
    assert len(pets) == 5
    with pytest.raises(hb.HardballError, match="has a node 't1' already"):
        more.place("t1", ["dog"])


def test_placed_among_the_mammals_a_node_finds_its_ancestors(mammals: hb.Embedding) -> None:
    more = mammals.place("my.dog", ["dog.n.01"])
    assert more.ancestors("my.dog")["rank"].max() <= 2


def test_a_name_or_a_typing_error(mammals: hb.Embedding) -> None:
    assert mammals.distance("dog", "dog.n.01") == 0
    with pytest.raises(hb.HardballError, match=r"no node 'carnivor', did you mean .*carnivore"):
        mammals.nearest("carnivor")
    h = hierarchy_of(pd.DataFrame({"child": ["1", "2"], "parent": ["0", "0"]}))
    both = hb.Embedding(h, np.eye(3)[:, :2], "tangent")
    with pytest.raises(hb.HardballError, match="k=0, allowed are 1 or more"):
        both.nearest("1", 0)


def test_a_file_gives_the_same_embedding_back(mammals: hb.Embedding, tmp_path: Path) -> None:
    path = mammals.save(tmp_path / "m.npz")
    again = hb.load(path)
    pd.testing.assert_frame_equal(again.to_frame(), mammals.to_frame())
    assert again.figures == mammals.figures
    assert again.hierarchy.content_sha256 == mammals.hierarchy.content_sha256
    whole = path.read_bytes()
    for broken in (whole[:1000], b"", b"\0" * 4000, b"words"):
        path.write_bytes(broken)
        with pytest.raises(hb.HardballError, match="not an embedding that `save` wrote"):
            hb.load(path)


@pytest.mark.parametrize("space", ["tangent", "poincare", "lorentz"])
def test_coordinates_keep_the_distances(pets: hb.Embedding, space: str) -> None:
    frame = pets.to_frame(space)
    rows = frame[[c for c in frame if c[0] == "x"]].to_numpy()
    polar = to_polar(rows, space)
    ours = between(to_polar(pets.points, "tangent"), np.arange(5), np.roll(np.arange(5), 1))
    np.testing.assert_allclose(between(polar, np.arange(5), np.roll(np.arange(5), 1)), ours)


def test_coordinates_that_would_round_are_refused(pets: hb.Embedding) -> None:
    far = hb.Embedding(pets.hierarchy, 12 * pets.points, "tangent")
    assert far.to_frame("lorentz")["radius"].max() > 48
    with pytest.raises(hb.HardballError, match="where poincare coordinates in float64 end at 36"):
        far.to_frame("poincare")
    with pytest.raises(hb.HardballError, match="points are hyperbolic: no euclidean coordinates"):
        pets.to_frame("euclidean")


@pytest.mark.parametrize("to", exports.FORMATS)
def test_every_export_is_read_back_with_its_ids(
    pets: hb.Embedding, to: str, tmp_path: Path
) -> None:
    out = exports.export(pets, to, tmp_path / f"out{exports.FORMATS[to].ending}")
    frame = pets.to_frame(exports.FORMATS[to].space)
    rows = frame[[c for c in frame if c[0] == "x"]].to_numpy()
    if to == "projector":
        np.testing.assert_array_equal(np.loadtxt(out / "vectors.tsv"), rows)
        assert (out / "metadata.tsv").read_text().startswith("id\tname\tdepth\n")
        return
    if to in ("npz", "word2vec"):
        found = foreign.read(out)
        assert found.ids == frame["id"].tolist()
        np.testing.assert_array_equal(found.rows, rows)
        return
    again = pd.read_parquet(out) if to == "parquet" else pd.read_csv(out, sep="\t")
    np.testing.assert_array_equal(again[[c for c in again if c[0] == "x"]], rows)
    assert again["id"].tolist() == frame["id"].tolist()


def test_a_picture(pets: hb.Embedding, tmp_path: Path) -> None:
    pets.plot(tmp_path / "pets.png")
    assert (tmp_path / "pets.png").read_bytes()[1:4] == b"PNG"


def test_an_interactive_plot_is_one_page_with_every_node(
    pets: hb.Embedding, tmp_path: Path
) -> None:
    page = pets.plot(tmp_path / "pets.html", interactive=True)
    text = page.read_text()
    assert r"mammal\nfeline\ndog\ncat\nlion" in text
    assert "src=" not in text
    assert "http" not in text
    with pytest.raises(HardballError, match="say where"):
        pets.plot(interactive=True)
    flat = hb.Embedding(pets.hierarchy, pets.points, "euclidean")
    with pytest.raises(HardballError, match="no place in the Poincaré disk"):
        flat.plot(tmp_path / "flat.html", interactive=True)
    assert not (tmp_path / "flat.html").exists()


def test_a_saved_embedding_is_a_disk_of_the_site(pets: hb.Embedding, tmp_path: Path) -> None:
    found = disk_of(str(pets.save(tmp_path / "pets.npz")))
    assert found.subtitle == "5 nodes, of pets.npz"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    return tmp_path


def rows_of(embedding: hb.Embedding) -> pd.DataFrame:
    frame = embedding.to_frame("lorentz")
    return frame[["id", *(c for c in frame if c[0] == "x")]]


@pytest.mark.parametrize("kind", ["tsv", "csv", "parquet", "npy", "vec", "npz"])
def test_rows_that_somebody_else_made_are_scored_in_any_order(
    mammals: hb.Embedding, kind: str, folder: Path
) -> None:
    frame = rows_of(mammals).sample(frac=1, random_state=0)
    numbers, path = frame.drop(columns="id").to_numpy(), folder / f"mine.{kind}"
    beside = []
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind in ("tsv", "csv"):
        frame.to_csv(path, sep="\t" if kind == "tsv" else ",", index=False)
    elif kind == "npy":
        np.save(path, numbers)
        (folder / "ids.txt").write_text("\n".join(frame["id"]))
        beside = ["--ids", folder / "ids.txt"]
    elif kind == "npz":
        np.savez(path, vectors=numbers, ids=frame["id"].to_numpy(str))
    else:
        lines = [f"{len(numbers)} {numbers.shape[1]}"]
        lines += [f"{i} {' '.join(map(repr, map(float, r)))}" for i, r in
                  zip(frame["id"], numbers, strict=True)]  # fmt: skip
        path.write_text("\n".join(lines))
    given = ["score", path, "-d", "wordnet_mammals", "--space", "lorentz", *beside]
    code, said = run(*given, "--label", "mine")
    assert code == 0, said
    figures = dict(line.split("\t") for line in said.splitlines() if line.count("\t") == 1)
    assert float(figures["map"]) == pytest.approx(mammals.figures["map"], rel=1e-4)
    assert "drawing" in said
    left = pd.read_csv(folder / "work" / "adhoc" / "external.csv")
    assert left["label"].tolist() == ["mine"]
    assert left["dim"].tolist() == [5]
    # The same label again replaces its row.
    run(*given, "--label", "mine")
    assert len(pd.read_csv(folder / "work" / "adhoc" / "external.csv")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\t1\n", "have no row"),
        ("", "no table of numbers"),
        ("mammal.n.01\tx\n", "no table of numbers"),
        ("mammal.n.01\tnan\t1\n", "no table of finite numbers"),
    ],
)
def test_rows_that_do_not_fit_are_refused_in_one_line(text: str, said: str, folder: Path) -> None:
    path = folder / "bad.tsv"
    path.write_text(text)
    code, output = run("score", path, "-d", "wordnet_mammals", "--space", "euclidean")
    assert (code, output.count("\n")) == (2, 1)
    assert said in output


def test_a_file_is_fitted_asked_and_exported_from_the_command_line(folder: Path) -> None:
    edges = folder / "pets.csv"
    edges.write_text("child,parent\n" + "".join(f"{c},{p}\n" for c, p in PAIRS))
    made = folder / "pets.npz"
    code, said = run("fit", edges, "--out", made, "--dim", 2, "--seconds", 1, "-f", "torch")
    assert code == 0, said
    assert "MAP" in said
    code, said = run("nearest", made, "cat", "-k", 2)
    assert code == 0
    assert "feline" in said
    code, said = run("ancestors", made, "cat")
    assert said.split()[-5:][0] == "feline"
    code, said = run("export", made, "--to", "tsv", "--out", folder / "out.tsv")
    assert code == 0
    assert pd.read_csv(folder / "out.tsv", sep="\t")["id"].size == 5
    code, said = run("nearest", made, "cta")
    assert (code, said) == (2, "hardball: pets has no node 'cta', did you mean 'cat'?\n")


def test_a_run_is_asked_by_its_name(folder: Path) -> None:
    train = ["train", "-d", "wordnet_mammals", "-f", "torch", "--set", "epochs=3"]
    code, said = run(*train)
    assert code == 0, said
    (points,) = (folder / "work" / "adhoc" / "points").glob("*.npz")
    assert str(points) in said
    for named in (points, points.stem):
        code, said = run("nearest", named, "dog", "-k", 1)
        assert code == 0, said
    with np.load(points) as file:
        assert json.loads(file["ids"].tobytes())[0] == "mammal.n.01"
    code, said = run("nearest", points.stem.replace("infonce", "infonc"), "dog")
    assert code == 2
    assert f"did you mean {points.stem}" in said


def test_it_goes_through_scikit_learns_motions() -> None:
    first = hb.HyperbolicEmbedding(dim=2, seconds=1, framework="torch", space="poincare")
    model = hb.HyperbolicEmbedding(**first.get_params()).set_params(seed=3)
    assert (model.dim, model.space, model.seed, first.seed) == (2, "poincare", 3, 0)
    with pytest.raises(hb.HardballError, match="not fitted yet"):
        model.transform(["cat"])
    rows = model.fit_transform(PAIRS)
    assert rows.shape == (5, 2)
    assert (np.linalg.norm(rows, axis=1) < 1).all()
    ids = model.embedding_.hierarchy.ids
    np.testing.assert_array_equal(model.transform([ids[3]]), rows[3:4])
    with pytest.raises(hb.HardballError, match="no parameter 'colour'"):
        model.set_params(colour=1)
