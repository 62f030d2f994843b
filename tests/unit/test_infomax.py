"""Deep Graph Infomax: its inputs, words and scores."""

import numpy as np
import pytest
from encoder_runs import prepared

from hardball.hierarchy import blankets
from hardball.hierarchy.blankets import SELF
from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.hierarchy.labels import Labels
from hardball.methods.pretexts import infomax
from hardball.metrics.encoders import head_accuracy, told_apart


def test_the_node_itself_is_the_first_member_of_its_blanket(dag: Hierarchy) -> None:
    found = blankets.blankets(dag, width=3, seed=0)
    wider = infomax.with_self(found)
    np.testing.assert_array_equal(wider.members[:, 0], np.arange(dag.n_nodes))
    assert (wider.kinds[:, 0] == SELF).all()
    assert wider.mask[:, 0].all()
    np.testing.assert_array_equal(wider.sizes, found.sizes + 1)
    for before, after in zip(found[:3], wider[:3], strict=True):
        np.testing.assert_array_equal(after[:, 1:], before)


def test_features_lose_only_what_does_not_fit() -> None:
    # Rank 3 in 5 columns of two blocks: all inner products are kept, and columns 4 of zeros are.
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(9, 3)) @ rng.normal(size=(3, 5))
    rows = infomax.reduced((whole[:, :2], whole[:, 2:]), 7)
    assert rows.shape == (9, 7)
    np.testing.assert_allclose(rows @ rows.T, whole @ whole.T, atol=1e-12)
    np.testing.assert_allclose(rows[:, 3:], 0, atol=1e-12)
    assert (rows.sum(axis=0) > -1e-12).all()
    # Of dim 2 what is left over is the third singular value.
    fewer = infomax.reduced((whole,), 2)
    third = np.linalg.svd(whole, compute_uv=False)[2]
    lost = whole @ whole.T - fewer @ fewer.T
    np.testing.assert_allclose(np.linalg.norm(lost, 2), third**2, rtol=1e-10)


def test_few_features_of_few_nodes_keep_their_cosines(tree: Hierarchy) -> None:
    changes = {"features": "depth", "scale": 3.0}
    rows = prepared(tree, "torch", {"name": "infomax"}, changes, dim=16).task.inputs
    assert rows.shape == (9, 16)
    # b and c are children of a: depths 1, 1 and 0, cosines 1 and 2/3, all times 3^2.
    a, b, c = rows[tree.rows(["a", "b", "c"])]
    np.testing.assert_allclose([b @ c, a @ b, a @ a], [9, 6, 9], rtol=1e-6)


def test_shuffles_of_a_step_are_orders_of_all_nodes_and_those_held_out_are_others() -> None:
    chain = from_edges("chain", range(1, 30), range(29))
    made = prepared(chain, "torch", {"name": "infomax"}, seed=7, batch_size=5)

    def words(first: int, steps: int) -> tuple[np.ndarray, ...]:
        return infomax.words(made.task, made.spec, first, steps)

    drawn, orders = words(4, 3)
    assert (drawn.shape, drawn.dtype, orders.dtype) == ((3, 5), np.uint32, np.int32)
    np.testing.assert_array_equal(np.sort(orders), np.tile(np.arange(30), (3, 1)))
    # A step's are its own whatever the chunk.
    again = words(5, 1)
    np.testing.assert_array_equal(again[0][0], drawn[1])
    np.testing.assert_array_equal(again[1][0], orders[1])
    unseen = infomax.held_out(7, 30, 2)
    np.testing.assert_array_equal(np.sort(unseen), np.tile(np.arange(30), (2, 1)))
    every = words(0, 50)[1]
    assert not (every[:, None] == unseen).all(axis=2).any()


def test_what_is_told_apart_by_hand() -> None:
    # Of the first shuffle's true ones 2 of 3 are called true, of the shuffled 1 of 2 is not; of the
    # second's 1/2 (a logit of 0) of 1, and 0 of 1.
    first = np.array([1.0, 2.0, -1.0]), np.array([-1.0, 1.0])
    second = np.array([0.0]), np.array([3.0])
    assert told_apart([first, second]) == pytest.approx((7 / 12 + 1 / 4) / 2)


def test_a_head_on_nothing_says_the_majority_and_on_the_classes_all() -> None:
    # Two of three nodes are of class 1; six of the twelve are for learning.
    codes = np.array([0, 1, 1] * 4, np.int32)
    parts = (np.arange(6), np.arange(6, 9), np.arange(9, 12))
    labels = Labels("kind", codes, ("x", "y"), *(p.astype(np.int32) for p in parts))
    assert head_accuracy(np.zeros((12, 0)), labels) == 2 / 3
    assert head_accuracy(np.eye(2)[codes], labels) == 1
