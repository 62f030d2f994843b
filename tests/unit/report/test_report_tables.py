"""Tables: one line a configuration and framework, floors and published figures apart."""

import csv
import io

import pandas as pd
import pytest

from hardball.core.errors import HardballError
from hardball.report import rows
from hardball.report.statistics import Estimate
from hardball.report.tables import (
    all_tables,
    contrasts,
    latex,
    other_lines,
    parity,
    render,
    result_tables,
)
from hardball.report.tables.render import number, text


def mammals(runs, floors=None, published=None):
    part = runs[runs["dataset"] == "wordnet_mammals"]
    return result_tables.result_table(part, "wordnet_mammals", "reconstruction", floors, published)


def line_of(markdown: str, start: str) -> str:
    return next(line for line in markdown.splitlines() if line.startswith(start))


def test_one_table_a_data_set_and_task(runs):
    other = runs.assign(task="link_prediction(fraction=0.5,holdout=0.1)")
    other["run_id"] += "-other"
    found = result_tables.result_tables(pd.concat([runs, other], ignore_index=True))
    assert [t.name for t in found] == [
        "wordnet_mammals-reconstruction",
        "ncbi_primates-reconstruction",
        "wordnet_mammals-link_prediction",
        "ncbi_primates-link_prediction",
    ]


def test_a_line_has_the_interquartile_mean_of_its_seeds(make_runs):
    runs = make_runs(4)
    table = mammals(runs)
    pool = runs[(runs["config_id"] == "wordnet_mammals-pool") & (runs["framework"] == "jax")]
    ordered = sorted(pool["map"])
    line = next(x for x in table.lines if x.cells["config_id"] == "wordnet_mammals-pool")
    assert line.cells["map"].value == pytest.approx((ordered[1] + ordered[2]) / 2)
    assert line.cells["scorings"] == 6540 * 40 * 513


def test_metrics_come_in_the_order_of_the_registry_with_arrows(runs):
    head = render.to_markdown(mammals(runs)).splitlines()[2]
    assert "closure mean rank ↓ | closure MAP ↑ | depth ρ ↑" in head


def test_a_heads_accuracy_stands_beside_the_majoritys_and_the_label_is_named(runs):
    task = "node_classification(label=depth2,holdout=0.2,l2=0.0)"
    told = runs.assign(task=task, label_accuracy=0.829, label_majority=0.316)
    (table, _) = result_tables.result_tables(told)
    shown = render.to_markdown(table)
    assert "label accuracy ↑ | label majority" in shown.splitlines()[2]
    assert f"A linear head tells the labels of {task} from the points." in shown
    assert "linear head" not in render.to_markdown(mammals(runs))


def test_direct_edge_map_and_closure_map_are_named_and_never_mixed(runs):
    direct = runs.assign(task="leaf_parent(holdout=0.1)")
    (table, _) = result_tables.result_tables(direct)
    assert "direct-edge MAP" in render.to_markdown(table)
    assert "closure MAP" not in render.to_markdown(table)
    mixed = pd.concat([runs, direct], ignore_index=True)
    with pytest.raises(ValueError, match="other data sets or tasks"):
        result_tables.result_table(mixed, "wordnet_mammals", "reconstruction")


def test_floors_and_published_figures_stand_apart_and_say_where_they_are_from(
    runs, floors, published
):
    shown = render.to_markdown(mammals(runs, floors, published))
    parts = [line for line in shown.splitlines() if line.startswith("| **")]
    named = [text for part, text in result_tables.PARTS.items() if part != "external"]
    assert [p.split("**")[1] for p in parts] == named
    assert "*0.620*" in line_of(shown, "| *popularity*")
    source = line_of(shown, "| *Nickel & Kiela 2017, Table 1 · poincare d=5*")
    assert "*1.260*" in source
    assert "*0.927*" in source
    # published for 100 dimensions, which nothing here has
    assert "0.99 " not in shown


def test_settings_are_said_where_they_differ_and_else_once(runs):
    shown = render.to_markdown(mammals(runs))
    assert "| negatives 512 |" in line_of(shown, "| pool · infonce · tangent d=5")
    assert "Unless the line says otherwise: negatives 50, optimizer adam" in shown


def test_diverged_runs_are_counted_and_shown(make_runs):
    runs = make_runs(4, diverged=("wordnet_mammals-siblings-jax-s0",))
    shown = render.to_markdown(mammals(runs))
    assert "4 (1 diverged)" in line_of(shown, "| siblings · infonce · tangent d=5 |  | jax")
    assert "1 of 32 runs diverged" in shown


def test_a_method_that_mostly_diverged_has_no_mean(make_runs):
    lost = tuple(f"wordnet_mammals-siblings-jax-s{s}" for s in range(3))
    shown = render.to_markdown(mammals(make_runs(4, diverged=lost)))
    assert "| diverged | diverged | diverged |" in line_of(shown, "| siblings · infonce · tangent")


def test_one_seed_is_shown_without_an_interval(make_runs):
    shown = render.to_markdown(mammals(make_runs(1)))
    assert "[" not in line_of(shown, "| uniform")


def test_csv_keeps_full_precision_and_every_setting(runs, floors):
    table = mammals(runs, floors)
    records = list(csv.DictReader(io.StringIO(render.to_csv(table))))
    ours = next(r for r in records if r["config_id"] == "wordnet_mammals-pool")
    cell = next(x for x in table.lines if x.cells.get("config_id") == ours["config_id"])
    assert float(ours["map"]) == cell.cells["map"].value
    assert float(ours["map_low"]) == cell.cells["map"].low
    assert ours["sampler"] == "pool"
    assert [r["part"] for r in records[-2:]] == ["floor", "floor"]


def test_latex_is_escaped_and_uses_booktabs(runs, floors):
    shown = latex.to_latex(mammals(runs, floors))
    assert r"wordnet\_mammals" in shown
    assert shown.count(r"\midrule") == 2
    assert all(line.count("&") == 8 for line in shown.splitlines() if line.endswith(r"\\")
               and "multicolumn" not in line)  # fmt: skip


def test_the_best_of_our_lines_is_bold_and_no_other(runs, floors, published):
    shown = render.to_markdown(mammals(runs, floors, published))
    assert line_of(shown, "| pool").count("**") == 6
    assert line_of(shown, "| uniform").count("**") == 0


def test_numbers_are_written_to_be_read():
    values = [0, 1.0034, 12.345, 1234.5, 0.00012, 0.0052, 13_341_600, float("nan")]
    assert list(map(number, values)) == [
        "0", "1.003", "12.35", "1,234", "1.2e-04", "0.0052", "13.3 M", "–",
    ]  # fmt: skip
    assert text(Estimate(0.5, 0.25, 0.75, 3)) == "0.500 [0.250, 0.750]"
    assert text(Estimate(0.5, float("nan"), float("nan"), 1)) == "0.500"


def metric(runs, name):
    return next(m for m in rows.metrics_of(runs) if m.name == name)


def test_samplers_are_ranked_against_uniform_within_data_set_and_framework(runs):
    table = contrasts.sampler_table(runs, metric(runs, "map"), "reconstruction")
    first = [x.cells for x in table.lines if x.kind == "ours"][:3]
    assert [c["sampler"] for c in first] == ["pool", "cousins", "siblings"]
    assert first[0]["differs"] == "negatives 512 / 50"
    assert first[0]["scorings_ratio"] == pytest.approx(513 / 51)
    # five seeds all in favour: 2 of 2^5 patterns; Holm takes the smallest of three times 3
    assert first[0]["p"] == 2 / 32
    assert first[0]["p_holm"] == 6 / 32


def test_less_is_better_ranks_the_other_way(runs):
    table = contrasts.sampler_table(runs, metric(runs, "mean_rank"), "reconstruction")
    first = [x.cells for x in table.lines if x.kind == "ours"][:3]
    assert [c["sampler"] for c in first] == ["pool", "cousins", "siblings"]
    assert first[0]["difference"].value < 0
    assert first[0]["improvement"].value == 1


def test_a_sampler_of_several_data_sets_has_a_line_for_all_of_them(runs):
    table = contrasts.sampler_table(runs, metric(runs, "map"), "reconstruction")
    pooled = [x.cells for x in table.lines if x.kind == "across"]
    found = next(c for c in pooled if c["sampler"] == "pool" and c["framework"] == "jax")
    assert found["improvement"].value == 1
    assert found["improvement"].runs == 10


def test_another_loss_has_its_own_reference(runs):
    other = runs[runs["sampler"] != "uniform"].assign(loss="margin(margin=0.5)")
    other[["config_id", "run_id"]] = other[["config_id", "run_id"]] + "-margin"
    both = pd.concat([runs, other], ignore_index=True)
    table = contrasts.sampler_table(both, metric(runs, "map"), "reconstruction")
    # margin has no uniform runs to be compared with
    assert {x.cells["loss"] for x in table.lines if x.kind == "ours"} == {"infonce"}


def test_a_loss_has_the_parameters_that_are_not_its_defaults():
    assert contrasts.loss_name("infonce(temperature=1.0)") == "infonce"
    assert contrasts.loss_name("infonce(temperature=0.5)") == "infonce(temperature=0.5)"
    focal = "focal(alpha=0.25,gamma=1.0,radius=2.0,temperature=1.0)"
    assert contrasts.loss_name(focal) == "focal(gamma=1.0)"


def test_without_uniform_runs_there_is_no_ranking(runs):
    rest = runs[runs["sampler"] == "pool"]
    assert contrasts.sampler_table(rest, metric(runs, "map"), "reconstruction") is None


def test_tables_across_data_sets_hold_one_task_each(runs):
    direct = runs.assign(task="leaf_parent(holdout=0.1)")
    direct[["config_id", "run_id"]] = direct[["config_id", "run_id"]] + "-direct"
    both = pd.concat([runs, direct], ignore_index=True)
    heads = {
        t.name: " ".join(c.header for c in t.columns)
        for t in all_tables.tables_of(both)
        if t.name.startswith(("samplers", "parity"))
    }
    assert "samplers-reconstruction-map" in heads
    assert "parity-leaf_parent" in heads
    for name, head in heads.items():
        if "map" in name or name.startswith("parity"):
            assert ("closure MAP" in head) != ("direct-edge MAP" in head)


def test_floors_measured_for_several_configurations_stand_once(runs, floors):
    shown = render.to_markdown(mammals(runs, pd.concat([floors, floors])))
    assert shown.count("*popularity*") == 1


def test_parity_is_the_largest_difference_over_seeds(runs):
    runs.loc[runs["run_id"] == "wordnet_mammals-pool-torch-s2", "map"] += 0.25
    table = parity.parity_table(runs, rows.metrics_of(runs), "reconstruction")
    found = {x.cells["config_id"]: x.cells["map"] for x in table.lines}
    assert found["wordnet_mammals-pool"] == pytest.approx(0.25 + 1e-6)
    # made up with a difference of 1e-6; measured 1.0000000000287557e-06
    assert found["wordnet_mammals-uniform"] == pytest.approx(1e-6, rel=1e-6)


def test_parity_counts_a_run_that_diverged_on_one_side(make_runs):
    runs = make_runs(3, diverged=("ncbi_primates-pool-jax-s1",))
    table = parity.parity_table(runs, rows.metrics_of(runs), "reconstruction")
    found = {x.cells["config_id"]: x.cells["one_diverged"] for x in table.lines}
    assert found["ncbi_primates-pool"] == 1
    assert found["wordnet_mammals-pool"] == 0


def test_one_framework_alone_has_no_parity_table(runs):
    alone = runs[runs["framework"] == "jax"]
    assert parity.parity_table(alone, rows.metrics_of(runs), "reconstruction") is None


def test_every_table_is_written_three_times_and_again_the_same(tmp_path, runs, floors, published):
    found = all_tables.tables_of(runs, floors, published)
    first = all_tables.write(found, tmp_path / "a")
    all_tables.write(all_tables.tables_of(runs, floors, published), tmp_path / "b")
    assert {p.suffix for p in first} == {".csv", ".md"}
    both = all_tables.write(found, tmp_path / "c", tex=latex.Shape())
    assert {p.suffix for p in both} == {".csv", ".md", ".tex"}
    assert all(p.read_bytes() == (tmp_path / "b" / p.name).read_bytes() for p in first)


def test_methods_lose_the_parameters_that_tell_nothing_apart():
    values = pd.Series(["cousins(k=1,replace=True)", "cousins(k=2,replace=True)", "pool"])
    assert list(rows.short_column(values)) == ["cousins(k=1)", "cousins(k=2)", "pool"]


def test_brackets_within_brackets_are_shortened_as_one():
    mixed = "mixture(of=uniform 3 + cousins(k=2,replace=True) 1)"
    eased = "curriculum(easy={},hard=uniform,end=0.5)".format
    hard = ["", f"8 {mixed} after 0.5", f"2 siblings(replace=True);8 {eased(mixed)}"]
    frame = pd.DataFrame({"hard": hard, "sampler": [eased("uniform"), eased(mixed), mixed]})
    short = rows.shortened(frame)
    assert list(short["hard"]) == ["", "8 mixture after 0.5", "2 siblings;8 curriculum"]
    # The commas of the inner brackets part nothing: easy alone differs between the curricula.
    assert list(short["sampler"]) == [
        "curriculum(easy=uniform)",
        f"curriculum(easy={mixed})",
        "mixture",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not a CSV"),
        ("run_id,seed\na,0\n", "no column 'config_id'"),
        ("run_id,config_id,dataset,task,framework,seed,status\n", "no rows"),
    ],
)
def test_a_broken_runs_csv_is_a_clear_error(tmp_path, content, said):
    path = tmp_path / "runs.csv"
    path.write_text(content)
    with pytest.raises(HardballError, match=said):
        rows.read_runs(path)


def test_a_run_that_stands_twice_is_refused(tmp_path, runs):
    path = tmp_path / "runs.csv"
    pd.concat([runs, runs.head(1)]).to_csv(path, index=False)
    with pytest.raises(HardballError, match="twice"):
        rows.read_runs(path)


def test_what_was_made_elsewhere_stands_under_its_label(runs, floors):
    row = {"dataset": "wordnet_mammals", "task": "reconstruction", "label": "theirs", "seed": 0}
    external = pd.DataFrame([{**row, "space": "poincare", "dim": 5, "map": 0.875}])
    table = result_tables.result_table(
        runs[runs["dataset"] == "wordnet_mammals"], "wordnet_mammals", "reconstruction", floors,
        external=external,
    )  # fmt: skip
    shown = render.to_markdown(table)
    (line,) = (line for line in shown.splitlines() if "theirs · poincare d=5" in line)
    assert "0.875" in line
    assert shown.index("**Made elsewhere, scored here**") < shown.index("theirs")
    other = other_lines.external_lines(external, "wordnet_mammals", "leaf_parent", [])
    assert other == []


def test_rows_made_elsewhere_of_other_data_are_left_out_and_said():
    external = pd.DataFrame(
        {"dataset": ["a", "a", "b", "b"], "data_sha256": ["old", "new", "1", "2"],
         "label": ["first", "second", "third", "fourth"]}
    )  # fmt: skip
    runs = pd.DataFrame({"dataset": ["a", "c"], "data_sha256": ["old", "3"]})
    kept, said = rows.external_of_one_version(external, runs)
    # Of b, which has no runs, the last row says which data count.
    assert kept["label"].tolist() == ["first", "fourth"]
    assert [line.partition(" are of")[0] for line in said] == [
        "1 rows of a that were made elsewhere", "1 rows of b that were made elsewhere",
    ]  # fmt: skip
    assert said[0].endswith("(first: second)")


def test_seeds_of_a_method_made_elsewhere_are_one_line_with_an_interval():
    external = pd.DataFrame(
        {"dataset": "pets", "task": "reconstruction", "label": "mine", "space": "tangent",
         "settings": '{"step": 2.0}', "dim": 3, "seed": [0, 1, 2], "map": [0.2, 0.4, 0.6],
         "mean_rank": [3.0, 2.0, 1.0], "train_seconds": [1.0, 2.0, 9.0]}
    )  # fmt: skip
    (table,) = result_tables.result_tables(rows.no_runs(), external=external)
    (line,) = table.lines
    assert line.kind == "external"
    assert line.cells["differs"] == "step 2.0"
    assert line.cells["runs"] == 3
    assert line.cells["map"].value == pytest.approx(0.4)
    assert line.cells["map"].has_interval
    assert line.cells["train_seconds"] == 2.0
