"""Checks: a sound hierarchy passes all, and each kind of damage fails the check that it should."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from hardball.cli import data
from hardball.core.errors import HardballError
from hardball.data import cards, check, store
from hardball.data.check import check_dataset
from hardball.data.points import save_points
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.runs import settings
from hardball.runs.spec import RunSpec
from hardball.training import check_run


def failed(checks: list[check.Check]) -> list[str]:
    return [one.name for one in checks if one.passed is False]


@pytest.mark.parametrize("name", ["wordnet_mammals", "ncbi_primates"])
def test_bundled_data_passes_every_check(name: str) -> None:
    checks = check_dataset(store.open_hierarchy(name), cards.load(name))
    assert failed(checks) == []
    assert sum(one.passed is True for one in checks) >= 15


@pytest.mark.parametrize("shape", ["tree", "dag", "forest"])
def test_small_hierarchies_pass(shape: str, request: pytest.FixtureRequest) -> None:
    assert failed(check_dataset(request.getfixturevalue(shape))) == []


def swapped(values: np.ndarray, i: int, j: int) -> np.ndarray:
    out = values.copy()
    out[[i, j]] = out[[j, i]]
    return out


def changed(values: np.ndarray, at: int, value: int) -> np.ndarray:
    out = values.copy()
    out[at] = value
    return out


def damage(h: Hierarchy) -> dict[str, tuple[dict[str, Any], str]]:
    """What is changed, and the check that must notice. Nodes: a | b c | d e f g | h i."""
    return {
        "two nodes of one id": (
            {"id_column": h.id_column.take([0, 0, 2, 3, 4, 5, 6, 7, 8])}, "ids map back",
        ),
        "a depth": ({"depth": changed(h.depth, 3, 1)}, "depth is shortest"),
        "a parent two levels up": (
            {"parent": changed(h.parent, 7, 1)}, "primary parent one level up",
        ),
        "a parent that is none": (
            {"parent": changed(h.parent, 3, 2)}, "primary parent one level up",
        ),
        "a child among others' children": (
            {"parent": swapped(h.parent, 4, 6)}, "children contiguous",
        ),
        "an interval": ({"last": changed(h.last, 1, 9)}, "preorder intervals"),
        "a preorder number": ({"first": changed(h.first, 8, 0)}, "preorder intervals"),
        "a level": ({"level_starts": changed(h.level_starts, 1, 2)}, "level order"),
        "a tree": ({"tree": changed(h.tree, 5, 3)}, "trees"),
        "a cycle": (
            {
                "parents_indices": np.append(h.parents_indices, 8).astype(np.int32),
                "parents_indptr": h.parents_indptr + np.r_[0, np.ones(h.n_nodes, np.int64)],
            },
            "acyclic",
        ),
        "an edge twice": (
            {
                "parents_indices": np.append(h.parents_indices, h.parents_indices[-1]),
                "parents_indptr": changed(h.parents_indptr, -1, h.n_edges + 1),
            },
            "no duplicates",
        ),
        "a label that does not exist": (
            {"groups": {"kind": changed(h.groups["kind"], 1, 7)}}, "groups cover",
        ),
    }  # fmt: skip


CASES = (
    "two nodes of one id", "a depth", "a parent two levels up", "a parent that is none",
    "a child among others' children", "an interval", "a preorder number", "a level", "a tree",
    "a cycle", "an edge twice", "a label that does not exist",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_damage_is_noticed(tree: Hierarchy, case: str) -> None:
    changes, noticed_by = damage(tree)[case]
    assert noticed_by in failed(check_dataset(replace(tree, **changes)))


def test_another_count_than_on_the_card_is_noticed(tree: Hierarchy) -> None:
    checks = check_dataset(tree, cards.load("wordnet_mammals"))
    assert "nodes 9 (expected 1,180)" in [one.detail for one in checks if one.passed is False]


def test_require_names_what_failed(tree: Hierarchy) -> None:
    with pytest.raises(HardballError, match="tree fails 1 checks: trees"):
        check.require([check.Check("trees", False, ""), check.Check("x", True, "")], "tree")


def test_the_list_is_readable(tree: Hierarchy) -> None:
    console = Console(width=80, record=True, color_system=None, file=io.StringIO())
    listed = [check.Check("a", True, "x"), check.Check("b", False, "y"), check.Check("c", None, "")]
    data.print_checks("mine", listed, console)
    lines = console.export_text().splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["pass", "a"], ["FAIL", "b"], ["-", "c"]]
    assert lines[3] == "mine: 1 passed, 1 failed"


def embedding(h: Hierarchy, manifold: str) -> np.ndarray:
    """Deeper is farther out, and a node lies near its parent: directions drift down the tree."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(h.n_nodes, 5))
    for node in range(1, h.n_nodes):
        direction[node] = direction[h.parent[node]] + 0.3 * direction[node]
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    tangent = 0.7 * h.depth[:, None] * direction
    if manifold in ("tangent", "euclidean"):
        return tangent.astype(np.float32)
    radius = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    if manifold == "poincare":
        return (np.tanh(radius / 2) / radius * tangent).astype(np.float32)
    return np.hstack([np.cosh(radius), np.sinh(radius) / radius * tangent]).astype(np.float32)


def run_checks(
    points: np.ndarray, manifold: str, framework: str, sampler: str = "siblings", **row: Any
) -> list[check.Check]:
    h = store.open_hierarchy("ncbi_primates")
    spec = RunSpec(
        dataset="ncbi_primates", framework=framework, seed=0, manifold=manifold, sampler=sampler
    )
    given = {"framework": framework, "dim": 5, "points_at_limit": 0, **row}
    return check_run.check_run(points, manifold, 1.0, given, hierarchy=h, spec=spec)


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize("manifold", ["poincare", "lorentz", "tangent", "euclidean"])
def test_a_sound_embedding_passes(manifold: str, framework: str) -> None:
    points = embedding(store.open_hierarchy("ncbi_primates"), manifold)
    checks = run_checks(points, manifold, framework)
    assert failed(checks) == []
    assert sum(one.passed is True for one in checks) >= 12


def test_points_that_are_not_finite_end_the_list() -> None:
    points = embedding(store.open_hierarchy("ncbi_primates"), "tangent")
    points[3, 2] = np.nan
    assert failed(run_checks(points, "tangent", "torch")) == ["points finite"]


def test_points_outside_the_ball_and_off_the_hyperboloid() -> None:
    h = store.open_hierarchy("ncbi_primates")
    ball = embedding(h, "poincare")
    ball[7] = [1, 0, 0, 0, 0]
    assert failed(run_checks(ball, "poincare", "torch")) == ["points inside the space"]
    sheet = embedding(h, "lorentz")
    sheet[7, 0] += 0.1
    assert failed(run_checks(sheet, "lorentz", "torch")) == ["points inside the space"]


def test_another_width_or_number_of_points() -> None:
    points = embedding(store.open_hierarchy("ncbi_primates"), "tangent")
    assert "shape" in failed(run_checks(points[:, :4], "tangent", "torch"))


def test_a_wrong_count_of_points_at_the_limit() -> None:
    points = embedding(store.open_hierarchy("ncbi_primates"), "tangent")
    points[5] *= 40.0 / np.linalg.norm(points[5])
    name = "points at the limit as in the row"
    assert failed(run_checks(points, "tangent", "torch", points_at_limit=1)) == []
    assert failed(run_checks(points, "tangent", "torch", points_at_limit=0)) == [name]


def test_more_points_at_the_limit_than_the_named_share() -> None:
    """A tenth of the nodes lie there; the default allows a twentieth."""
    h = store.open_hierarchy("ncbi_primates")
    points = embedding(h, "tangent")
    far = h.n_nodes // 10
    points[-far:] *= 40.0 / np.linalg.norm(points[-far:], axis=1, keepdims=True)
    row = {"framework": "torch", "dim": 5, "points_at_limit": far}
    name = "few points at the limit"
    assert failed(check_run.check_run(points, "tangent", 1.0, row, hierarchy=h)) == [name]
    allowed = check_run.check_run(points, "tangent", 1.0, row, hierarchy=h, most_at_limit=0.2)
    assert failed(allowed) == []


def test_draws_no_nearer_than_chance_break_the_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler of siblings that in truth draws from the whole level of another branch."""
    real = registry.load

    def load(kind: registry.Kind, name: str, framework: str) -> Any:
        found = real(kind, name, framework)
        if kind != "sampler":
            return found

        def elsewhere(index: Any, anchors: Any, words: Any) -> Any:
            ids, valid = found(index, anchors, words)
            return (ids + h.n_nodes // 2) % h.n_nodes, valid

        return elsewhere

    h = store.open_hierarchy("ncbi_primates")
    monkeypatch.setattr(check_run.registry, "load", load)
    checks = failed(run_checks(embedding(h, "tangent"), "tangent", "torch"))
    assert checks == ["draws at the promised depth", "negatives harder than random"]


def test_hops_are_edges_along_the_tree(tree: Hierarchy, forest: Hierarchy) -> None:
    # a > b, c; b > d, e, f; c > g; d > h; g > i.
    a, b = tree.rows(["h", "h", "d", "a", "b"]), tree.rows(["i", "d", "e", "i", "b"])
    assert check_run.hops(tree, a, b).tolist() == [3 + 3, 1, 2, 3, 0]
    # a > b > d and p > q: 2 edges up, 1 down, 2 between the roots.
    assert check_run.hops(forest, forest.rows(["d"]), forest.rows(["q"])).tolist() == [2 + 1 + 2]


def test_uniform_draws_promise_nothing() -> None:
    points = embedding(store.open_hierarchy("ncbi_primates"), "tangent")
    checks = run_checks(points, "tangent", "torch", sampler="uniform")
    assert [one.name for one in checks if one.passed is None] == [
        "draws at the promised depth",
        "negatives harder than random",
    ]


def test_a_points_file_without_its_row_needs_the_dataset(tmp_path: Path) -> None:
    h = store.open_hierarchy("ncbi_primates")
    path = tmp_path / "suite" / "points" / "run.npz"
    path.parent.mkdir(parents=True)
    save_points(path, embedding(h, "tangent"), "tangent", 1.0, h.ids)
    with pytest.raises(HardballError, match="name its --dataset"):
        data.check_command(str(path))
    assert data.check_command(str(path), dataset="ncbi_primates")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"start": "sectors", "regularizers": ["radius_penalty"]},
        {"pairs": {"name": "balanced", "by": "depth"}},
        {"batches": {"name": "layerwise", "nodes": 64}},
        {
            "hard": [
                {"sampler": "siblings", "negatives": 3},
                {"sampler": "relatives", "negatives": 2, "after": 0.5},
            ]
        },
    ],
    ids=str,
)
def test_a_run_is_checked_by_the_spec_that_its_row_prints(changes: dict[str, Any]) -> None:
    spec = RunSpec.model_validate({"dataset": "d", "framework": "jax", "seed": 3, **changes})
    assert data._spec(settings.columns(spec)) == spec
