"""The built wheel, without a checkout: data, suites and README's first example."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardball.core import paths

ROOT = Path(__file__).resolve().parents[2]


OURS = ("HARDBALL_ROOT", "HARDBALL_CACHE", "HARDBALL_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAMED = "Programming Language :: Python"
VERSIONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that this tree builds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run([sys.executable, "-m", *map(str, build)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """A folder that the wheel was unpacked into, as pip does."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site")
    return wheel.parent / "site"


def interpreter(version: str) -> str:
    """A Python of that version, from the path or from pyenv; skips the test where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for found in (shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")):
        # A shim of pyenv may stand on the path and still know no such version.
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return str(found)
    pytest.skip(f"there is no python{version} on this machine")


@pytest.fixture
def bare(request: pytest.FixtureRequest, wheel: Path) -> Iterator[Path]:
    """The Python of a new venv with nothing but the wheel, JAX, and what they need.

    No constraints: these are the versions that `pip install hardball[jax]` gives today.
    """
    python = interpreter(request.param)
    with tempfile.TemporaryDirectory(prefix="hardball-wheel-") as folder:
        subprocess.run([python, "-m", "venv", folder], check=True)
        own = Path(folder) / "bin" / "python"
        install = [own, "-m", "pip", "install", "--no-compile", f"{wheel}[jax]"]
        # With this checkout on its path pip would take hardball for installed.
        alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run([*map(str, install)], env=alone, capture_output=True, text=True)
        if done.returncode and "connection broken" in done.stderr:
            pytest.skip("pip reaches no package index")
        assert done.returncode == 0, done.stderr
        yield own


def says(python: Path | str, home: Path, *arguments: str, path: Path | None = None) -> str:
    """What Python says in an empty folder that is a person's home; `path` comes first on its path.

    Nothing of this checkout is left in its environment.
    """
    environment = {key: value for key, value in os.environ.items() if key not in OURS}
    environment = {**environment, "HOME": str(home), "PYTHONPATH": str(path or "")}
    said = subprocess.run(
        [str(python), *arguments], cwd=home, env=environment, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def uses_it(python: Path | str, home: Path, framework: str, path: Path | None = None) -> None:
    """Asserts that data, suites, README's first example and a run work, and where rows go."""

    def said(*arguments: str) -> str:
        return says(python, home, *arguments, path=path)

    assert "wordnet_mammals" in said("-m", "hardball", "list", "dataset")
    assert "quick" in said("-m", "hardball", "list", "suite")
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    printed = said("-c", snippet)
    assert "hierarchy: MAP 1.000" in printed
    assert "feline" in printed
    said("-m", "hardball", "train", "-d", "ncbi_primates", "-f", framework, "--set", "epochs=2")
    left = [file.relative_to(home) for file in home.rglob("runs.csv")]
    assert len(left) == 1
    assert left[0].parts[-4:] == ("results", "work", "adhoc", "runs.csv")


@pytest.mark.full
def test_the_wheel_needs_no_checkout(unpacked: Path, tmp_path: Path) -> None:
    where = ("-c", "import hardball; print(hardball.__file__)")
    assert says(sys.executable, tmp_path, *where, path=unpacked).startswith(str(unpacked))
    uses_it(sys.executable, tmp_path, "torch", path=unpacked)


@pytest.mark.full
@pytest.mark.parametrize("bare", VERSIONS, indirect=True)
def test_pip_installs_it_in_a_bare_venv_of_each_python(bare: Path, tmp_path: Path) -> None:
    uses_it(bare, tmp_path, "jax")


def test_the_pythons_that_are_tested_are_those_that_the_package_names() -> None:
    named = [text.rpartition(" :: ") for text in PROJECT["classifiers"]]
    assert tuple(v for before, _, v in named if before == NAMED and "." in v) == VERSIONS
    assert PROJECT["requires-python"] == ">=3.11,<3.14"


def test_without_a_checkout_files_go_where_the_platform_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "hardball" / "share"
    (share / "datasets").mkdir(parents=True)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "hardball")
    monkeypatch.delenv("HARDBALL_ROOT", raising=False)
    monkeypatch.delenv("HARDBALL_CACHE", raising=False)
    monkeypatch.setattr(paths.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert paths.datasets() == share / "datasets"
    assert paths.results() == Path("/data/hardball/results")
    assert paths.cache() == Path("/cache/hardball")
    monkeypatch.setenv("HARDBALL_HOME", str(tmp_path / "mine"))
    assert paths.results() == tmp_path / "mine" / "results"
    assert paths.cache() == tmp_path / "mine" / "cache"
