"""A data set as Croissant: what stands in it, and that MLCommons' own loader reads it."""

import hashlib
import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.data import cards, croissant

NAMES = ["wordnet_mammals", "ncbi_primates"]
# https://docs.mlcommons.org/croissant/docs/croissant-spec.html, "Required" of dataset-level.
REQUIRED = {
    "@context", "@type", "conformsTo", "name", "description", "license", "url", "creator",
    "datePublished", "distribution",
}  # fmt: skip


@pytest.fixture(scope="module")
def loader() -> ModuleType:
    return pytest.importorskip("mlcroissant", reason="pip install 'hardball[croissant]'")


@pytest.fixture(scope="module", params=NAMES)
def written(
    request: pytest.FixtureRequest, loader: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a bundled data set."""
    folder = tmp_path_factory.mktemp("croissant") / request.param
    assert croissant.write(request.param, folder) == folder / "croissant.json"
    return folder


def test_it_has_the_fields_that_the_specification_requires(written: Path) -> None:
    described = json.loads((written / "croissant.json").read_text(encoding="utf-8"))
    assert set(described) >= REQUIRED
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    card = cards.load(written.name)
    assert described["name"] == written.name
    assert described["creator"]["name"] == card.creator
    assert described["license"] == card.licence
    assert f"{card.expected.nodes:,} nodes" in described["description"]


def test_files_are_those_of_the_bundle_with_their_checksums(written: Path) -> None:
    described = json.loads((written / "croissant.json").read_text(encoding="utf-8"))
    bundled = cards.load(written.name).bundled
    assert {file["name"]: file["sha256"] for file in described["distribution"]} == bundled.sha256
    for file in described["distribution"]:
        content = (written / file["contentUrl"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert "NOTICE" in (written / "LICENSE.txt").read_text().upper()


def test_the_loader_of_mlcommons_finds_no_mistake_and_reads_every_edge(
    written: Path, loader: ModuleType
) -> None:
    dataset = loader.Dataset(written / "croissant.json")
    assert not dataset.metadata.issues.errors
    expected = cards.load(written.name).expected
    edges = list(dataset.records("edges"))
    assert len(edges) == expected.edges
    assert set(edges[0]) == {"edges/child", "edges/parent"}
    nodes = list(dataset.records("nodes"))
    assert len({node["nodes/id"] for node in nodes}) == expected.nodes


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path, loader: ModuleType) -> None:
    said = CliRunner().invoke(app, ["croissant", NAMES[0], "--out", str(tmp_path)])
    assert said.exit_code == 2
    assert "is there already: remove it, or name another with --out" in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", cards.names())
def test_every_card_says_who_made_it_and_when(name: str) -> None:
    card = cards.load(name)
    assert card.creator
    # What is built anew every day came out on no day.
    assert bool(card.published) == (name != "ncbi_taxdump")
