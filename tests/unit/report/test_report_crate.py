"""A suite as a Workflow Run RO-Crate: what its profiles require, and a checksum for every byte.

The rules are those of https://www.researchobject.org/workflow-run-crate/profiles/0.5/.
"""

import hashlib
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths

ROOT = paths.root()
SUITE = ROOT / "results" / "v0.1" / "quick"


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crate of a suite that is in the repository, as a folder."""
    pytest.importorskip("rocrate", reason="pip install 'hardball[crate]'")
    folder = tmp_path_factory.mktemp("crate") / "quick"
    said = CliRunner().invoke(app, ["crate", str(SUITE), "--author", "A. B.", "--out", str(folder)])
    assert said.exit_code == 0, said.stderr
    return folder


@pytest.fixture(scope="module")
def entities(crate: Path) -> dict[str, dict]:
    """What ro-crate-metadata.json describes, by its id."""
    read = json.loads((crate / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert "https://w3id.org/ro/crate/1.1/context" in read["@context"]
    assert len({one["@id"] for one in read["@graph"]}) == len(read["@graph"])
    return {one["@id"]: one for one in read["@graph"]}


def ids(value) -> list[str]:
    """The ids that a property refers to, of one or of many."""
    return [one["@id"] for one in (value if isinstance(value, list) else [value])]


def test_the_root_says_what_it_is_and_names_its_profiles(entities) -> None:
    root = entities["./"]
    assert set(root) >= {"name", "description", "datePublished", "license", "mainEntity"}
    for profile in ids(root["conformsTo"]):
        assert entities[profile]["@type"] == "CreativeWork"
    assert set(ids(root["conformsTo"])) == {
        "https://w3id.org/ro/wfrun/process/0.5",
        "https://w3id.org/ro/wfrun/workflow/0.5",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    }
    assert root["mainEntity"]["@id"] == "Snakefile"


def test_the_workflow_is_snakemakes_and_has_its_parts(entities, crate) -> None:
    workflow = entities["Snakefile"]
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow"} == set(workflow["@type"])
    assert entities[workflow["programmingLanguage"]["@id"]]["name"] == "Snakemake"
    parts = ids(workflow["hasPart"])
    assert "benchmarks/workflow/rules/train.smk" in parts
    assert "config/config.yaml" in parts
    assert (crate / "Snakefile").read_bytes() == (ROOT / "Snakefile").read_bytes()
    (commit,) = pd.read_csv(SUITE / "runs.csv")["git_commit"].unique()
    assert workflow["version"] == commit


def test_the_run_ties_the_workflow_to_its_inputs_and_results(entities) -> None:
    (run,) = [one for one in entities.values() if one["@type"] == "CreateAction"]
    assert ids(entities["./"]["mentions"]) == [run["@id"]]
    assert run["instrument"]["@id"] == "Snakefile"
    assert {"runs.csv", "floors.csv", "environment.json"} <= set(ids(run["result"]))
    assert set(ids(run["object"])) == {
        "benchmarks/suites/quick.yaml",
        "#ncbi_primates",
        "#wordnet_mammals",
        # A card and the one that it extends, which has the sources.
        "datasets/ncbi_primates.yaml",
        "datasets/ncbi_full.yaml",
        "datasets/wordnet_mammals.yaml",
        "datasets/wordnet_nouns.yaml",
    }
    assert run["startTime"] < run["endTime"]
    assert entities[run["agent"]["@id"]]["name"] == "A. B."


def test_every_parameter_of_the_workflow_has_a_value(entities) -> None:
    parameters = [entities[name] for name in ids(entities["Snakefile"]["input"])]
    assert [one["name"] for one in parameters] == [
        "suite", "dataset-ncbi_primates", "dataset-wordnet_mammals",
    ]  # fmt: skip
    for parameter in parameters:
        assert parameter["@type"] == "FormalParameter"
        assert parameter["additionalType"] in ("File", "PropertyValue")
        value = entities[parameter["workExample"]["@id"]]
        assert value["exampleOfWork"]["@id"] == parameter["@id"]


def test_data_go_by_the_checksum_that_the_rows_have(entities) -> None:
    rows = pd.read_csv(SUITE / "runs.csv")
    for dataset, part in rows.groupby("dataset"):
        assert entities[f"#{dataset}"]["value"] == ", ".join(sorted(part["data_sha256"].unique()))


def test_every_file_is_described_with_its_size_and_checksum(entities, crate) -> None:
    inside = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    described = {name for name, one in entities.items() if "File" in one["@type"]}
    assert inside - described == {"ro-crate-metadata.json"}
    for name in described - {"README.md"}:
        content = (crate / name).read_bytes()
        assert entities[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert entities[name]["contentSize"] == str(len(content))


def test_what_an_entity_refers_to_is_there(entities) -> None:
    """Or it is an address of the web, whose words RO-Crate does not ask to describe."""
    for one in entities.values():
        for value in one.values():
            listed = value if isinstance(value, list) else [value]
            for name in ids([each for each in listed if isinstance(each, dict)]):
                assert name in entities or name.startswith("https://"), name


def test_an_archive_holds_the_same_and_nothing_is_written_over(crate, tmp_path) -> None:
    out = tmp_path / "quick.zip"
    run = ["crate", str(SUITE), "--out", str(out)]
    assert CliRunner().invoke(app, run).exit_code == 0
    with zipfile.ZipFile(out) as archive:
        names = set(archive.namelist())
    assert {"ro-crate-metadata.json", "runs.csv", "Snakefile"} <= names
    again = CliRunner().invoke(app, run)
    assert again.exit_code == 2
    assert "is there already: remove it, or name another with --out" in again.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["quick.zip"]
