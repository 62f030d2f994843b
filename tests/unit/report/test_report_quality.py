"""Time to quality: families of budgets, first readings at a target, resources; by hand."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from hardball.core.errors import HardballError
from hardball.report import quality, rows
from hardball.report.plots import quality_plots, rate_plots
from hardball.report.quality import Target
from hardball.report.tables import quality_table, render
from hardball.runs.spec import RunSpec

# epochs -> (seconds, scorings, MAP, mean rank) of seed 0; seed s takes s seconds more.
BUDGETS = {10: (2.0, 100.0, 0.85, 6.0), 20: (4.0, 200.0, 0.92, 3.0), 40: (8.0, 400.0, 0.96, 1.2)}
COMPILED = 1.5


def run(epochs: int, seed: int = 0, framework: str = "jax", **changes: object) -> dict:
    seconds, scorings, score, mean_rank = BUDGETS[epochs]
    config = f"tangent-{epochs}"
    return {
        "run_id": f"{config}-{framework}-s{seed}",
        "config_id": config,
        "dataset": "wordnet_mammals",
        "task": "reconstruction",
        "framework": framework,
        "seed": seed,
        "status": "ok",
        "manifold": "tangent(c=1.0)",
        "dim": 5,
        "sampler": "pool",
        "loss": "infonce(temperature=1.0)",
        "optimizer": "adam(b1=0.9)",
        "lr": 0.36,
        "epochs": epochs,
        "train_seconds": seconds + seed,
        # What seeds share is compiled once, by the first of them.
        "compile_seconds": 0.0 if seed else COMPILED,
        "peak_memory_mb": 500.0 + seed,
        "scorings": scorings,
        "map": score,
        "mean_rank": mean_rank,
        **changes,
    }


def runs_of(*records: dict) -> pd.DataFrame:
    return pd.DataFrame(list(records))


@pytest.fixture
def three_budgets() -> pd.DataFrame:
    return runs_of(*(run(epochs, seed) for epochs in BUDGETS for seed in range(4)))


def only(runs: pd.DataFrame, curves: pd.DataFrame | None = None) -> quality.Family:
    (family,) = quality.families(runs, curves)
    return family


def curve(run_id: str, *points: tuple[float, float, float, float]) -> pd.DataFrame:
    """seconds, scorings, map, mean_rank of each; NaN where nothing was validated."""
    frame = pd.DataFrame(points, columns=["seconds", "scorings", "map", "mean_rank"])
    return frame.assign(run_id=run_id)


def test_a_family_holds_what_differs_in_budget_and_seed_alone(three_budgets):
    family = only(three_budgets)
    assert family.budgets == (10, 20, 40)
    assert family.seeds == (0, 1, 2, 3)
    faster = three_budgets.assign(lr=0.7)
    both = pd.concat([three_budgets, faster], ignore_index=True)
    assert [f.settings["lr"] for f in quality.families(both)] == [0.36, 0.7]


def test_every_setting_of_a_run_is_one_that_tables_know():
    elsewhere = {"dataset", "task", "framework", "seed", "checkpoint_every"}
    assert set(RunSpec.model_fields) - elsewhere <= set(rows.SETTINGS)


@pytest.mark.parametrize("changes", [{"task": "leaf_parent(holdout=0.1)"}, {"epochs": 10}])
def test_no_family_without_two_budgets_of_reconstruction(three_budgets, changes):
    assert quality.families(three_budgets.assign(**changes)) == []


def test_a_seed_counts_with_its_cheapest_reading_at_the_target(three_budgets):
    found = quality.reached(only(three_budgets), Target(0.90))
    # MAP 0.92 after 20 epochs, at 4, 5, 6, 7 s: the interquartile mean is (5 + 6) / 2.
    assert found.costs["seconds"].value == 5.5
    assert found.costs["seconds_compiled"].value == 5.5 + COMPILED
    assert found.costs["scorings"].value == 200
    assert found.count == 4


def test_a_published_figure_needs_both_its_map_and_its_mean_rank(three_budgets):
    # MAP 0.91 is there after 20 epochs, mean rank 2 only after 40: 8, 9, 10, 11 s.
    found = quality.reached(only(three_budgets), Target(0.91, 2.0))
    assert found.costs["seconds"].value == 9.5


def test_one_seed_in_four_may_miss_and_two_may_not(three_budgets):
    """Of 4, 5, 6, inf the middle half is 5 and 6; of 4, 5, inf, inf it is 5 and inf."""
    late = three_budgets["run_id"].isin(["tangent-20-jax-s3", "tangent-40-jax-s3"])
    three_budgets.loc[late, "map"] = 0.5
    found = quality.reached(only(three_budgets), Target(0.90))
    assert (found.costs["seconds"].value, found.count) == (5.5, 3)
    three_budgets.loc[three_budgets["seed"] == 2, "map"] = 0.5
    found = quality.reached(only(three_budgets), Target(0.90))
    assert (found.costs["seconds"].value, found.count) == (np.inf, 2)


def test_what_was_not_reached_says_the_best_there_was(three_budgets):
    found = quality.reached(only(three_budgets), Target(0.99))
    # The best of each seed is that of 40 epochs: 8, 9, 10, 11 s, whose median is 9.5.
    assert (found.best_map, found.best_mean_rank, found.best_seconds) == (0.96, 1.2, 9.5)


def test_a_diverged_run_is_no_reading(three_budgets):
    lost = three_budgets["epochs"] == 20
    three_budgets.loc[lost, "status"] = "diverged"
    # Left are 40 epochs: 8, 9, 10, 11 s.
    assert quality.reached(only(three_budgets), Target(0.90)).costs["seconds"].value == 9.5


def test_a_seed_without_the_long_runs_is_left_out():
    records = [run(epochs, seed) for epochs in (10, 20) for seed in (0, 1)]
    family = only(runs_of(*records, run(10, seed=2)))
    assert family.seeds == (0, 1)
    assert set(family.readings["seed"]) == {0, 1}


def test_validations_are_readings_of_a_sample_and_the_end_is_the_runs_own():
    runs = runs_of(run(10), run(40))
    curves = curve(
        "tangent-40-jax-s0",
        (3.0, 150.0, 0.91, 4.0),
        (5.0, 250.0, np.nan, np.nan),
        (8.0, 400.0, 0.99, 1.0),
    )
    family = only(runs, curves)
    seen = family.readings[["seconds", "map", "sampled"]].to_numpy().tolist()
    assert seen == [[2.0, 0.85, False], [3.0, 0.91, True], [8.0, 0.96, False]]
    found = quality.reached(family, Target(0.90))
    assert (found.costs["seconds"].value, found.sampled) == (3.0, 1)
    found = quality.reached(family, Target(0.95))
    assert (found.costs["seconds"].value, found.sampled) == (8.0, 0)


def test_a_final_figure_of_sampled_sources_says_so():
    runs = runs_of(run(10, sources=20_000.0), run(20))
    assert list(only(runs).readings["sampled"]) == [True, False]


def figures(*lines: tuple[str, str, int, str, float]) -> pd.DataFrame:
    keys = ["source", "manifold", "dim", "metric", "value"]
    frame = pd.DataFrame(list(lines), columns=keys)
    return frame.assign(
        dataset="wordnet_mammals", task="reconstruction", protocol="all closure pairs"
    )


def test_the_published_target_is_the_pair_with_the_highest_map():
    published = figures(
        ("A", "poincare", 5, "map", 0.8),
        ("A", "poincare", 5, "mean_rank", 1.1),
        ("B", "lorentz", 5, "map", 0.9),
        ("B", "lorentz", 5, "mean_rank", 2.0),
        ("C", "lorentz", 5, "map", 0.99),
        ("B", "lorentz", 10, "map", 0.95),
        ("B", "lorentz", 10, "mean_rank", 1.5),
    )
    found = quality.published_target(published, "wordnet_mammals", 5)
    # C names no mean rank, so there is no pair to reach.
    assert found == Target(0.9, 2.0, "B, lorentz")
    assert quality.published_target(published, "wordnet_mammals", 2) is None
    assert quality.published_target(published, "wordnet_nouns", 5) is None
    # What nobody could look up is no target.
    published.loc[published["source"] == "B", "protocol"] = "all pairs; unconfirmed"
    assert quality.published_target(published, "wordnet_mammals", 5) == Target(
        0.8, 1.1, "A, poincare"
    )


PUBLISHED = figures(("B", "lorentz", 5, "map", 0.99), ("B", "lorentz", 5, "mean_rank", 1.1))


def test_the_table_has_both_targets_to_read_and_as_numbers(three_budgets):
    table = quality_table.time_to_quality(three_budgets, None, PUBLISHED)
    shown = render.to_markdown(table)
    # Resamples of 4, 5, 6, 7 s reach their ends: the interval is theirs, up to compiling.
    assert "| 5.500 [4.000, 7.000] s | 7.000 [5.500, 8.500] s | 200.0 [200.0, 200.0] |" in shown
    assert "| 0.990 | 1.100 | not reached (best MAP 0.960, mean rank 1.200 in 9.500 s) |" in shown
    (record,) = csv.DictReader(io.StringIO(render.to_csv(table)))
    assert float(record["map_090_seconds"]) == 5.5
    assert float(record["map_090_seconds_compiled"]) == 7.0
    assert record["published_seconds"] == ""
    assert record["published_source"] == "B, lorentz"


def test_a_reading_from_a_validation_is_marked(tmp_path):
    runs = runs_of(run(10), run(40))
    curve("tangent-40-jax-s0", (3.0, 150.0, 0.91, 4.0)).to_parquet(tmp_path / "a.parquet")
    shown = render.to_markdown(quality_table.time_to_quality(runs, tmp_path))
    assert "| 3.000 s † |" in shown
    assert "none published" in shown


def test_lines_say_what_tells_them_apart(three_budgets):
    other = three_budgets.assign(optimizer="rsgd", lr=10.0, manifold="lorentz(c=1.0)")
    slow = three_budgets.assign(lr=0.1)
    both = pd.concat([three_budgets, other, slow], ignore_index=True)
    assert quality.labels(quality.families(both)) == [
        "tangent, lr 0.36",
        "lorentz, lr 10.0",
        "tangent, lr 0.1",
    ]


def test_a_suite_of_one_budget_has_no_such_table_or_picture(three_budgets):
    short = three_budgets[three_budgets["epochs"] == 10]
    assert quality_table.time_to_quality(short) is None
    assert quality_plots.over("seconds", quality.families(short)) == {}


def test_a_point_is_a_budget_at_its_median_cost(three_budgets):
    lost = three_budgets["run_id"].isin([f"tangent-40-jax-s{s}" for s in (2, 3)])
    three_budgets.loc[lost, "status"] = "diverged"
    points = quality_plots.budget_points(only(three_budgets), "seconds", "map")
    # 10 epochs: 2, 3, 4, 5 s. 40 epochs: two of four diverged, the others took 8 and 9 s.
    assert list(points["at"]) == [3.5, 5.5, 8.5]
    assert list(points["value"]) == [0.85, 0.92, -np.inf]


def test_the_picture_shows_published_figures_and_the_floor(three_budgets):
    floors = pd.DataFrame(
        [{"dataset": "wordnet_mammals", "task": "reconstruction", "floor": "popularity",
          "map": 0.62, "mean_rank": 22.0}]
    )  # fmt: skip
    drawn = quality_plots.over("seconds", quality.families(three_budgets), PUBLISHED, floors)
    (figure,) = drawn.values()
    left, right, _ = figure.axes
    assert {text.get_text() for text in left.texts} == {"published 0.99", "popularity"}
    assert {text.get_text() for text in right.texts} == {"published 1.1", "popularity"}
    assert right.get_yscale() == left.get_xscale() == "log"


def test_resources_are_the_jobs_longest_compiling_and_largest_memory(three_budgets):
    table = quality_table.resources(three_budgets.assign(threads=1, cpu="a processor"))
    (first, *_) = (line.cells for line in table.lines)
    assert first["compile_seconds"] == COMPILED
    assert first["peak_memory_mb"] == 503
    # 100 scorings in 2, 3, 4, 5 s: of the rates 50, 33.3, 25, 20 the middle half.
    assert first["scorings_per_second"].value == pytest.approx((100 / 3 + 25) / 2)
    assert "Processor: a processor." in render.to_markdown(table)
    assert "ccelerator" not in render.to_markdown(table)


def test_resources_name_the_accelerator_of_those_that_had_one(three_budgets):
    longest = three_budgets["epochs"] == three_budgets["epochs"].max()
    card = longest.map({True: "a card", False: ""})
    table = quality_table.resources(three_budgets.assign(accelerator=card))
    written = render.to_markdown(table)
    assert [line.cells["accelerator"] for line in table.lines] == ["", "", "a card"]
    assert "| accelerator |" in written
    assert "Accelerator: a card." in written


def test_rate_against_batch_is_drawn_where_the_batch_varies(three_budgets):
    runs = three_budgets.assign(batch_size=256, negatives=512)
    assert rate_plots.rate_by_batch(runs) is None
    large = runs.assign(batch_size=1024, scorings=2 * runs["scorings"])
    figure = rate_plots.rate_by_batch(pd.concat([runs, large], ignore_index=True))
    ((line,),) = (axes.lines for axes in figure.axes)
    # Twelve runs of 100 scorings in 2 to 5 s, 200 in 4 to 7 and 400 in 8 to 11: the rates are 50,
    # 33, 25, 20, 50, 40, 33, 29, 50, 44, 40, 36, the middle two 36.4 and 40; twice that at 1,024.
    middle = (400 / 11 + 40) / 2
    assert list(line.get_xdata()) == [256, 1024]
    assert list(line.get_ydata()) == pytest.approx([middle, 2 * middle])


def write_published(tmp_path, **changes):
    line = {
        "source": "A", "dataset": "wordnet_nouns", "task": "reconstruction", "manifold": "poincare",
        "dim": 5, "metric": "map", "value": 0.8, "protocol": "all pairs", **changes,
    }  # fmt: skip
    path = tmp_path / "published.csv"
    pd.DataFrame([{**line, "metric": "mean_rank", "value": 3.0}, line]).to_csv(path, index=False)
    return path


def test_a_published_figure_is_read_as_it_stands(tmp_path):
    assert list(rows.read_published(write_published(tmp_path))["value"]) == [3.0, 0.8]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 1.2}, r"published.csv:3: map 1.2: allowed are 0 to 1"),
        ({"metric": "mrr"}, "published.csv:3: unknown metric 'mrr'"),
        ({"metric": "mean_rank", "value": 4.0}, "published.csv:3: this figure stands"),
        ({"value": float("nan")}, "map nan"),
        ({"source": " "}, "no source"),
        ({"protocol": " "}, "no protocol"),
        ({"dim": -1}, "dim -1: allowed are whole numbers"),
    ],
)
def test_a_wrong_published_figure_is_refused_with_its_line(tmp_path, changes, said):
    with pytest.raises(HardballError, match=said):
        rows.read_published(write_published(tmp_path, **changes))


def test_the_published_figures_of_the_project_are_sound():
    from hardball.core import paths

    published = rows.read_published(paths.datasets() / "published.csv")
    found = quality.published_target(published, "wordnet_nouns", 10)
    assert found == Target(0.928, 2.95, "Nickel & Kiela 2018, Table 2, lorentz")
