"""The two array namespaces: the same modules, and in each the same public names."""

import ast
from pathlib import Path

import pytest

import hardball

ARRAYS = Path(hardball.__file__).parent / "arrays"
MODULES = sorted(path.name for path in (ARRAYS / "on_jax").glob("*.py"))


def defined(path):
    """Public functions, classes and constants of a file; imports are none of them."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {ast.unparse(target) for target in node.targets}
    return {name for name in names if not name.startswith("_")}


def test_both_have_the_same_modules():
    assert sorted(path.name for path in (ARRAYS / "on_torch").glob("*.py")) == MODULES
    assert "elementwise.py" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_both_have_the_same_names_in_a_module(module):
    one, other = (defined(ARRAYS / framework / module) for framework in ("on_jax", "on_torch"))
    assert one == other
    assert one
