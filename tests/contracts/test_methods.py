"""What holds for every method: tests that name none, and so watch over those that come.

Each method is checked by what its kind must hold, see `checks.CHECKS`; which mistakes that catches
is what test_mutants.py shows.
"""

import checks
import jax
import pytest
from subject import subject

from hardball.methods import registry

CASES = [
    pytest.param(check, entry, id=f"{entry.kind}-{entry.name}-{check.__name__}")
    for kind, listed in checks.CHECKS.items()
    for entry in registry.entries(kind)
    if entry.paired
    for check in listed
]


@pytest.fixture(scope="module", autouse=True)
def _wide():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(("check", "entry"), CASES)
def test_a_method_holds_what_its_kind_must(check, entry):
    check(subject(entry))


def test_every_kind_with_code_for_a_framework_is_checked():
    """Encoders are modules of either framework: tests/pairs compares those by themselves."""
    kinds = {entry.kind for entry in registry.entries() if entry.paired}
    assert kinds == {*checks.CHECKS, "encoder"}
