"""Several main losses in one run: weights, schedules, what a row says, what is refused."""

import numpy as np
import pytest
from covering import part

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.data.points import save_points
from hardball.runs import settings
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem, terms
from hardball.training.train import train

FRAMEWORKS = ["jax", "torch"]
# Their measures differ: distances, distances with hops, angles at the origin.
MORE = [
    {"loss": "margin", "weight": 0.5},
    {"loss": "multi_hop_contrastive", "schedule": "piecewise(0:0,0.5:1)"},
    {"loss": "angle_preserving", "weight": 2.0, "schedule": "exp(0.1) floor 0.3"},
]


def spec_of(framework="torch", **changes):
    base = {"dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 3, "epochs": 4, "init_scale": 1.0, "lr": 0.05}
    return RunSpec(framework=framework, **{**base, **changes})


@pytest.fixture
def totals_of(step_by_step):
    """The totals of a run's first steps."""

    def totals(framework, graph, count, **changes):
        task = problem.build(spec_of(framework, **changes), graph)
        return [found for *_, found in step_by_step(task, count or task.total_steps)]

    return totals


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_each_loss_counts_by_its_weight_and_its_schedule(framework, tree, totals_of):
    found = totals_of(framework, tree, 0, losses=MORE, loss_schedule="linear(1,0.5)")
    p = np.arange(len(found)) / (len(found) - 1)
    over = {
        "loss_main": 1 - 0.5 * p,
        "loss_margin": 1 + 0 * p,
        "loss_multi_hop_contrastive": np.minimum(2 * p, 1),
        "loss_angle_preserving": np.maximum(0.1**p, 0.3),
    }
    expected = sum(factor * [t[name] for t in found] for name, factor in over.items())
    np.testing.assert_allclose([t["loss"] for t in found], expected, rtol=1e-10)
    assert all(min(t[name] for t in found) > 0 for name in over)


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_each_loss_is_the_one_that_a_run_of_its_own_has(framework, tree, totals_of):
    """At the first step, where all runs stand at the same points and draw the same negatives."""
    (together,) = totals_of(framework, tree, 1, losses=MORE)
    for more in MORE:
        (alone,) = totals_of(framework, tree, 1, loss=more["loss"], kernels="plain")
        expected = more.get("weight", 1.0) * alone["loss"]
        assert together[f"loss_{more['loss']}"] == pytest.approx(expected, rel=1e-10)
    (main,) = totals_of(framework, tree, 1, kernels="plain")
    assert together["loss_main"] == pytest.approx(main["loss"], rel=1e-10)


@pytest.mark.full
def test_both_frameworks_train_alike(tree):
    ours, theirs = (
        train(spec_of(f, losses=MORE, objective="balanced"), hierarchy=tree, progress=False)
        for f in FRAMEWORKS
    )
    np.testing.assert_allclose(ours.points, theirs.points, rtol=0, atol=1e-10)


def test_a_run_of_five_terms_is_one_spec(tree, tmp_path, monkeypatch):
    """Reconstruction falls, a contrastive loss rises to a plateau, a spectral term is steady, a
    task comes in late, and what an earlier run knew is kept."""
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    monkeypatch.setattr(store, "open_hierarchy", lambda name: tree)
    five = {
        "loss": "infonce",
        "loss_schedule": "linear(1,0.2)",
        "losses": [{"loss": "multi_hop_contrastive", "schedule": "piecewise(0:0,0.4:1)"}],
        "regularizers": [
            {"name": "laplacian_normalized", "weight": 0.05},
            {"name": "feature_reconstruction", "columns": 8, "hidden": 2, "schedule": "late_ramp"},
            {"name": "ewc", "weight": 1.0, "batches": 4},
        ],
    }
    first = train(spec_of(), hierarchy=tree, progress=False)
    at = tmp_path / "work" / "x" / "points" / "once.npz"
    save_points(at, first.points, "tangent", 1.0, tree.ids)
    start = {"name": "run", "points": "once", "of": "tree"}
    ended = train(spec_of(start=start, **five), hierarchy=tree, progress=False)
    assert ended.row.outcome.status == "ok"
    assert [name for name in ended.curves if name.startswith("loss_")] == [
        *("loss_main", "loss_multi_hop_contrastive", "loss_laplacian_normalized"),
        *("loss_feature_reconstruction", "loss_ewc"),
    ]


def test_a_row_says_them_and_is_read_back():
    spec = spec_of(losses=MORE, loss_schedule="exp(0.5)")
    columns = settings.columns(spec)
    assert columns["loss_schedule"] == "exp(0.5)"
    assert columns["losses"].split(";")[0] == "0.5 margin(margin=0.5)"
    assert columns["losses"].endswith(" over exp(0.1) floor 0.3")
    assert settings.from_columns(columns).config_id == spec.config_id
    plain = spec_of()
    assert "losses" not in plain.config
    assert plain.config_id != spec.config_id


def test_terms_of_one_name_are_told_apart():
    spec = spec_of(losses=[{"loss": "margin"}, {"loss": "margin"}], regularizers=["sparsity"])
    assert terms.names(spec) == ("loss_main", "loss_margin", "loss_margin_2", "loss_sparsity")
    assert terms.of_losses(spec) == ("margin", "margin_2")
    assert terms.of_regularizers(spec) == ("sparsity",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"losses": [{"loss": "margins"}]}, "unknown loss 'margins'"),
        ({"losses": [{"loss": "margin", "weight": -1}]}, "greater than or equal to 0"),
        ({"losses": [{"loss": "margin", "weight": float("inf")}]}, "finite"),
        ({"losses": [{"loss": "margin", "schedule": "soon"}]}, "schedule 'soon': allowed are"),
        ({"loss_schedule": "exp(0)"}, "allowed are constant"),
        ({"losses": [{"loss": "margin", "wait": 1}]}, "losses.0.wait"),
    ],
)
def test_what_makes_no_sense_is_one_line(changes, said):
    values = {"dataset": "tree", "dim": 3, **changes}
    with pytest.raises(HardballError) as caught:
        settings.make_spec(values, "torch", 0)
    assert said in str(caught.value)


def test_losses_that_do_not_go_together_are_refused():
    fading = spec_of(fade=0.5, losses=[{"loss": "margin"}])
    owning = spec_of(losses=[{"loss": "fermi_dirac_learned"}])
    with pytest.raises(HardballError, match="make it the main loss"):
        loop.check(owning)
    with pytest.raises(HardballError, match=r"fade=0\.5: loss margin adds up no negatives"):
        loop.check(fading)
