"""Whatever the data, every figure is registered, finite and inside its range."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.hierarchy.dag import from_edges
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.node_classification import node_classification
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics.classify import cone_energy
from hardball.metrics.evaluate import evaluate
from hardball.metrics.floors import floors
from hardball.metrics.listing import columns, metric, metrics


def check(found: dict[str, float]) -> None:
    for name, value in found.items():
        entry = metric(name)
        assert type(value) is float, name
        assert math.isfinite(value), name
        # sums of shares may end one rounding above 1
        assert entry.low - 1e-12 <= value <= entry.high + 1e-12, name


def points_of(rng: np.random.Generator, manifold: str, n: int, spread: float) -> np.ndarray:
    v = rng.normal(size=(n, 3)) * spread
    if manifold == "poincare":
        return v / (1 + np.linalg.norm(v, axis=1, keepdims=True))
    if manifold == "lorentz":
        return np.concatenate([np.sqrt(1 + np.square(v).sum(axis=1, keepdims=True)), v], axis=1)
    return v


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 60),
    manifold=st.sampled_from(["poincare", "lorentz", "tangent", "euclidean"]),
    spread=st.sampled_from([0.0, 1e-8, 1.0, 15.0]),
    shape=st.sampled_from(["chain", "star", "tree", "forest", "isolated"]),
)
def test_every_value_is_registered_and_in_its_range(
    seed: int, n: int, manifold: str, spread: float, shape: str
) -> None:
    rng = np.random.default_rng(seed)
    child = np.arange(1, n)
    parent = {
        "chain": child - 1,
        "star": child * 0,
        "tree": rng.integers(0, child) if n > 1 else child,
        "forest": np.minimum(child % 3, child - 1),
        "isolated": child,
    }[shape]
    some = child[parent != child]
    labels = {"kind": [["A", "B", None][i] for i in rng.integers(0, 3, size=n)]}
    h = from_edges("any", some, parent[parent != child], nodes=np.arange(n), groups=labels)
    above = closure(h)
    splits = [reconstruction(h, above, 0)]
    if len(above.indices) >= h.n_edges + 20:
        splits.append(link_prediction(h, above, 0, holdout=0.2))
    for split in splits:
        start = points_of(rng, manifold, n, 1e-3)
        points = points_of(rng, manifold, n, spread)
        check(evaluate(points, manifold, 1.0, h, split, above, start_points=start))
        check(evaluate(points, manifold, 1.0, h, split, above, sources=3, seed=seed))
        if len(above.indices):
            for row in floors(h, above, split).values():
                check(row)


def test_a_full_evaluation_fills_every_column() -> None:
    """What speaks of sampling, negatives, a training, arrivals, other tasks or links is missing."""
    n = 60
    child = np.arange(1, n)
    labels = {"kind": ["AB"[i % 2] for i in range(n)]}
    h = from_edges("tree", child, (child - 1) // 3, nodes=np.arange(n), groups=labels)
    above = closure(h)
    points = np.random.default_rng(0).normal(size=(n, 3))
    split = node_classification(h, above, 0)
    found = evaluate(points, "tangent", 1.0, h, split, above, start_points=points / 2)
    missing = set(columns(["kind"])) - set(found)
    others = (
        "negative_",
        "graph_",
        "link_",
        "joint_",
        "curvature",
        "share_at_limit",
        "stalled_at_",
    )
    others += ("depth_spearman_at_", "break_auc_", "kind_auc_", "node_auc_", "discriminator_")
    others += ("label_accuracy_", "validation_", "training_", "projected_at_")
    others += ("map_before", "mean_rank_before")
    others += ("old_", "new_", "forgetting", "seconds_a_node", "query_", "meta_", "inner_rate")
    left = {name for name in missing if not name.startswith(others)}
    assert left == {"sources", "separation_sources"}
    held_out = link_prediction(h, above, 0)
    links = {name for name in columns([]) if name.startswith("link_")}
    assert links <= set(evaluate(points, "tangent", 1.0, h, held_out, above))
    energy = functools.partial(cone_energy, aperture=0.1)
    cones = evaluate(points, "tangent", 1.0, h, held_out, above, energy=energy)
    assert links & set(cones) == links - {"link_alpha"}


def test_names_are_unique_and_each_says_which_way_is_better() -> None:
    names = [entry.name for entry in metrics()]
    assert len(set(names)) == len(names)
    assert {entry.direction for entry in metrics()} == {"max", "min", "none"}
    assert all(entry.low < entry.high and entry.summary for entry in metrics())


def test_group_columns_are_found_by_their_prefix() -> None:
    assert metric("separation_family").name == "separation_<group>"
    assert metric("separation_sources").name == "separation_sources"
    with pytest.raises(HardballError, match="unknown metric 'accuracy': allowed are mean_rank"):
        metric("accuracy")
