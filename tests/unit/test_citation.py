"""What citation tools read of the repository: one version, one date, valid files."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import hardball

ROOT = Path(__file__).resolve().parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CODEMETA = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_file_names_the_version_of_the_package() -> None:
    named = {str(CITATION["version"]), CODEMETA["version"], PROJECT["version"]}
    assert named == {hardball.__version__}
    assert f"## {hardball.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_file_says_the_same_of_date_authors_words_and_licence() -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", CITATION["date-released"])
    assert CODEMETA["datePublished"] == CITATION["date-released"]
    assert [author["name"] for author in CODEMETA["author"]] == [
        author["name"] for author in CITATION["authors"]
    ]
    assert CODEMETA["keywords"] == CITATION["keywords"] == PROJECT["keywords"]
    assert CODEMETA["description"] == CITATION["abstract"]
    assert CODEMETA["license"].rpartition("/")[2] == CITATION["license"] == PROJECT["license"]


def test_the_citation_has_what_its_format_requires() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert set(CITATION) >= {"cff-version", "message", "title", "authors"}
    for reference in CITATION["references"]:
        assert set(reference) >= {"type", "title", "authors", "year"}
        assert all({"family-names", "given-names"} <= set(one) for one in reference["authors"])


def test_the_citation_keeps_to_its_schema() -> None:
    checker = pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    arguments = ["--builtin-schema", "vendor.citation-file-format", str(ROOT / "CITATION.cff")]
    assert checker.main(arguments, standalone_mode=False) in (None, 0)


def test_codemeta_is_of_version_3_and_names_only_its_terms() -> None:
    assert CODEMETA["@context"] == "https://w3id.org/codemeta/3.0"
    assert CODEMETA["type"] == "SoftwareSourceCode"
    # https://codemeta.github.io/terms/
    terms = {
        "@context", "type", "name", "alternateName", "description", "version", "datePublished",
        "license", "author", "applicationCategory", "developmentStatus", "programmingLanguage",
        "runtimePlatform", "operatingSystem", "softwareRequirements", "keywords",
    }  # fmt: skip
    assert set(CODEMETA) <= terms
