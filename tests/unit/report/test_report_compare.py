"""compare: what changed between two sets of runs."""

import io

import numpy as np
import pytest
from rich.console import Console

from hardball.core.errors import HardballError
from hardball.report import compare, readme
from hardball.report.commands import runs_file

RUN = "wordnet_mammals-pool-jax-s2"


def verdicts(old, new, tolerance=0.0):
    return {row.run_id: row.verdict for row in compare.compare(old, new, tolerance)}


def changed(runs, column, value, run=RUN):
    copy = runs.copy()
    copy[column] = copy[column].astype(object)
    copy.loc[copy["run_id"] == run, column] = value
    return copy


def test_the_same_runs_are_equal(runs):
    found = compare.compare(runs, runs.copy())
    assert {row.verdict for row in found} == {"equal"}
    assert compare.exit_code(found) == 0


def test_a_difference_within_tolerance_is_told_from_one_beyond(runs):
    value = float(runs.loc[runs["run_id"] == RUN, "map"].iloc[0])
    near = changed(runs, "map", value + 0.5e-6)
    assert verdicts(runs, near, 1e-6)[RUN] == "within tolerance"
    assert verdicts(runs, near, 1e-7)[RUN] == "changed"
    assert compare.exit_code(compare.compare(runs, near, 1e-7)) == 1


def test_the_tolerance_is_relative_above_one(runs):
    # |1001 - 1000| = 1 <= 0.002 x 1000, but not <= 0.0005 x 1000
    old, new = changed(runs, "mean_rank", 1000.0), changed(runs, "mean_rank", 1001.0)
    assert verdicts(old, new, 0.002)[RUN] == "within tolerance"
    assert verdicts(old, new, 0.0005)[RUN] == "changed"


def test_a_setting_has_no_tolerance(runs):
    assert verdicts(runs, changed(runs, "lr", 0.4000001), 1.0)[RUN] == "changed"


def test_a_run_that_diverged_now_is_changed(runs):
    new = changed(changed(runs, "status", "diverged"), "map", np.nan)
    assert verdicts(runs, new, 1.0)[RUN] == "changed"


def test_new_and_missing_runs(runs):
    shorter = runs[runs["run_id"] != RUN]
    assert verdicts(runs, shorter)[RUN] == "missing"
    assert verdicts(shorter, runs)[RUN] == "new"
    assert compare.exit_code(compare.compare(runs, shorter)) == 1
    assert compare.exit_code(compare.compare(shorter, runs)) == 0


def test_time_host_and_place_do_not_count(runs):
    old = runs.assign(cpu="one", accelerator="", started="then")
    host = {"cpu": "another", "accelerator": "a card", "started": "now"}
    new = runs.assign(train_seconds=99.0, suite="other", label="x", **host)
    assert set(verdicts(old, new).values()) == {"equal"}


def test_a_metric_that_is_new_to_all_rows_changes_none(runs):
    assert set(verdicts(runs, runs.assign(auc=0.9)).values()) == {"equal"}
    assert set(verdicts(runs.assign(auc=0.9), runs).values()) == {"changed"}


def test_what_changed_is_shown_with_counts(runs):
    out = io.StringIO()
    found = compare.compare(runs, changed(runs, "map", 0.5), 0.0)
    compare.show(found, 0.0, Console(file=out, width=200))
    assert RUN in out.getvalue()
    assert "→ 0.5" in out.getvalue()
    assert f"{len(runs)} rows at tolerance 0: {len(runs) - 1} equal, 1 changed" in out.getvalue()


def test_a_suite_is_named_by_file_folder_or_name(work):
    assert runs_file(work) == runs_file(work / "runs.csv") == work / "runs.csv"


def test_a_page_without_the_region_is_an_error():
    with pytest.raises(HardballError, match="no region"):
        readme.fill("nothing here", "figure", "x")


def test_rows_are_chosen_by_a_column_or_by_a_part_of_their_name(runs):
    from hardball.core.errors import HardballError

    first = runs["run_id"].iloc[0]
    assert compare.chosen(runs, [first])["run_id"].tolist() == [first]
    sampler = str(runs["sampler"].iloc[0]).partition("(")[0]
    found = compare.chosen(runs, [f"sampler={sampler}", "framework=torch"])
    assert len(found) > 0
    assert set(found["framework"]) == {"torch"}
    assert {str(name).partition("(")[0] for name in found["sampler"]} == {sampler}
    with pytest.raises(HardballError, match="unknown column 'samplr', did you mean 'sampler'"):
        compare.chosen(runs, ["samplr=x"])
