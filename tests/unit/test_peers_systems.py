"""The systems that are compared, and that what is said against them still stands in their code."""

import importlib.metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from hardball.core.errors import HardballError
from hardball.studies.peers import systems

QUOTED = [
    (system.package, system.seen, flaw)
    for system in systems.SYSTEMS
    for flaw in system.flaws
    if flaw.line
]


@pytest.mark.parametrize(("package", "seen", "flaw"), QUOTED, ids=lambda v: str(v)[:40])
def test_the_line_that_a_flaw_quotes_stands_where_it_says(package, seen, flaw):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: [peers]")
    if importlib.metadata.version(package) != seen:
        pytest.skip(f"{package} {importlib.metadata.version(package)}: the lines are of {seen}")
    path, _, number = flaw.where.rpartition(":")
    root = Path(importlib.metadata.distribution(package).locate_file(""))
    lines = (root / path).read_text(encoding="utf-8").split("\n")
    assert lines[int(number) - 1].strip() == flaw.line


def test_names_and_first_words_choose_systems():
    assert [s.name for s in systems.chosen(["geoopt"])] == ["geoopt_rsgd", "geoopt_radam"]
    assert [s.name for s in systems.chosen(["hardball_jax"])] == [
        "hardball_jax_pairs",
        "hardball_jax_pool",
    ]
    assert [s.name for s in systems.chosen([])] == systems.names()
    with pytest.raises(HardballError, match="unknown system 'geo': allowed are gensim, geoopt"):
        systems.chosen(["geo"])


def test_every_system_of_a_published_protocol_has_its_flaws_named():
    for system in systems.SYSTEMS:
        assert system.flaws or system.adapter == "adapter_hardball"
