"""Many series of one picture: groups by what a sampler goes by, a colour each within a group."""

import numpy as np
import pandas as pd
import pytest

from hardball.methods import registry
from hardball.report import quality
from hardball.report.plots import all_plots, groups, lines, quality_plots, style, training_plots
from hardball.report.plots.groups import grouped
from hardball.report.sources import Source

MOST = len(style.PALETTE)


def kinds_of(**counts):
    """As many series of each kind as named: a1, a2, ..."""
    return {f"{kind}{k}": kind for kind, count in counts.items() for k in range(1, count + 1)}


@pytest.mark.parametrize(
    ("sampler", "kind"),
    [
        ("uniform", "by the graph"),
        ("cousins(k=2,replace=True)", "by the graph"),
        ("similarity_hard(ratio=0.5)", "by features"),
        ("mined(rule=hardest)", "by the embedding"),
        ("mixture(of=uniform 3 + cousins(k=2) 1)", "composed of others"),
        ("pool", "one pool for all anchors"),
        ("of_another_version(k=1)", "other"),
    ],
)
def test_what_a_sampler_goes_by_is_what_its_entry_says(sampler, kind):
    assert groups.kind(sampler) == kind


def test_as_many_as_there_are_colours_are_one_group_beside_the_reference():
    (alone,) = grouped({**kinds_of(a=4, b=3), "uniform": "a"}, "uniform")
    assert alone.title == ""
    assert alone.names == ["uniform", "a1", "a2", "a3", "a4", "b1", "b2", "b3"]
    assert len(grouped(kinds_of(a=5, b=3))) == 2


def test_large_kinds_are_halved_and_small_ones_come_together_at_the_end():
    found = grouped({"uniform": "a", **kinds_of(b=1, a=9, c=3, d=2)}, "uniform")
    assert [(group.title, group.names) for group in found] == [
        ("a, 1 of 2", ["uniform", "a1", "a2", "a3", "a4", "a5"]),
        ("a, 2 of 2", ["uniform", "a6", "a7", "a8", "a9"]),
        ("c", ["uniform", "c1", "c2", "c3"]),
        ("b,\nd", ["uniform", "b1", "d1", "d2"]),
    ]


@pytest.mark.parametrize("count", [1, 7, 8, 14, 15, 25, 60])
def test_no_colour_stands_twice_in_a_group(count):
    kinds = {**kinds_of(a=count, b=3, c=1), "uniform": "a"}
    found = grouped(kinds, "uniform")
    color = groups.colors(found, "uniform")
    assert {name for group in found for name in group.names} == set(color) == set(kinds)
    for group in found:
        used = [color[name] for name in group.names]
        assert len(set(used)) == len(used) <= MOST + 1
        assert style.OTHER not in used


def suite(losses, samplers=None):
    """Runs of many samplers with each loss, and their curves."""
    names = samplers or [entry.name for entry in registry.entries("sampler")]
    runs = pd.DataFrame(
        [
            {"run_id": f"{s}-{loss}", "config_id": f"{s}-{loss}", "dataset": "d",
             "task": "reconstruction", "framework": "jax", "seed": 0, "sampler": s, "loss": loss,
             "epochs": 3, "factor": "sampler", "status": "ok", "map": 0.5, "scorings": 30.0}
            for s in names
            for loss in losses
        ]
    )  # fmt: skip
    epochs = np.arange(1, 4)
    curves = [
        pd.DataFrame(
            {"run_id": run, "epoch": epochs, "scorings": 10.0 * epochs, "loss": 1.0,
             "seconds": epochs * (1.0 + k), "masked_share": 0.1}
        )
        for k, run in enumerate(runs["run_id"])
    ]  # fmt: skip
    return runs, pd.concat(curves, ignore_index=True)


def keys(figure):
    """The names in the keys of a picture, one list a key."""
    legends = [axes.get_legend() for axes in figure.axes]
    found = [*figure.legends, *(legend for legend in legends if legend is not None)]
    return [[text.get_text() for text in legend.get_texts()] for legend in found]


def test_every_sampler_of_the_catalogue_has_a_colour_of_its_own_in_its_row():
    runs, curves = suite(["infonce"])
    figure = training_plots.training(curves, runs, "x", "reconstruction")
    found = keys(figure)
    assert len(found) > 1
    assert all(key[0] == "uniform" for key in found)
    assert {name for key in found for name in key} == set(runs["sampler"])
    # Two panels a row: the loss has a line a sampler, the MAP a dot, both over the same axis.
    loss, score = panels(figure, "evaluations")[-2:]
    assert len(loss.lines) == len(score.lines) == len(runs)
    assert loss.get_xlim() == score.get_xlim()


def panels(figure, label):
    return [axes for axes in figure.axes if axes.get_xlabel() == label]


def test_seconds_are_logarithmic_where_some_take_far_longer():
    runs, curves = suite(["infonce"])
    figure = training_plots.negatives(curves, runs, "x")
    (over_time,) = panels(figure, "seconds of training")
    assert over_time.get_xscale() == "log"


def test_the_map_of_validations_is_a_line_that_ends_at_the_result():
    runs, curves = suite(["infonce"], ["uniform", "pool"])
    way = {"uniform-infonce": [0.1, 0.3, 0.5], "pool-infonce": [0.2, 0.4, 0.5]}
    curves["map"] = curves.groupby("run_id")["epoch"].transform(lambda e: way[e.name])
    figure = training_plots.training(curves, runs, "x", "leaf_parent")
    score = next(a for a in figure.axes if a.get_title("left") == "direct-edge MAP ↑")
    assert [list(line.get_ydata()) for line in score.lines] == [
        [0.1, 0.3, 0.5], [0.5], [0.2, 0.4, 0.5], [0.5]
    ]  # fmt: skip
    assert list(score.lines[0].get_xdata()) == [10, 20, 30]


def budgets(runs, *epochs):
    return pd.concat(
        [runs.assign(epochs=e, config_id=runs["config_id"] + f"-{e}") for e in epochs],
        ignore_index=True,
    )


def names_of(runs):
    return [(part.slug, part.said, len(part.runs)) for part in lines.parts(runs)]


def test_one_loss_at_one_budget_is_one_picture():
    runs, _ = suite(["infonce"], ["uniform", "pool"])
    assert names_of(runs) == [("", "", 2)]


def test_several_losses_and_budgets_have_a_picture_each():
    runs, _ = suite(["infonce", "margin"], ["uniform", "pool", "mined"])
    assert names_of(budgets(runs, 10, 30)) == [
        ("infonce-10-epochs", "infonce, 10 epochs", 3),
        ("margin-10-epochs", "margin, 10 epochs", 3),
        ("infonce-30-epochs", "infonce, 30 epochs", 3),
        ("margin-30-epochs", "margin, 30 epochs", 3),
    ]


def test_more_losses_than_samplers_are_compared_with_each_other():
    runs, _ = suite(["infonce", "margin", "debiased"], ["uniform", "pool"])
    assert names_of(runs) == [
        ("uniform", "uniform negatives", 3),
        ("pool", "pool negatives", 3),
    ]


def test_a_configuration_that_is_alone_stands_with_the_others():
    runs, _ = suite(["infonce"], ["uniform", "pool", "mined"])
    odd = budgets(runs[runs["sampler"] == "pool"], 7, 9)
    both = pd.concat([runs, odd], ignore_index=True)
    assert names_of(both) == [("3-epochs", "3 epochs", 3), ("others", "others", 2)]


def test_training_is_drawn_for_each_of_them(tmp_path):
    runs, curves = suite(["infonce", "margin"], ["uniform", "pool"])
    curves.to_parquet(tmp_path / "all.parquet")
    source = Source(runs, pd.DataFrame(), tmp_path, tmp_path)
    drawn = all_plots._training_plots(source, runs, "d", "reconstruction", "d")
    assert [name for name, _ in drawn] == [
        "training-d-jax-infonce", "negatives-d-jax-infonce",
        "training-d-jax-margin", "negatives-d-jax-margin",
    ]  # fmt: skip


def test_more_families_than_colours_have_a_row_a_kind():
    samplers = ["uniform", "degree", "siblings", "cousins", "relatives", "mined", "neighbors"]
    samplers += ["distance_hard", "pool"]
    runs = pd.DataFrame(
        [
            {"run_id": f"{s}-{epochs}", "dataset": "d", "task": "reconstruction", "dim": 2,
             "framework": "jax", "seed": 0, "status": "ok", "manifold": "tangent", "sampler": s,
             "epochs": epochs, "train_seconds": float(epochs), "scorings": 10.0 * epochs,
             "map": 0.5, "mean_rank": 3.0}
            for s in samplers
            for epochs in (10, 20)
        ]
    )  # fmt: skip
    (figure,) = quality_plots.over("seconds", quality.families(runs)).values()
    seven = runs[runs["sampler"].isin(samplers[:7])]
    drawn = quality_plots.over("seconds", quality.families(seven))
    assert list(drawn) == ["d-d2"]
    assert keys(drawn["d-d2"]) == [[*samplers[:7], "JAX"]]
    assert keys(figure) == [[*samplers[:5], "JAX"], samplers[5:8], ["pool"]]
