"""No word of a picture covers another or leaves it, at the sizes of every committed suite."""

import pytest
from picture_words import boxes, outside, overlapping

from hardball.core import paths
from hardball.report import rows, sources
from hardball.report.plots import all_plots, style
from hardball.report.sources import Source
from hardball.studies.tune import plan as searches

# Suites of few rows, which are drawn in a few seconds.
QUICK = ("v0.2/ganea_nouns",)


def suites():
    """Every committed suite that is no search; all but the quick ones are for the full tests.

    A search has tables alone.
    """
    results = paths.root() / "results"
    for file in sorted(results.glob("v*/*/runs.csv")):
        if file.parent.name in searches.names():
            continue
        name = file.parent.relative_to(results).as_posix()
        yield pytest.param(file.parent, id=name, marks=() if name in QUICK else pytest.mark.full)


def assert_clear(source):
    drawn = 0
    for name, figure in all_plots.plots_of(source):
        drawn += 1
        assert overlapping(figure) == [], name
        assert outside(figure) == [], name
    assert drawn > 0


@pytest.mark.parametrize("folder", list(suites()))
def test_words_are_clear_of_each_other(folder):
    with sources.of(folder, rows_only=True) as source:
        assert_clear(source)


def test_words_of_training_and_of_disks_are_clear_of_each_other(toy_suite):
    runs = rows.read_runs(toy_suite / "runs.csv")
    floors = rows.read_floors(toy_suite / "floors.csv")
    assert_clear(Source(runs, floors, toy_suite / "curves", toy_suite / "points"))


@pytest.mark.parametrize(("angle", "clear"), [(0, False), (45, False), (90, True)])
def test_words_that_cross_are_found_however_they_are_turned(angle, clear):
    """The second starts on the first; the upright one starts above it."""
    fig, axes = style.figure(4, 4)
    axes.set_axis_off()
    axes.text(0.2, 0.5, "a long word")
    axes.text(0.3, 0.5 if angle < 90 else 0.6, "another", rotation=angle, rotation_mode="anchor")
    assert len(boxes(fig)) == 2
    assert (overlapping(fig) == []) is clear


def test_a_word_beyond_the_edge_is_found():
    fig, axes = style.figure(2, 2)
    axes.set_axis_off()
    axes.text(0.9, 0.5, "far too long for this picture")
    assert outside(fig) == ["far too long for this picture"]
