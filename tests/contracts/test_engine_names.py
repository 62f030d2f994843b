"""What trains, plans and measures runs knows no method by its name: it asks for declared traits."""

import ast
from pathlib import Path

import pytest

import hardball
from hardball.methods import registry

PACKAGE = Path(hardball.__file__).parent
FILES = [
    p for room in ("training", "runs", "metrics") for p in sorted((PACKAGE / room).rglob("*.py"))
]
NAMES = {entry.name for entry in registry.entries()}


def compared(source):
    """Comparisons with the name of a method; `form == "pool"` is one with a trait."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        parts = [node.left, *node.comparators]
        if any(isinstance(part, ast.Attribute) and part.attr == "form" for part in parts):
            continue
        constants = [c for part in parts for c in ast.walk(part) if isinstance(c, ast.Constant)]
        if any(constant.value in NAMES for constant in constants):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_compared_with_the_name_of_a_method(path):
    assert list(compared(path.read_text(encoding="utf-8"))) == []


def test_a_comparison_with_a_name_would_be_seen():
    assert list(compared("if spec.loss.name == 'infonce': ...")) == ["spec.loss.name == 'infonce'"]
    assert list(compared("x in ('siblings', 'cousins')")) == ["x in ('siblings', 'cousins')"]
    assert list(compared("entry.form == 'pool'")) == []
