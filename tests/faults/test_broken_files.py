"""Files that are cut off, or have a bit flipped: read, or refused in one line."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from hardball.core import array_files
from hardball.core.errors import HardballError
from hardball.data import features_files, readers_files, store
from hardball.data.points import load_points, save_points
from hardball.hierarchy import stored
from hardball.hierarchy.dag import from_edges
from hardball.library import foreign, saved
from hardball.report import rows
from hardball.runs import collect, suites

LABELS = [f"n{i}" for i in range(8)]
TREE = from_edges("t", LABELS[1:], [LABELS[0]] * 7, groups={"kind": dict.fromkeys(LABELS, "x")})
EDGES = "child\tparent\n" + "".join(f"n{i}\tn{i // 2}\n" for i in range(1, 8))
DUMP = "".join(f"{i}\t|\t{max(i // 2, 1)}\t|\tno rank\t|\n" for i in range(1, 8))


class Kind(NamedTuple):
    """A kind of file: its name, its bytes, how it is read; sure: every changed byte is told."""

    name: str
    data: bytes
    read: Callable[[Path], Any]
    sure: bool = False


def _bytes(write: Callable[[Path], object], folder: Path, name: str) -> bytes:
    write(folder / name)
    return (folder / name).read_bytes()


def _tar() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as archive:
        info = tarfile.TarInfo("nodes.dmp")
        info.size = len(DUMP)
        archive.addfile(info, io.BytesIO(DUMP.encode()))
    return whole.getvalue()


def _zip() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("nodes.dmp", DUMP)
    return whole.getvalue()


OBO = "format-version: 1.4\n" + "".join(
    f"\n[Term]\nid: T:{i}\nname: term {i}\nis_a: T:{i // 2} ! above\n" for i in range(1, 6)
)
TURTLE = (
    "@prefix : <http://x/> .\n@prefix s: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    + "".join(f":n{i} s:subClassOf :n{i // 2} .\n" for i in range(1, 6))
)
RDF = (
    '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"\n'
    ' xmlns:s="http://www.w3.org/2000/01/rdf-schema#">\n'
    + "".join(
        f'<rdf:Description rdf:about="http://x/n{i}">'
        f'<s:subClassOf rdf:resource="http://x/n{i // 2}"'
        "/></rdf:Description>\n"
        for i in range(1, 6)
    )
    + "</rdf:RDF>\n"
)
FUNCTIONAL = (
    "Prefix(:=<http://x/>)\nOntology(<http://x>\n"
    + "".join(f"SubClassOf(:n{i} :n{i // 2})\n" for i in range(1, 6))
    + ")\n"
)
SUITE = """name: mine
summary: a suite
minutes: 1
seeds: [0, 1]
base: {dataset: wordnet_mammals, epochs: 2}
groups: [{factor: sampler, over: {sampler: [uniform, siblings]}}]
"""


def _built(path: Path) -> object:
    return store.own("t", readers_files.read(path))


def _frame() -> pd.DataFrame:
    return pd.DataFrame({"child": LABELS[1:], "parent": [LABELS[0]] * 7})


def _numbers() -> pd.DataFrame:
    return pd.DataFrame({"id": LABELS, "x": np.arange(8.0), "y": np.arange(8.0)})


def kinds(folder: Path) -> dict[str, Kind]:
    runs = "run_id,config_id,dataset,task,framework,seed,status,map\n" + "".join(
        f"r{i},c,pets,reconstruction,jax,{i},ok,0.{i}\n" for i in range(5)
    )
    curves = pd.DataFrame({"run_id": ["r1"] * 5, "epoch": range(5)})
    held = saved.Saved(TREE, np.zeros((8, 2)), "tangent", 1.0, {}, {})
    checkpoint = {"identity": np.array("i"), "x": np.arange(50.0)}
    numbers = np.arange(16.0).reshape(8, 2)

    def written(name: str, write: Callable[[Path], object]) -> bytes:
        return _bytes(write, folder, name)

    def features(path: Path) -> np.ndarray:
        return features_files.read(TREE, str(path))

    return {
        "tsv": Kind("e.tsv", EDGES.encode(), _built),
        "tsv.gz": Kind("e.tsv.gz", gzip.compress(EDGES.encode()), _built),
        "parquet": Kind("e.parquet", written("e.parquet", _frame().to_parquet), _built),
        "obo": Kind("e.obo", OBO.encode(), _built),
        "turtle": Kind("e.ttl", TURTLE.encode(), _built),
        "rdf": Kind("e.owl", RDF.encode(), _built),
        "functional": Kind("e.ofn", FUNCTIONAL.encode(), _built),
        "newick": Kind("e.nwk", b"((cat:1,'a lion':2)feline,(dog,wolf))mammal;\n", _built),
        "json": Kind(
            "e.jsonl",
            b"".join(b'{"id": "n%d", "parents": ["n%d"]}\n' % (i, i // 2) for i in range(1, 6)),
            _built,
        ),
        "dump": Kind("nodes.dmp", DUMP.encode(), _built),
        "dump.tar.gz": Kind("taxdump.tar.gz", _tar(), _built),
        "dump.zip": Kind("taxdump.zip", _zip(), _built),
        "points": Kind(
            "p.npz",
            written("p.npz", lambda p: save_points(p, numbers, "tangent", 1.0, LABELS)),
            lambda path: load_points(path, LABELS),
        ),
        "embedding": Kind(
            "x.npz", written("x.npz", lambda p: saved.write(p, held)), saved.read
        ),
        "checkpoint": Kind(
            "c.npz",
            written("c.npz", lambda p: array_files.write_arrays(p, checkpoint)),
            lambda path: array_files.read_arrays(path, "i"),
        ),
        "runs": Kind("runs.csv", runs.encode(), rows.read_runs),
        "curves": Kind(
            "k.parquet",
            written("k.parquet", curves.to_parquet),
            lambda path: rows.read_curves(path.parent, ["r1"]),
        ),
        "suite": Kind("mine.yaml", SUITE.encode(), lambda path: suites.load(str(path))),
        "rows": Kind("j.jsonl", b'{"run_id": "x"}\n', collect.read_rows),
        "features.npy": Kind("f.npy", written("f.npy", lambda p: np.save(p, numbers)), features),
        "features.csv": Kind("f.csv", _numbers().to_csv(index=False).encode(), features),
        "features.parquet": Kind(
            "f.parquet", written("f.parquet", _numbers().to_parquet), features
        ),
        "foreign.npy": Kind("g.npy", written("g.npy", lambda p: np.save(p, numbers)), foreign.read),
        "foreign.npz": Kind(
            "g.npz", written("g.npz", lambda p: np.savez(p, x=numbers)), foreign.read
        ),
        "foreign.parquet": Kind(
            "g.parquet", written("g.parquet", _numbers().to_parquet), foreign.read
        ),
        "foreign.vec": Kind("g.vec", b"3 2\na 0 1\nb 1 0\nc 1 1\n", foreign.read),
    }  # fmt: skip


NAMES = tuple(sorted({
    "tsv", "tsv.gz", "parquet", "obo", "turtle", "rdf", "functional", "newick", "json", "dump",
    "dump.tar.gz", "dump.zip", "points", "embedding", "checkpoint", "runs", "curves", "suite",
    "rows", "features.npy", "features.csv", "features.parquet", "foreign.npy", "foreign.npz",
    "foreign.parquet", "foreign.vec",
}))  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    found = kinds(tmp_path_factory.mktemp("whole"))
    assert set(found) == set(NAMES)
    return found


def damaged(data: bytes, seed: int, flips: int, cuts: int) -> Iterator[bytes]:
    """The bytes cut off at places, with one bit flipped, with zeros at their end, and none."""
    rng = np.random.default_rng(seed)
    yield b""
    yield b"\0" * len(data)
    yield data[: len(data) // 2] + b"\0" * (len(data) - len(data) // 2)
    for end in sorted({1, len(data) - 1, *rng.integers(1, len(data), cuts).tolist()}):
        yield data[:end]
    for place, bit in zip(
        rng.integers(0, len(data), flips), rng.integers(0, 8, flips), strict=True
    ):
        changed = bytearray(data)
        changed[place] ^= 1 << int(bit)
        yield bytes(changed)


def one_line_or_read(kind: Kind, path: Path) -> bool:
    """Whether the file was read; any exception but one line fails the test."""
    refused = None
    try:
        kind.read(path)
    except HardballError as error:
        refused = str(error)
    assert refused is None or ("\n" not in refused and len(refused) < 1000), refused
    return refused is None


@pytest.mark.parametrize("flips", [12, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_read_or_refused_in_one_line(
    name: str, flips: int, whole: dict[str, Kind], tmp_path: Path
) -> None:
    if name in ("turtle", "rdf"):
        pytest.importorskip("rdflib")
    kind = whole[name]
    path = tmp_path / kind.name
    path.write_bytes(kind.data)
    assert one_line_or_read(kind, path) or name == "rows"
    for data in damaged(kind.data, 0, flips, flips // 3):
        path.write_bytes(data)
        one_line_or_read(kind, path)
    path.unlink()
    path.mkdir()
    one_line_or_read(kind, path)


def test_a_folder_in_the_place_of_a_checkpoint_is_said_and_not_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.npz").mkdir()
    assert array_files.read_arrays(tmp_path / "c.npz", "i") is None
    assert "no whole checkpoint" in capsys.readouterr().err
    with pytest.raises(HardballError, match="is a folder, a file is to be written there"):
        array_files.write_arrays(tmp_path / "c.npz", {"x": np.zeros(3)})
    assert (tmp_path / "c.npz").is_dir()


@pytest.mark.parametrize("data", [b"", b"PK", b"\0" * 100])
def test_a_checkpoint_that_is_none_says_that_the_run_starts_afresh(
    data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.npz").write_bytes(data)
    assert array_files.read_arrays(tmp_path / "c.npz", "i") is None
    assert "the run starts afresh" in capsys.readouterr().err
    assert array_files.read_arrays(tmp_path / "none.npz", "i") is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("flips", [40, pytest.param(2000, marks=pytest.mark.full)])
def test_every_changed_byte_of_a_build_is_told(flips: int, tmp_path: Path) -> None:
    stored.save(TREE, tmp_path / "b", "recipe")
    before = stored.load(tmp_path / "b")
    rng = np.random.default_rng(0)
    paths = sorted(path for path in (tmp_path / "b").rglob("*") if path.is_file())
    for _ in range(flips):
        path = paths[rng.integers(len(paths))]
        data = path.read_bytes()
        changed = bytearray(data)
        changed[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            found = stored.load(tmp_path / "b")
        except HardballError as error:
            said = str(error)
        else:
            said = ""
        assert "\n" not in said
        if not said:
            # Blanks between the words of meta.json mean nothing.
            assert path.name == "meta.json"
            assert json.loads(changed) == json.loads(data)
            assert found.content_sha256 == before.content_sha256
        path.write_bytes(data)
    assert stored.load(tmp_path / "b").content_sha256 == before.content_sha256


@pytest.mark.parametrize("count", [0, 1, 30])
def test_a_build_that_lost_a_file_or_its_end_is_one_line(count: int, tmp_path: Path) -> None:
    stored.save(TREE, tmp_path / "b")
    for path in sorted((tmp_path / "b").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            path.write_bytes(data[:-2] if count == 1 else data[:count])
            with pytest.raises(HardballError, match="holds no whole hierarchy"):
                stored.load(tmp_path / "b")
            path.write_bytes(data)
