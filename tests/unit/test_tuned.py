"""A suite whose rates were chosen by another says what that one's rows say."""

import csv

import pytest

from hardball.core import paths
from hardball.runs import plan, suites
from hardball.runs.row import Row
from hardball.training.check_run import MOST_AT_LIMIT

RATES = 7
# A suite, and the one that chose its rates.
TUNED = [("heldout", "heldout_rates"), ("heldout_ncbi", "heldout_ncbi_rates")]


def method(spec):
    """All that a run is but its rate and its seed."""
    return str({name: value for name, value in spec.config.items() if name != "lr"})


@pytest.mark.parametrize(("suite", "rates"), TUNED)
def test_it_trains_each_method_at_the_best_rate_off_the_limit(suite, rates):
    rows = paths.results() / "v0.2" / rates / "runs.csv"
    with rows.open(newline="", encoding="utf-8") as file:
        tried = [Row.from_flat(line) for line in csv.DictReader(file)]
    of_method: dict[str, list[Row]] = {}
    for row in tried:
        of_method.setdefault(method(row.spec), []).append(row)
    asked = {job.runs[0].spec.config_id: job for job in plan.jobs(suites.load(suite))}
    assert len(asked) == len(of_method)
    for job in asked.values():
        spec = job.runs[0].spec
        rows = of_method[method(spec)]
        assert len(rows) == RATES
        assert not {run.spec.seed for run in job.runs} & {row.spec.seed for row in rows}
        free = [row for row in rows if row.metrics["share_at_limit"] <= MOST_AT_LIMIT]
        best = max(free, key=lambda row: row.metrics["map"])
        assert spec.lr == pytest.approx(best.spec.lr), method(spec)
