"""A mistake in one framework's half of a method fails a test that nobody wrote for that method."""

import jax
import mutants
import pytest

ENTRIES = [pytest.param(e, id=f"{e.kind}-{e.name}") for e in mutants.all_entries()]


@pytest.fixture(scope="module", autouse=True)
def _wide():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_mistake_is_caught(entry):
    made = list(mutants.mutants(entry))
    assert len(made) >= 2
    assert [mutant.name for mutant in made if not mutants.caught(entry, mutant)] == []
