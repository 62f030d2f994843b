"""What the seeds of one job share is built once, and changes nothing in their rows."""

from collections import Counter

import numpy as np
import pytest

from hardball.data import features
from hardball.hierarchy.closure import Csr, closure
from hardball.methods.method import Method
from hardball.methods.samplers import similarity
from hardball.methods.samplers.compose import Part
from hardball.runs.row import VOLATILE
from hardball.runs.spec import RunSpec
from hardball.training.shared import Shared
from hardball.training.train import train, train_many

LISTS = Part(Method(name="similarity_hard", params={"top": 4}).resolved("sampler"), 6)
SIBLINGS = Part(Method(name="siblings").resolved("sampler"), 2)


@pytest.fixture(scope="module")
def graph(random_dag):
    return random_dag(40, 2, extra=0.0)


@pytest.fixture
def built(monkeypatch):
    """How often lists of similar nodes and features of names were built."""
    count = Counter()

    def counted(what, build):
        def inside(*given):
            count[what] += 1
            return build(*given)

        return inside

    monkeypatch.setattr(similarity, "nearest", counted("lists", similarity.nearest))
    monkeypatch.setitem(features.KINDS, "names", counted("names", features.names))
    return count


def lasting(result):
    """The row without what may differ between two runs of one spec."""
    return {k: v for k, v in result.row.to_flat().items() if k not in VOLATILE}


@pytest.mark.parametrize(
    ("framework", "task", "lists"),
    [
        ("jax", "reconstruction", 1),
        ("torch", "reconstruction", 1),
        # Each seed knows other positives, which its lists must leave out.
        ("torch", "link_prediction", 2),
    ],
)
def test_two_seeds_build_once_what_they_share(framework, task, lists, graph, built):
    settings = {"dataset": "dag", "dim": 2, "batch_size": 8, "epochs": 2, "negatives": 6, "lr": 0.1}
    sampler = {"name": "similarity_hard", "top": 4}
    given = {"framework": framework, "task": task, "sampler": sampler, **settings}
    specs = [RunSpec(seed=seed, **given) for seed in (1, 2)]
    together = list(train_many(specs, hierarchy=graph, progress=False))
    # Names serve the lists of both seeds and the figure in both rows.
    assert built == {"lists": lists, "names": 1}
    for spec, one in zip(specs, together, strict=True):
        alone = train(spec, hierarchy=graph, progress=False)
        assert one.points.tobytes() == alone.points.tobytes()
        assert lasting(one) == lasting(alone)
        assert np.isfinite(one.row.metrics["negative_similarity"])
    assert lasting(together[0]) != lasting(together[1])


def test_arrays_are_shared_where_the_known_positives_are_equal(graph):
    known = closure(graph)
    copied = Csr(known.indptr.copy(), known.indices.copy())
    without = Csr(np.zeros_like(known.indptr), known.indices[:0])
    shared = Shared(graph)
    (first,) = shared.indexes([LISTS], known)
    (again,) = shared.indexes([LISTS], copied)
    assert again is first
    (other,) = shared.indexes([LISTS], without)
    assert (other["near"] != first["near"]).any()


def test_what_a_run_does_not_ask_for_is_let_go(graph, built):
    known = closure(graph)
    shared = Shared(graph)
    lists, siblings = shared.indexes([LISTS, SIBLINGS], known)
    (kept,) = shared.indexes([SIBLINGS], known)
    assert kept is siblings
    again, _ = shared.indexes([LISTS, SIBLINGS], known)
    assert again is not lists
    assert built == {"lists": 2, "names": 2}


def test_another_number_of_draws_is_another_array(graph):
    more = SIBLINGS._replace(negatives=3)
    first, second = Shared(graph).indexes([SIBLINGS, more], closure(graph))
    assert first is not second


def test_lists_of_similar_nodes_serve_every_ratio_and_temperature(graph, built):
    """Only the weights of a list depend on them."""
    sharper = Method(name="similarity_hard", params={"top": 4, "temperature": 0.01, "ratio": 1.0})
    shared = Shared(graph)
    (first,) = shared.indexes([LISTS], closure(graph))
    (second,) = shared.indexes([Part(sharper.resolved("sampler"), 6)], closure(graph))
    assert built == {"lists": 1, "names": 1}
    np.testing.assert_array_equal(first["near"], second["near"])
    assert (first["cumulative"] != second["cumulative"]).any()
    longer = Method(name="similarity_hard", params={"top": 5}).resolved("sampler")
    (third,) = shared.indexes([Part(longer, 6)], closure(graph))
    assert third["near"].shape == (graph.n_nodes, 5)
    assert built["lists"] == 2
