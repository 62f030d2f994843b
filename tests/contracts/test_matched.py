"""Every sampler has committed rows beside uniform ones: both sets, both frameworks, same seeds."""

import csv
from collections import defaultdict

import pytest

from hardball.core import paths
from hardball.methods import registry
from hardball.runs.row import Row

SETS = ("wordnet_mammals", "ncbi_primates")
FRAMEWORKS = ("jax", "torch")
SEEDS = 3
# Its rows beside uniform ones, each at the best of the same number of rates.
SUITE = "tuned"


@pytest.fixture(scope="module")
def seeds() -> dict[tuple[str, str, str], set[int]]:
    """Seeds with a row, of each sampler, alone or beside a pool, data set and framework."""
    found = defaultdict(set)
    with (paths.results() / "v0.2" / SUITE / "runs.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            spec = Row.from_flat(line).spec
            assert spec.loss.name == "infonce"
            for sampler in (spec.sampler, *(hard.sampler for hard in spec.hard)):
                found[sampler.name, spec.dataset, spec.framework].add(spec.seed)
    return found


@pytest.mark.parametrize("name", [entry.name for entry in registry.entries("sampler")])
def test_a_sampler_has_paired_rows_on_both_sets(name, seeds):
    for dataset in SETS:
        paired = set.intersection(*(seeds[name, dataset, framework] for framework in FRAMEWORKS))
        assert len(paired) >= SEEDS, dataset
