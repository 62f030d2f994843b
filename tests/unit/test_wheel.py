"""The built wheel, without a checkout: data, suites and README's first example."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hardball.core import paths

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel was unpacked into, as pip does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run([sys.executable, "-m", *map(str, build)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(installed: Path, home: Path, *arguments: str) -> str:
    """What Python says in an empty folder, with the wheel before all else on its path."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "HOME": str(home)}
    for name in ("HARDBALL_ROOT", "HARDBALL_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    said = subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.full
def test_the_wheel_needs_no_checkout(installed: Path, tmp_path: Path) -> None:
    said = python(installed, tmp_path, "-c", "import hardball; print(hardball.__file__)")
    assert said.startswith(str(installed))
    said = python(installed, tmp_path, "-m", "hardball", "list", "dataset")
    assert "wordnet_mammals" in said
    assert "quick" in python(installed, tmp_path, "-m", "hardball", "list", "suite")
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "hierarchy: MAP 1.000" in python(installed, tmp_path, "-c", snippet)
    train = ["train", "-d", "ncbi_primates", "-f", "torch", "--set", "epochs=2"]
    python(installed, tmp_path, "-m", "hardball", *train)
    left = [path.relative_to(tmp_path) for path in tmp_path.rglob("runs.csv")]
    assert len(left) == 1
    assert left[0].parts[-4:] == ("results", "work", "adhoc", "runs.csv")


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
