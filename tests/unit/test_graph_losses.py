"""Losses that are told of the graph: what the engines hand them, and what they estimate."""

import importlib

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
import pytest
import torch
from covering import crossed

from hardball.core import random_bits
from hardball.hierarchy.closure import Csr, pairs
from hardball.methods import registry
from hardball.runs.spec import RunSpec
from hardball.training import draws_jax, engine_jax, engine_torch, problem, step_jax
from hardball.training.words import words_per_step

FRAMEWORKS = ("jax", "torch")


@pytest.fixture
def graph(random_dag):
    return random_dag(60, 7)


def spec_of(framework="torch", **settings):
    """Points around the origin of a plane, as far apart as edges are long."""
    base = {"dataset": "random", "framework": framework, "dim": 2, "manifold": "euclidean"}
    base |= {"dtype": "float64", "batch_size": 16, "negatives": 4, "init_scale": 1.5, "seed": 4}
    return RunSpec(**{**base, **settings})


def first_batch(framework, graph, **settings):
    """Pairs of the first batch, its draws and their weights, the points and the loss."""
    task = problem.build(spec_of(framework, **settings), graph)
    engine = importlib.import_module(f"hardball.training.engine_{framework}").Engine(task, 1)
    chunk = problem.chunk(task, problem.batches_of(task), 0, 1)
    table = engine.start()
    engine.compile(table, chunk)
    ids, weight = engine.sample(table, 0, chunk.batch[0], chunk.words[0])
    at = engine.points(table, 0)
    value = engine.read(engine.run(table, chunk)[1])["loss"]
    return task.positives[chunk.batch[0]], ids, weight, at, value


def distance(at, nodes, others):
    return np.linalg.norm(at[nodes] - at[others], axis=-1)


SAMPLERS = {
    "pairs": {"sampler": "uniform"},
    "pool": {"sampler": "pool", "negatives": 12},
    "both": {
        **{"sampler": "pool", "negatives": 12},
        "hard": [{"sampler": "siblings", "negatives": 3}],
    },
}
QUICK = [*(("torch", form) for form in SAMPLERS), ("jax", "both")]
CROSS = crossed(FRAMEWORKS, [*SAMPLERS], quick=QUICK)


@pytest.mark.parametrize(("framework", "form"), CROSS)
def test_distances_are_compared_with_paths_of_the_spanning_tree(framework, form, graph):
    loss = {"name": "distance_preserving", "scale": 2.0}
    ends, ids, weight, at, value = first_batch(framework, graph, loss=loss, **SAMPLERS[form])
    # The parent of a root is the node -1, above all of them.
    tree = nx.Graph((node, int(parent)) for node, parent in enumerate(graph.parent))
    found = dict(nx.all_pairs_shortest_path_length(tree))
    each = []
    for (a, p), row, counts in zip(ends, ids, weight, strict=True):
        terms = [(distance(at, a, p) / (2 * found[a][p]) - 1) ** 2]
        for k, times in zip(row, counts, strict=True):
            if times:
                terms += int(times) * [(distance(at, a, k) / (2 * found[a][k]) - 1) ** 2]
        each.append(np.mean(terms))
    assert value == pytest.approx(np.mean(each), rel=1e-12)
    assert (weight == 0).any()


@pytest.mark.parametrize("sampler", ["uniform", "pool"])
def test_adjacency_is_on_average_the_sum_over_the_rows_of_all_anchors(sampler, graph):
    """The dense sum, N x N, against that over all training pairs with draws of their own."""
    task = problem.build(spec_of(sampler=sampler, negatives=6, loss="adjacency"), graph)
    engine = engine_torch.Engine(task, 1)
    table, everyone = engine.start(), np.arange(graph.n_nodes)
    at = engine.points(table, 0)
    logit = 2 - distance(at, everyone[:, None], everyone)
    edges = np.zeros((graph.n_nodes, graph.n_nodes), bool)
    edges[tuple(pairs(Csr(graph.parents_indptr, graph.parents_indices)).T)] = True
    # Edges count fivefold: 5 log(1 + e^-z), and log(1 + e^z) of all others.
    cost = np.where(edges, 5 * np.logaddexp(0, -logit), np.logaddexp(0, logit))
    np.fill_diagonal(cost, 0)
    # A node without parents is no anchor.
    dense = cost[edges.any(axis=1)].sum()

    loss = registry.load("loss", "adjacency", "torch")
    anchors, positives = task.positives.T
    near, every = distance(at, anchors, positives), np.arange(len(anchors))
    count = words_per_step(task.spec, len(anchors))
    estimates = []
    for stream in random_bits.block(1, "negatives", 0, 400, count):
        ids, weight = engine.sample(table, 0, every, stream)
        given = near, distance(at, anchors[:, None], ids), weight
        told = task.hops, task.absent[anchors]
        tensors = (torch.tensor(array) for array in (*given, *told))
        estimates.append(loss(*tensors, positive_weight=5.0).sum().item())
    error = np.std(estimates, ddof=1) / len(estimates) ** 0.5
    assert abs(np.mean(estimates) - dense) < 3 * error
    # Near enough to tell: without what a negative stands for, the sum would be a tenth.
    assert error < 0.01 * dense


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_adjacency_is_told_of_edges_and_of_what_negatives_stand_for(framework, graph):
    loss = {"name": "adjacency", "positive_weight": 5.0}
    ends, ids, weight, at, value = first_batch(framework, graph, loss=loss, sampler="uniform")
    parents = {tuple(pair) for pair in pairs(Csr(graph.parents_indptr, graph.parents_indices))}
    above = nx.DiGraph(parents)
    each, edges = [], 0
    for (a, p), row, counts in zip(ends.tolist(), ids, weight, strict=True):
        logit, ancestors = 2 - distance(at, a, p), len(nx.descendants(above, a))
        edge = (a, p) in parents
        edges += edge
        near = 5 * np.logaddexp(0, -logit) if edge else np.logaddexp(0, logit)
        far = np.average(np.logaddexp(0, 2 - distance(at, a, row)), weights=counts)
        each.append(near + (graph.n_nodes - 1 - ancestors) / ancestors * far)
    assert 0 < edges < len(ends)
    assert value == pytest.approx(np.mean(each), rel=1e-12)


@pytest.mark.parametrize(("framework", "form"), CROSS)
def test_cones_have_their_apexes_at_ancestors_and_at_negatives(framework, form, graph):
    loss, space = {"name": "entailment_cones", "form": "signed"}, {"manifold": "poincare"}
    ends, ids, weight, at, value = first_batch(
        framework, graph, loss=loss, **space, **SAMPLERS[form]
    )

    def excess(apex, node):
        """Xi - psi by the published formulas of the ball."""
        x, y = at[apex], at[node]
        xx, yy, xy = x @ x, y @ y, x @ y
        above = xy * (1 + xx) - xx * (1 + yy)
        below = (xx * ((x - y) @ (x - y)) * (1 + xx * yy - 2 * xy)) ** 0.5
        return np.arccos(above / below) - np.arcsin(min(1, 0.1 * (1 - xx) / xx**0.5))

    each = []
    for (a, p), row, counts in zip(ends, ids, weight, strict=True):
        far = [w * max(0, 0.01 - excess(k, a)) for k, w in zip(row, counts, strict=True) if w]
        each.append(max(0, excess(p, a)) + sum(far))
    assert value == pytest.approx(np.mean(each), rel=1e-9)
    assert (weight == 0).any()


@pytest.mark.parametrize(("framework", "form"), CROSS)
def test_angles_are_compared_with_those_of_the_spanning_tree(framework, form, graph):
    loss = {"name": "angle_preserving", "scale": 0.5}
    ends, ids, weight, at, value = first_batch(framework, graph, loss=loss, **SAMPLERS[form])
    tree = nx.Graph((node, int(parent)) for node, parent in enumerate(graph.parent))
    found = dict(nx.all_pairs_shortest_path_length(tree))

    def error(u, v):
        """The angle of two vectors less that of the triangle of -1, u and v."""
        x, y = at[u], at[v]
        a, b, t = 0.5 * found[-1][u], 0.5 * found[-1][v], 0.5 * found[u][v]
        cosine = (np.cosh(a) * np.cosh(b) - np.cosh(t)) / (np.sinh(a) * np.sinh(b))
        theta = np.arccos(x @ y / (x @ x * (y @ y)) ** 0.5)
        return (theta - np.arccos(np.clip(cosine, -1, 1))) ** 2

    each = []
    for (a, p), row, counts in zip(ends, ids, weight, strict=True):
        far = [w * error(a, k) for k, w in zip(row, counts, strict=True) if w]
        each.append((error(a, p) + sum(far)) / (1 + counts.sum()))
    # An inverse cosine of 1 is off by 1e-8.
    assert value == pytest.approx(np.mean(each), rel=1e-7)


def sizes(jaxpr):
    """Every extent of every array that a program makes."""
    for equation in jaxpr.eqns:
        for made in equation.outvars:
            yield from made.aval.shape
        for given in equation.params.values():
            if hasattr(given, "jaxpr"):
                yield from sizes(given.jaxpr)


@pytest.mark.parametrize(
    "loss", [e for e in registry.entries("loss") if not e.owns], ids=lambda entry: entry.name
)
def test_no_loss_and_nothing_that_it_is_told_grows_with_the_nodes(loss, random_dag):
    """Of 997 nodes and no other 997, whatever a batch makes has none."""
    settings = {"loss": loss.name, "sampler": "pool", "kernels": "plain", "dtype": "float32"}
    task = problem.build(spec_of("jax", **settings), random_dag(997, 1))
    engine = engine_jax.Engine(task, 1)
    how, data, table = engine.how, engine.data, engine.start()

    def of_batch(batch, rows, words):
        ends = data.positives[batch].T
        drawn = draws_jax.draw(how, data, table, *ends, words, jnp.asarray(0), jnp.asarray(0.1))
        told = draws_jax.facts(how, data, batch, ends[0], drawn, jnp.asarray(0))
        return step_jax.gradient(how, rows, {}, drawn, jnp.asarray(1.0), **told)

    batch, rows = np.zeros(16, np.int32), np.ones((2 * 16 + 4, 2), np.float32)
    stream = np.zeros(words_per_step(task.spec), np.uint32)
    assert 997 not in set(sizes(jax.make_jaxpr(of_batch)(batch, rows, stream).jaxpr))
