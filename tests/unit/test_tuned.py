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
# The tries that chose the rate and the radius of each method of `pairs_study`.
TRIES = 15


def method(spec):
    """All that a run is but its rate and its seed."""
    return str({name: value for name, value in spec.config.items() if name != "lr"})


def rows_of(name: str) -> list[Row]:
    rows = paths.results() / "v0.2" / name / "runs.csv"
    with rows.open(newline="", encoding="utf-8") as file:
        return [Row.from_flat(line) for line in csv.DictReader(file)]


@pytest.mark.parametrize(("suite", "rates"), TUNED)
def test_it_trains_each_method_at_the_best_rate_off_the_limit(suite, rates):
    tried = rows_of(rates)
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


def without_tries(spec):
    """A method without what the search varied: the rate, and a parameter of the loss."""
    kept = {name: value for name, value in spec.config.items() if name != "lr"}
    return str({**kept, "loss": spec.loss.name})


def best_of(search: str, tries: int, metric: str) -> dict[str, Row]:
    """The best try of each method of a search, off the limit."""
    tried: dict[str, list[Row]] = {}
    for row in rows_of(search):
        tried.setdefault(without_tries(row.spec), []).append(row)
    assert all(len(rows) == tries for rows in tried.values())
    free = {
        name: [row for row in rows if row.metrics["share_at_limit"] <= MOST_AT_LIMIT]
        for name, rows in tried.items()
    }
    return {name: max(rows, key=lambda row: row.metrics[metric]) for name, rows in free.items()}


def test_hard_negatives_on_links_have_the_settings_that_validation_chose():
    best = best_of("pairs_study_rates", 15, "validation_global_precision_at_1000")
    jobs = plan.jobs(suites.load("pairs_study"))
    assert len({without_tries(job.spec) for job in jobs}) == len(jobs) == len(best)
    for job in jobs:
        chosen = best[without_tries(job.spec)].spec
        assert (job.spec.loss, job.spec.lr) == (chosen.loss, chosen.lr), job.config_id
        assert chosen.seed not in {run.spec.seed for run in job.runs}


def test_cones_on_all_nouns_have_the_settings_that_validation_chose():
    """At every share and with other negatives those that a quarter of the pairs chose."""
    best = {
        row.spec.loss.name: row.spec
        for row in best_of("nouns_cones_rates", 6, "link_f1_validation").values()
    }
    jobs = plan.jobs(suites.load("ganea_nouns_cones"))
    assert {job.spec.loss.name for job in jobs} == set(best)
    for job in jobs:
        chosen = best[job.spec.loss.name]
        assert (job.spec.loss, job.spec.lr) == (chosen.loss, chosen.lr), job.config_id
        assert chosen.seed not in {run.spec.seed for run in job.runs}
