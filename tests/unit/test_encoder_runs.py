"""Runs that train an encoder: a row as of any run, from both frameworks, and settings refused."""

import numpy as np
import pytest
from encoder_runs import SMALL

from hardball.core.errors import HardballError
from hardball.data import groups
from hardball.data.cards import Group
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods import registry
from hardball.runs import plan, suites
from hardball.runs.row import Row
from hardball.runs.spec import RunSpec
from hardball.training.train import train

# A rate at which rounding does not decide: Adam divides by the size of gradients.
RUN = {**SMALL, "lr": 0.001, "dim": 4, "epochs": 12}
BLANKETS = {"name": "blankets", "heldout": 0.2, "width": 6}
INFOMAX = {"name": "infomax", "features": "degree", "width": 5}
LABELS = {"name": "node_classification", "label": "depth", "holdout": 0.4}


@pytest.fixture(scope="module")
def bush() -> Hierarchy:
    """Eighty nodes, each below one of the nine before it, with groups by depth."""
    rng = np.random.default_rng(0)
    parents = [int(rng.integers(max(0, node - 9), node)) for node in range(1, 80)]
    h = from_edges("bush", range(1, 80), parents)
    return groups.add(h, [Group(name="depth", by="depth", k=1)])


def run(h: Hierarchy, framework: str, **settings: object) -> Row:
    spec = RunSpec.model_validate({"dataset": h.name, "framework": framework, **RUN, **settings})
    return train(spec, hierarchy=h, progress=False).row


def test_both_frameworks_leave_the_same_row_of_broken_blankets(bush: Hierarchy) -> None:
    ours, theirs = (run(bush, framework, pretext=BLANKETS) for framework in ("jax", "torch"))
    asked = [f"{name}_auc_{group}" for name in ("break", "kind", "node") for group in ("unseen",)]
    assert {"map", "mean_rank", "share_at_limit", *asked} <= set(ours.metrics)
    assert ours.metrics.keys() == theirs.metrics.keys()
    for name, value in ours.metrics.items():
        assert theirs.metrics[name] == pytest.approx(value, abs=1e-6), name
    for row in (ours, theirs):
        # 79 nodes have a parent, 16 of them are no anchors: 63 x 12 / 16 = 47.25 steps of 16, each
        # compared with its own blanket, a broken one and those of the 15 others.
        assert row.outcome.scorings == 48 * 16 * (1 + 16)
        assert row.outcome.epochs_done == pytest.approx(48 * 16 / 63)
        assert row.config_id.startswith("bush-blankets-hgat-tangent-d4-")


def test_infomax_tells_labels_beside_its_features_and_its_untrained_encoder(
    bush: Hierarchy,
) -> None:
    ours, theirs = (run(bush, f, pretext=INFOMAX, task=LABELS) for f in ("jax", "torch"))
    asked = ["discriminator_accuracy", "label_accuracy", "label_majority"]
    asked += ["label_accuracy_features", "label_accuracy_start", "discriminator_accuracy_start"]
    for name in asked:
        assert theirs.metrics[name] == pytest.approx(ours.metrics[name], abs=1e-6), name
    assert ours.outcome.final_loss == pytest.approx(theirs.outcome.final_loss, rel=1e-9)
    # Without labels there is nothing for a linear head to tell.
    plain = run(bush, "torch", pretext=INFOMAX)
    assert not [name for name in plain.metrics if name.startswith("label_")]


def test_a_row_is_read_back(bush: Hierarchy) -> None:
    row = run(bush, "torch", pretext=BLANKETS)
    again = Row.from_json(row.to_json())
    assert again == row
    assert str(again.spec.encoder) == "hgat(heads=4,hidden=8,layers=2)"


def test_seeds_have_rows_of_their_own_and_one_seed_has_one(bush: Hierarchy) -> None:
    one, same, other = (run(bush, "torch", pretext=BLANKETS, seed=seed) for seed in (1, 1, 2))
    assert one.metrics == same.metrics
    assert one.metrics["map"] != other.metrics["map"]


def test_a_loss_that_is_not_finite_ends_a_run_as_diverged(bush: Hierarchy) -> None:
    row = run(bush, "torch", pretext=BLANKETS, lr=1e30, epochs=100, dtype="float32")
    assert (row.status, row.metrics) == ("diverged", {})
    assert row.outcome.epochs_done < 100


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sampler": "pool"}, "sampler=pool.*training an encoder on pretext blankets"),
        ({"loss": "margin"}, "loss=margin"),
        ({"hard": [{"sampler": "siblings", "negatives": 2}]}, "hard=2 siblings"),
        ({"regularizers": ["laplacian"]}, "regularizers=laplacian"),
        ({"task": "leaf_parent"}, "leaf_parent.* holds pairs out"),
        ({"pretext": None, "encoder": "hgat"}, "encoder=hgat.* needs a pretext"),
        ({"pretext": "colours"}, "unknown pretext 'colours': allowed are blankets, infomax"),
        ({"pretext": {"name": "blankets", "temperature": 0}}, "temperature=0"),
        ({"pretext": {"name": "blankets", "drop": "sibling"}}, "parent, child, coparent, any"),
        ({"pretext": {"name": "infomax", "features": "colour"}}, "names, rank, degree, depth, all"),
        ({"encoder": {"name": "hgat", "heads": 0}}, "heads=0"),
    ],
)
def test_what_an_encoder_does_not_have_is_refused(
    bush: Hierarchy, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(HardballError, match=said):
        run(bush, "torch", **{"pretext": BLANKETS, **settings})


def test_the_suite_has_every_pretext_and_encoder_in_both_frameworks() -> None:
    planned = [planned.spec for planned in plan.runs(suites.load("encoders"))]
    for kind in ("pretext", "encoder"):
        named = {(getattr(spec, kind).name, spec.framework) for spec in planned}
        known = [entry.name for entry in registry.entries(kind)]
        assert named == {(name, framework) for name in known for framework in ("jax", "torch")}
