"""How terms share the steps of a run: factors, schedules, what curves say of each, why runs end."""

import numpy as np
import pytest
from covering import crossed, part

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.runs import settings
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem, stopping, terms
from hardball.training.train import train

FRAMEWORKS = ["jax", "torch"]
TWO = ["laplacian", {"name": "norm_target", "target": 6.0, "weight": 0.1}]


def spec_of(framework="torch", **settings):
    base = {"dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 2, "epochs": 4, "init_scale": 1.0, "lr": 0.1}
    return RunSpec(framework=framework, **{**base, **settings})


@pytest.fixture
def steps_of(step_by_step):
    """The points before and after, and the totals, of each of a run's first steps."""

    def steps(framework, graph, count=1, **settings):
        task = problem.build(spec_of(framework, **settings), graph)
        return [found for _, *found in step_by_step(task, count or task.total_steps)]

    return steps


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_balanced_terms_weigh_a_share_of_the_main_loss(framework, tree, steps_of):
    """L_0 + 0.25 L_0 + 0.25 L_0, whatever the weights."""
    objective = {"name": "balanced", "share": 0.25, "floor": 1e-9}
    ((_, _, found),) = steps_of(framework, tree, regularizers=TWO, objective=objective)
    assert found["loss"] == pytest.approx(1.5 * found["loss_main"], rel=1e-12)
    heavier = [{"name": "laplacian", "weight": 7.0}, TWO[1]]
    ((_, _, again),) = steps_of(framework, tree, regularizers=heavier, objective=objective)
    assert again["loss_laplacian"] == pytest.approx(700 * found["loss_laplacian"], rel=1e-12)
    assert again["loss"] == pytest.approx(found["loss"], rel=1e-12)


@pytest.mark.parametrize(("framework", "nodes"), crossed(FRAMEWORKS, [20, 120]))
def test_pcgrad_is_the_surgery_on_the_gradients_of_the_nodes(
    framework, nodes, random_dag, steps_of
):
    """In flat space a step of descent is lr x the gradient; one of each term comes from sums.

    8 (2 + 2) = 32 rows a step, in which nodes occur more than once.
    """
    graph = random_dag(nodes, 3)
    flat = {"manifold": "euclidean", "optimizer": "rsgd", "kernels": "plain"}

    def moved(regularizers, **settings):
        given = {"regularizers": regularizers, **flat, **settings}
        ((before, after, _),) = steps_of(framework, graph, **given)
        return ((before - after) / 0.1).ravel()

    main = moved([])
    gradients = np.stack([main, *(moved([term]) - main for term in TWO)])
    np.testing.assert_allclose(moved(TWO), gradients.sum(axis=0), atol=1e-12)
    expected = gradients.copy()
    for i in range(3):
        for j in range(3):
            along = expected[i] @ gradients[j]
            if i != j and along < 0:
                expected[i] -= along / (gradients[j] @ gradients[j]) * gradients[j]
    assert np.abs(expected - gradients).max() > 1e-3
    found = moved(TWO, objective="pcgrad")
    np.testing.assert_allclose(found, expected.sum(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("framework", "schedule"), crossed(FRAMEWORKS, registry.COMMON["regularizer"]["schedule"])
)
def test_a_schedule_scales_its_term_from_the_first_step_to_the_last(
    framework, schedule, tree, steps_of
):
    scheduled = [{"name": "laplacian", "weight": 0.1, "schedule": schedule}, "sparsity"]
    found = [totals for *_, totals in steps_of(framework, tree, 0, regularizers=scheduled)]
    p = np.arange(len(found)) / (len(found) - 1)
    shape = {
        "constant": 1 + 0 * p,
        "decay": 1 - p,
        "ramp": p,
        "late_ramp": np.maximum(0, 2 * p - 1),
    }
    rest = [t["loss"] - t["loss_main"] - t["loss_sparsity"] for t in found]
    expected = shape[schedule] * [t["loss_laplacian"] for t in found]
    np.testing.assert_allclose(rest, expected, rtol=1e-9, atol=1e-12)
    assert max(expected) > 1e-2


def test_a_constant_schedule_is_none():
    """So that configurations keep their names; the others are part of them, and of a row."""
    plain, constant, ramp = (
        spec_of(regularizers=[{"name": "laplacian", **given}])
        for given in ({}, {"schedule": "constant"}, {"schedule": "ramp"})
    )
    assert plain.config_id == constant.config_id != ramp.config_id
    assert "objective" not in plain.config
    printed = settings.columns(ramp)["regularizers"]
    assert printed == "laplacian(weight=0.01,form=distance,schedule=ramp)"
    again = spec_of(regularizers=settings.read("regularizers", printed))
    assert again.config_id == ramp.config_id


def test_schedules_that_are_not_there():
    for given, named in (("soon", "allowed are constant, decay, ramp, late_ramp"), (1, "allowed")):
        with pytest.raises(HardballError, match=named):
            registry.parameters("regularizer", "sparsity", {"schedule": given})
    with pytest.raises(HardballError, match="no parameter 'schedule'"):
        registry.parameters("loss", "infonce", {"schedule": "ramp"})


def test_an_objective_needs_more_than_one_term(tree):
    with pytest.raises(HardballError, match=r"objective pcgrad .* name some"):
        train(spec_of(objective="pcgrad"), hierarchy=tree, progress=False)


def test_terms_of_one_name_are_told_apart():
    spec = spec_of(regularizers=["laplacian", "sparsity", {"name": "laplacian", "form": "tangent"}])
    names = ("loss_main", "loss_laplacian", "loss_sparsity", "loss_laplacian_2")
    assert terms.names(spec) == names
    assert terms.names(spec_of()) == ()


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_curves_hold_the_mean_of_each_term(framework, tree, steps_of):
    run = train(spec_of(framework, regularizers=TWO), hierarchy=tree, progress=False)
    curves = run.curves
    parts = curves[["loss_main", "loss_laplacian", "loss_norm_target"]]
    np.testing.assert_allclose(parts.sum(axis=1), curves["loss"], rtol=1e-12)
    assert (parts > 0).all(axis=None)
    # One row an epoch: means over its steps.
    first = curves["step"].iloc[0]
    totals = [t for *_, t in steps_of(framework, tree, int(first), regularizers=TWO)]
    for name in parts:
        assert parts[name].iloc[0] == pytest.approx(np.mean([t[name] for t in totals]), rel=1e-12)
    plain = train(spec_of(framework), hierarchy=tree, progress=False).curves
    assert not [name for name in plain if name.startswith("loss_")]


NAN = float("nan")


@pytest.mark.parametrize(
    ("held_out", "loss", "waited", "found"),
    [
        # Worse than 0.5 twice, and the loss fell from 2 to 1.5.
        ([0.4, 0.5, 0.3, 0.4], [3, 2, 1.7, 1.5], 2, "overfitting"),
        # As good as the best, once.
        ([0.4, 0.5, 0.5, 0.4], [3, 2, 1.7, 1.5], 2, "no_gain"),
        # The loss rose too.
        ([0.4, 0.5, 0.3, 0.4], [3, 2, 1.7, 2.1], 2, "no_gain"),
        # Rows without an evaluation are passed over.
        ([0.5, NAN, 0.3, NAN, 0.4], [2, 1, 1, 1, 1], 2, "overfitting"),
        # There has never been a best one.
        ([NAN, NAN], [2, 1], 2, "no_gain"),
    ],
)
def test_overfitting_is_worse_held_out_pairs_at_a_falling_loss(held_out, loss, waited, found):
    assert stopping.reason({"map": held_out, "loss": loss}, waited) == found


def test_the_training_loss_is_the_one_without_regularisers():
    curves = {"map": [0.5, 0.4], "loss": [2.0, 1.0], "loss_main": [1.0, 1.1]}
    assert stopping.reason(curves, 1) == "no_gain"


def test_a_run_that_overfits_ends_and_says_so(random_dag, monkeypatch, capsys):
    figures = iter([0.5, 0.6, 0.55, 0.5])

    def validate(*_, **__):
        return {"map": next(figures), "mean_rank": 1.0}

    monkeypatch.setattr(loop, "validate", validate)
    settings = {"task": "link_prediction", "eval_every": 5, "patience": 2, "epochs": 60}
    run = train(spec_of(**settings, init_scale=0.1), hierarchy=random_dag(40, 2))
    assert run.row.outcome.stopped == "overfitting"
    assert run.curves["epoch"].iloc[-1] == 20
    assert "stopped after epoch 20: overfitting" in capsys.readouterr().err


def test_a_run_that_ends_as_planned_gives_no_reason(tree):
    assert train(spec_of(), hierarchy=tree, progress=False).row.outcome.stopped == ""
