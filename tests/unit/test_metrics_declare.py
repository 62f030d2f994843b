"""Metrics are declared beside what computes them, and one's own is one function."""

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics import declare, listing
from hardball.metrics.declare import Metric, declares, measures, metric
from hardball.metrics.evaluate import evaluate


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch):
    """What a test declares is forgotten after it."""
    listing.metrics()
    for name in ("METRICS", "MEASURES", "_PLACES"):
        monkeypatch.setattr(declare, name, dict(getattr(declare, name)))


def found(**options) -> dict[str, float]:
    h = from_edges("path", list("bc"), list("ab"))
    above = closure(h)
    points = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    return evaluate(points, "tangent", 1.0, h, reconstruction(h, above, 0), above, **options)


def test_a_metric_of_ones_own_is_measured_and_comes_last():
    @metric(direction="min", low=0, summary="smallest radius but that of the root")
    def radius_min(polar, hierarchy):
        return float(polar.radius[hierarchy.depth > 0].min())

    assert found()["radius_min"] == 2.0
    assert list(found())[-1] == "radius_min"
    assert listing.metrics()[-1] == Metric(
        "radius_min", "min", 0, float("inf"), "smallest radius but that of the root"
    )
    assert listing.ordered(["radius_min", "map", "mean_rank"]) == ["mean_rank", "map", "radius_min"]
    assert radius_min.__name__ == "radius_min"


def test_a_metric_that_is_not_defined_is_left_out():
    @metric(direction="none", summary="nothing")
    def never(seed):
        return None

    assert "never" not in found()


def test_a_metric_over_all_pairs_is_left_out_of_samples():
    @measures(Metric("pairs", "none", 0, 9, "pairs"), exact=True)
    def pairs(test):
        return {"pairs": float(len(test))}

    assert found()["pairs"] == 3
    assert "pairs" not in found(sources=2)


def test_what_no_metric_can_ask_for_is_refused():
    with pytest.raises(HardballError, match=r"can ask for 'points': allowed are polar, start"):

        @metric(direction="none", summary="")
        def wrong(points):
            return 0.0


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(HardballError, match=r"'map' is declared by hardball\.metrics\.ranking"):

        @declares(Metric("map", "max", 0, 1, "another"))
        def other():
            return 0.0


def test_every_fact_is_handed_over():
    facts = {}

    @measures()
    def all_of_them(
        polar, start, hierarchy, depth, groups, neighbours, closure, split, test, exclude, ranks,
        near, seed, energy,
    ):  # fmt: skip
        facts.update(locals())
        return {}

    found(seed=5)
    assert set(declare.FACTS) <= set(facts)
    assert facts["seed"] == 5


def test_every_metric_of_the_package_has_its_place_among_the_columns():
    assert [one.name for one in listing.metrics()] == list(listing.ORDER)


def test_a_metric_says_how_it_is_computed():
    counts = {"sources", "separation_sources", "curvature", "query_nodes"}
    assert {one.name for one in listing.metrics() if not one.formula} == counts
