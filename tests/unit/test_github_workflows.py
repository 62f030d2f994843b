"""The workflows of .github: valid, of named versions, and what they call exists."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
# GitHub's own `on:` is true in YAML 1.1.
ON = True


def steps(path: Path) -> list[dict]:
    """All steps of a workflow's jobs."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def commands(path: Path) -> list[str]:
    """The lines that a workflow's steps run."""
    lines = [line.strip() for step in steps(path) for line in step.get("run", "").splitlines()]
    return [line for line in lines if line]


def test_there_are_four() -> None:
    assert [path.stem for path in FILES] == ["bench-compare", "docs", "tests", "wheel"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_reads_only_and_ends(path: Path) -> None:
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert given["name"] == path.stem
    assert given[ON]
    assert given["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 180 for job in given["jobs"].values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_of_a_major_version(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used[0].startswith("actions/checkout@")
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", name) for name in used)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_command_is_a_target_of_the_makefile(path: Path) -> None:
    called = commands(path)
    assert called
    for command in called:
        make, target = command.split()
        assert make == "make"
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"no target {target}"
        # What the recipe runs is said, not run.
        said = subprocess.run(
            ["make", "-n", target, "BASE=main"], cwd=ROOT, capture_output=True, text=True
        )
        assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_workflow_keeps_to_githubs_schema(path: Path) -> None:
    checker = pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    arguments = ["--builtin-schema", "vendor.github-workflows", str(path)]
    assert checker.main(arguments, standalone_mode=False) in (None, 0)


def test_the_pythons_of_the_tests_are_those_of_the_package() -> None:
    given = yaml.safe_load((FOLDER / "tests.yml").read_text(encoding="utf-8"))
    tested = given["jobs"]["tests"]["strategy"]["matrix"]["python"]
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
    assert tested == named == ["3.11", "3.12", "3.13"]


def test_kernels_are_compared_by_the_factor_that_the_workflow_says() -> None:
    given = yaml.safe_load((FOLDER / "bench-compare.yml").read_text(encoding="utf-8"))
    environment = given["jobs"]["compare"]["env"]
    assert environment["FACTOR"] == "1.5"
    for variable in ("BASE", "BENCH", "FACTOR"):
        assert re.search(rf"^{variable} \?=", MAKEFILE, re.MULTILINE)
        assert variable in environment
    recipe = MAKEFILE.partition("\nbench-compare:")[2].partition("\n\n")[0]
    assert "--factor $(FACTOR)" in recipe
