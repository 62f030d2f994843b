"""Rooms: what may import what, held by `lint-imports`, and a planted mistake that breaks it."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "impls" / "hardball"
LAYERS = "A room imports from those below it alone, inside functions too"
CIRCLES = "No modules, and no rooms, import each other in a circle"
APART = "The namespaces of JAX and of PyTorch do not know each other"
HOST = "Only arrays.on_*, engines and studies import JAX or PyTorch"


def contracts(folder: Path) -> dict[str, str]:
    """KEPT or BROKEN of each contract, for the package that lies in a folder."""
    command = (
        "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", command, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if " KEPT" in line or " BROKEN" in line]
    assert lines, f"{ended.stdout}\n{ended.stderr}"
    found = {}
    for line in lines:
        verdict = "KEPT" if " KEPT" in line else "BROKEN"
        found[line.partition(f" {verdict}")[0]] = verdict
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    shutil.copytree(PACKAGE, folder / "hardball", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_contract_is_kept(copy):
    assert contracts(copy) == dict.fromkeys((LAYERS, CIRCLES, APART, HOST), "KEPT")


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("core/text.py", "from hardball.runs import plan", LAYERS),
        ("metrics/depth.py", "def late():\n    from hardball.report import rows", LAYERS),
        (
            "hierarchy/rings.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import hardball.data.store",
            LAYERS,
        ),
        ("methods/samplers/rings.py", "import hardball.training.loop", LAYERS),
        ("hierarchy/graph.py", "from hardball.hierarchy import dag", CIRCLES),
        ("arrays/on_jax/polar.py", "from hardball.arrays.on_torch import scalars", APART),
        ("runs/row.py", "def late():\n    import torch", HOST),
    ],
)
def test_a_planted_import_is_found(copy, file, line, broken):
    path = copy / "hardball" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n\n{line}\n", encoding="utf-8")
    try:
        assert contracts(copy)[broken] == "BROKEN"
    finally:
        path.write_text(text, encoding="utf-8")


# Where a module of the package is imported inside a function, since a command must start at once,
# or, in native/, since importing it compiles.
LATE = ("cli/", "studies/", "training/native/")


def _late_imports(tree: ast.Module) -> set[str]:
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    inside = [node for function in functions for node in ast.walk(function)]
    named = {n.module or "" for n in inside if isinstance(n, ast.ImportFrom)}
    named |= {a.name for n in inside if isinstance(n, ast.Import) for a in n.names}
    return {name for name in named if name.split(".")[0] == "hardball"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: p.relative_to(PACKAGE).as_posix()
)
def test_imports_stand_at_the_top(path):
    text = path.read_text(encoding="utf-8")
    assert "TYPE_CHECKING" not in text
    if not path.relative_to(PACKAGE).as_posix().startswith(LATE):
        assert not _late_imports(ast.parse(text))
