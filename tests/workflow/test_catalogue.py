"""What the Snakemake workflow catalogue asks of a repository, and what snakedeploy makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULE = """
configfile: "config/config.yaml"

module hardball:
    snakefile: "{root}/workflow/Snakefile"
    config: config

use rule * from hardball
"""


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_catalogues_file_says_how_the_workflow_is_used() -> None:
    usage = read(".snakemake-workflow-catalog.yml")["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    assert usage["software-stack-deployment"] == {"conda": True, "apptainer": False}
    # Each rule names the environment that `conda` promises.
    rules = (ROOT / "benchmarks" / "workflow" / "rules").glob("*.smk")
    text = "".join(path.read_text(encoding="utf-8") for path in rules)
    assert text.count("\nrule ") == text.count("    conda:\n") > 0
    assert "report(" in text


def test_the_readme_says_what_the_catalogue_searches() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    for word in ("snakemake workflow", "usage", "deployment", "config/readme.md"):
        assert word in readme


def test_every_key_of_the_configuration_is_explained() -> None:
    schema = read("benchmarks/workflow/schemas/config.schema.yaml")
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert set(read("config/config.yaml")) == set(schema["properties"])
    assert all(f"| `{key}` |" in page for key in schema["properties"])


@pytest.mark.full
def test_it_runs_as_a_module_in_another_folder(tmp_path: Path) -> None:
    """The Snakefile that snakedeploy writes, with the configuration that it copies."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text((ROOT / "config/config.yaml").read_text())
    (tmp_path / "Snakefile").write_text(MODULE.format(root=ROOT))
    planned = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "impls"), "HARDBALL_ROOT": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert planned.returncode == 0, planned.stderr
    listed = [line.split() for line in planned.stdout.splitlines()]
    counted = {words[0]: words[1] for words in listed if len(words) == 2 and words[1].isdigit()}
    assert {"collect", "tables", "plots", "suite"} <= set(counted)
    assert int(counted["train"]) > 10
