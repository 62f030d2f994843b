"""The examples in docstrings of methods and of the array namespaces hold."""

import doctest
import importlib
from pathlib import Path

import pytest

import hardball

PACKAGE = Path(hardball.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(("hardball", *path.relative_to(PACKAGE).with_suffix("").parts))
    for folder in ("arrays", "methods")
    for path in (PACKAGE / folder).rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_a_module_hold(name):
    from hardball.methods import registry

    registry.entries()
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    # What a decorator makes is an entry, whose docstring is its body's.
    bodies = {
        each: value.body
        for each, value in vars(module).items()
        if isinstance(value, registry.Entry) and value.module == name
    }
    found = [test for test in finder.find(module) if test.examples]
    for each, body in bodies.items():
        found += [test for test in finder.find(body, each, module=module) if test.examples]
    assert found
    runner = doctest.DocTestRunner(verbose=False)
    for test in found:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
