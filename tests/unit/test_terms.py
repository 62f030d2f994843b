"""What the engines hand to the regularisers of a run."""

import importlib

import numpy as np
import pytest
from covering import part

from hardball.runs.spec import RunSpec
from hardball.training import problem

FRAMEWORKS = ["jax", "torch"]


def spec_of(framework="torch", **settings):
    base = {"dataset": "tree", "seed": 1, "dim": 3, "dtype": "float64", "batch_size": 8}
    base |= {"negatives": 2, "epochs": 2, "init_scale": 1.0, "kernels": "plain"}
    return RunSpec(framework=framework, **{**base, **settings})


def test_degrees_count_the_training_pairs_of_a_node(tree):
    """a > b > d > h: h is below three; a is above all eight others."""
    task = problem.build(spec_of(), tree)
    found = dict(zip(tree.ids, task.degrees, strict=True))
    # Ancestors and descendants together.
    assert found == {"a": 8, "b": 5, "c": 3, "d": 3, "e": 2, "f": 2, "g": 3, "h": 3, "i": 3}
    assert sum(found.values()) == 2 * len(task.positives)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ()),
        ({"regularizers": ["sparsity"]}, ()),
        ({"regularizers": ["laplacian_normalized", "norm_target"]}, ("degrees", "depths")),
        ({"regularizers": ["ball_penalty"], "loss": "margin_by_depth"}, ("depth", "depths")),
    ],
)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_only_what_is_asked_for_is_made(framework, settings, told, tree):
    task = problem.build(spec_of(framework, **settings), tree)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    assert tuple(engine.data.facts) == told


def first_step(framework, tree, **settings):
    """The loss of the first batch, and its pairs."""
    task = problem.build(spec_of(framework, **settings), tree)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    chunk = problem.chunk(task, problem.batches_of(task), 0, 1)
    table = engine.start()
    engine.compile(table, chunk)
    return engine.read(engine.run(table, chunk)[1])["loss"], task.positives[chunk.batch[0]], task


# For anchors a and positives p of the batch, tangent vectors v: what each adds to the loss.
ADDED = {
    "norm_target": (
        {"weight": 0.1, "target": 2.0, "slope": 0.5},
        lambda v, depth, degree, a, p: 0.1 * (ends(length(v) - 2 - 0.5 * depth, a, p) ** 2),
    ),
    "ball_penalty": (
        {"weight": 0.1, "target": 0.1, "slope": 0.2},
        lambda v, depth, degree, a, p: (
            0.1 * ends(np.tanh(length(v) / 2) - 0.1 - 0.2 * depth, a, p) ** 2
        ),
    ),
    "laplacian": (
        {"weight": 0.1, "form": "tangent"},
        lambda v, depth, degree, a, p: 0.1 * length(v[a] - v[p]) ** 2,
    ),
    "laplacian_normalized": (
        {"weight": 0.1, "form": "tangent"},
        lambda v, depth, degree, a, p: (
            0.1 * length(v[a] / degree[a, None] ** 0.5 - v[p] / degree[p, None] ** 0.5) ** 2
        ),
    ),
}


def length(v):
    return np.linalg.norm(v, axis=-1)


def ends(fact, a, p):
    return np.concatenate([fact[a], fact[p]])


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_term_is_told_of_the_nodes_of_its_batch(framework, name, tree):
    """The loss of a step, less that without the term, is the mean of the term's formula."""
    params, formula = ADDED[name]
    plain, pairs, task = first_step(framework, tree)
    found, _, _ = first_step(framework, tree, regularizers=[{"name": name, **params}])
    degree = np.bincount(task.positives.ravel())
    expected = formula(task.start, tree.depth, degree, *pairs.T).mean()
    assert expected > 1e-3
    assert found - plain == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("framework", part(FRAMEWORKS, ["torch"]))
def test_terms_add_up(framework, tree):
    """Two regularisers add what each adds alone."""
    terms = ["laplacian", "orthogonality"]
    plain, *_ = first_step(framework, tree)
    each = [first_step(framework, tree, regularizers=[t])[0] - plain for t in terms]
    both = first_step(framework, tree, regularizers=terms)[0] - plain
    assert both == pytest.approx(sum(each), rel=1e-12)
