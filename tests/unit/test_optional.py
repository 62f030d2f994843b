"""Without a package that only some commands need: one line that names the extra, exit code 2."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import optional, processes
from hardball.core.errors import HardballError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRAIN = ("train", "-d", "ncbi_primates", "--set", "epochs=1")
ENCODER = ("--set", "pretext=infomax", "--set", "dtype=float32")


def hide(monkeypatch, tmp_path, *names):
    """These packages cannot be imported, and what imported them before is imported again."""
    for name in names:
        for loaded in [each for each in sys.modules if each.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, loaded)
        monkeypatch.setitem(sys.modules, name, None)
    rooms = (
        r"hardball\.(arrays\.on_|training\.(\w+\.)?engine_|report\.(plots|trends)|studies\.peers)"
    )
    for loaded in [each for each in sys.modules if re.match(rooms, each)]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.chdir(tmp_path)


TORCH = "framework=torch needs torch: pip install 'hardball[torch]'"
PICTURE = "a picture needs matplotlib: pip install 'hardball[report]'"


@pytest.mark.parametrize(
    ("hidden", "command", "said"),
    [
        ("jax", TRAIN, "framework=jax needs jax: pip install 'hardball[jax]'"),
        ("torch", (*TRAIN, "-f", "torch"), TORCH),
        ("torch", ("roofline",), TORCH),
        ("jax", ("draws",), "framework=jax needs jax: pip install 'hardball[jax]'"),
        ("matplotlib", ("plot", "RUNS"), PICTURE),
        ("matplotlib", ("trends",), PICTURE),
        ("matplotlib", ("gallery",), PICTURE),
        (
            "matplotlib",
            ("peers", "--only", "gensim"),
            "a comparison with other packages needs matplotlib: pip install 'hardball[report]'",
        ),
        (
            "optuna",
            ("tune", "mammals", "--strategy", "tpe"),
            "strategy tpe needs optuna: pip install 'hardball[tune]'",
        ),
        ("rocrate", ("crate", "RUNS"), "an RO-Crate needs rocrate: pip install 'hardball[crate]'"),
        (
            "mlcroissant",
            ("croissant", "ncbi_primates"),
            "a Croissant description needs mlcroissant: pip install 'hardball[croissant]'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_names_the_extra_that_it_lacks(hidden, command, said, monkeypatch, tmp_path):
    hide(monkeypatch, tmp_path, hidden)
    frozen = str(ROOT / "results" / "v0.1" / "quick")
    done = CliRunner().invoke(app, [frozen if word == "RUNS" else word for word in command])
    assert done.exit_code == 2, done.output
    assert done.stderr == f"hardball: {said}\n"
    assert list(tmp_path.iterdir()) == []


def test_any_other_place_that_lacks_one_says_so_too(monkeypatch, tmp_path):
    """What no room foresaw is caught where commands are called."""
    hide(monkeypatch, tmp_path, "hnswlib")
    with pytest.raises(HardballError, match=r"^x needs hnswlib: .*'hardball\[neighbors\]'$"):
        optional.load("hnswlib", "x")


def test_without_a_framework_both_are_named(monkeypatch, tmp_path):
    hide(monkeypatch, tmp_path, "jax", "torch")
    done = CliRunner().invoke(app, ["fit", "ncbi_primates"])
    assert done.exit_code == 2
    assert "needs jax or torch: pip install 'hardball[jax]' or 'hardball[torch]'" in done.stderr


def test_another_missing_module_is_a_fault_of_ours_and_is_not_hidden():
    with pytest.raises(ModuleNotFoundError), optional.needing("x"):
        import nowhere_at_all  # noqa: F401


def test_every_extra_that_is_named_brings_the_package():
    extras = PROJECT["optional-dependencies"]
    for package, extra in optional.EXTRAS.values():
        assert any(re.match(rf"{package}\b", each) for each in extras[extra]), (package, extra)


def test_every_optional_package_that_the_code_imports_has_its_extra_named():
    imported = set()
    for path in (ROOT / "impls" / "hardball").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        imported |= set(re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE))
    brought = {
        re.match(r"[\w-]+", each)[0].lower().replace("-", "_")
        for needs in PROJECT["optional-dependencies"].values()
        for each in needs
    }
    ours = {re.match(r"\w+", each)[0].lower() for each in PROJECT["dependencies"]}
    assert sorted((imported & brought) - ours - {"hardball"} - set(optional.EXTRAS)) == []


def test_a_measurement_in_a_process_of_its_own_says_its_line_and_no_class(tmp_path, monkeypatch):
    (tmp_path / "fails_plainly.py").write_text(
        "from hardball.core.errors import HardballError\nraise HardballError('no such thing')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(HardballError, match=r"^host: no such thing$"):
        processes.measured("fails_plainly", {}, 1, "host")
