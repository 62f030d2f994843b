"""What the gallery draws for one anchor, and that its pictures are light and always the same."""

import re

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.hierarchy.closure import closure
from hardball.methods import registry
from hardball.report import gallery
from hardball.report.plots import gallery_plots


@pytest.fixture
def here(tree):
    """The node d of a > b > d, e, f; c > g > i; d > h: its ancestors are a and b."""
    anchor = list(tree.ids).index("d")
    return gallery.Scene(tree, closure(tree), anchor, int(tree.parent[anchor]))


def ids(here, *names):
    return np.array([list(here.tree.ids).index(name) for name in names])


def test_shares_are_of_the_draws_that_are_no_true_ancestors(here):
    """e, e, f, b: b is an ancestor, so e has 2 of 3 and f 1 of 3; of 3 x 2 pairs 2 are equal."""
    drawn = gallery.summarise(here, ids(here, "e", "e", "f", "b"), np.ones(4))
    np.testing.assert_allclose(drawn.share[ids(here, "e", "f", "b")], [2 / 3, 1 / 3, 0])
    assert drawn.share.sum() == 1
    assert drawn.masked == 1 / 4
    assert drawn.effective == pytest.approx(3)


def test_an_anchor_whose_draws_are_all_masked(here):
    drawn = gallery.summarise(here, ids(here, "a", "d"), np.ones(2))
    assert not drawn.share.any()
    assert (drawn.masked, drawn.effective) == (1, 0)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_both_frameworks_draw_the_same_picture(here, framework):
    for name in ("siblings", "pool"):
        entry = registry.entry("sampler", name)
        nodes, count, widened = gallery.draw(entry, here, framework)
        drawn = gallery.summarise(here, nodes, count, widened)
        assert not drawn.widened
        if name == "siblings":
            assert set(np.flatnonzero(drawn.share)) == set(ids(here, "e", "f"))
            assert drawn.effective == pytest.approx(2, rel=0.01)
        else:
            # Six of nine nodes are neither d nor above it.
            assert drawn.effective == pytest.approx(6, rel=0.01)
            assert drawn.masked == pytest.approx(3 / 9, abs=0.01)
        other = gallery.draw(entry, here, {"jax": "torch", "torch": "jax"}[framework])
        np.testing.assert_array_equal(nodes, other[0])


def test_a_ring_that_had_to_widen_says_so(here):
    """The root's other branch is c's; at d's depth it holds g. There is no other tree."""
    entry = registry.entry("sampler", "depth_matched")
    drawn = gallery.summarise(here, *gallery.draw(entry, here, "torch"))
    assert set(np.flatnonzero(drawn.share)) == set(ids(here, "g"))
    assert not drawn.widened
    below = list(here.tree.ids).index("h")
    alone = gallery.Scene(here.tree, here.known, below, here.anchor)
    wide = registry.entry("sampler", "siblings")
    assert gallery.summarise(alone, *gallery.draw(wide, alone, "torch")).widened


def test_larger_shares_have_higher_grades():
    found = gallery_plots.grades(np.array([0.0, 1e-9, 2e-4, 1e-3, 0.01, 0.1, 1.0]))
    assert found[0] == found[1] == found[2] == 0
    assert (np.diff(found[2:]) > 0).all()
    assert found[-1] == gallery_plots.GRADES - 1


def test_a_picture_has_the_same_bytes_each_time_and_only_short_numbers(here, tmp_path):
    entry = registry.entry("sampler", "siblings")
    drawn = gallery.summarise(here, *gallery.draw(entry, here, gallery.half()))
    one, other = (
        gallery_plots.write_one(gallery_plots.layout(here), entry, drawn, tmp_path / f"{k}.svg")
        for k in "ab"
    )
    text = one.read_text(encoding="utf-8")
    assert text == other.read_text(encoding="utf-8")
    assert "h0" in text  # dots
    for path in re.findall(r' d="([^"]*)"', text):
        assert not re.search(r"\.\d{2}", path)


def test_an_unknown_anchor_is_named():
    with pytest.raises(HardballError, match="wordnet_mammals has no node 'unicorn' below a root"):
        gallery.scene(anchor="unicorn")
