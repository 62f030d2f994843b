"""The training clock: what it counts, when it keeps points, when it ends a run."""

import time

import numpy as np
import pytest

from hardball.studies.peers import clock as clocks
from hardball.studies.peers.clock import Clock, Finished

POINTS = np.array([[0.25, 0.5]])


class Time:
    """A clock that the test moves."""

    now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def hands(monkeypatch):
    held = Time()
    monkeypatch.setattr(clocks, "time", held)
    return held


def test_marks_are_even_in_the_logarithm_and_end_at_the_limit():
    found = clocks.marks(60.0)
    assert found[0] == pytest.approx(0.3)
    assert found[-1] == pytest.approx(60)
    steps = found[1:] / found[:-1]
    assert steps == pytest.approx(200 ** (1 / 23), rel=1e-12)


def test_seconds_spent_on_keeping_points_do_not_count(tmp_path, hands):
    clock = Clock(tmp_path, limit=10.0)
    clock.begin()

    def slow():
        hands.now += 7
        return POINTS

    hands.now += 4
    clock.tick(2, 20, slow)
    hands.now += 3
    clock.tick(2, 20, slow)
    assert (clock.seconds, clock.pairs, clock.scorings) == (7, 4, 40)
    assert [(s.seconds, s.scorings) for s in clock.snapshots] == [(4, 20), (7, 40)]
    with np.load(tmp_path / clock.snapshots[0].file) as file:
        assert file["points"].tolist() == POINTS.tolist()


def test_the_run_ends_at_the_limit_with_its_last_points(tmp_path, hands):
    clock = Clock(tmp_path, limit=10.0)
    clock.begin()
    hands.now += 12
    with pytest.raises(Finished):
        clock.tick(1, 5, lambda: POINTS)
    assert clock.snapshots[-1].seconds == 12


def test_the_rate_leaves_the_first_tenth_out(tmp_path, hands):
    clock = Clock(tmp_path, limit=10.0)
    clock.begin()
    for seconds, scorings in [(2, 1), (1, 30), (3, 10)]:
        hands.now += seconds
        clock.tick(1, scorings, lambda: POINTS)
    # The warm-up ends with the first tick after one second, at 2 s: then 40 in 4 s.
    assert clock.rate() == 10
    assert Clock(tmp_path, limit=1.0).rate() == 0


def test_a_single_long_batch_has_a_rate_too(tmp_path):
    clock = Clock(tmp_path, limit=10.0)
    clock.count(5.0, 1, 20)
    assert clock.rate() == 4


def test_it_tells_how_far_it_is(tmp_path):
    told = []
    clock = Clock(tmp_path, limit=60.0, say=lambda seconds, scorings: told.append(scorings))
    clock.begin()
    clock.tick(1, 11, lambda: POINTS)
    time.sleep(0.01)
    clock.tick(1, 11, lambda: POINTS)
    assert told == [11]  # not again within half a second
