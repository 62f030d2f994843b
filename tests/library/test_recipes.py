"""The recipe of a person's hierarchy: larger ones, longer runs, settings of one's own."""

import pytest

from hardball.core.errors import HardballError
from hardball.library.recipes import FEWEST, MOST, recipe_of


def recipe(nodes: int, pairs: int, seconds: float = 60, own: object = "auto") -> dict:
    return recipe_of(own, nodes=nodes, pairs=pairs, seconds=seconds)  # type: ignore[arg-type]


def test_more_seconds_are_more_passes_within_bounds():
    epochs = [recipe(20_000, 200_000, s)["epochs"] for s in (1, 60, 120, 10**6)]
    assert epochs == sorted(epochs)
    assert (epochs[0], epochs[-1]) == (FEWEST, MOST)
    assert epochs[2] == pytest.approx(2 * epochs[1], abs=1)


def test_the_rate_falls_with_the_steps_of_a_large_hierarchy():
    rates = [recipe(20_000, 200_000, s)["lr"] for s in (10, 60, 600)]
    assert rates[0] == 0.15
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0]


def test_the_rate_falls_with_the_root_of_the_coordinates_beyond_ten():
    for nodes, pairs in ((1180, 6500), (20_000, 200_000)):
        few, ten, forty = (
            recipe_of("auto", nodes=nodes, pairs=pairs, seconds=60, dim=dim)["lr"]
            for dim in (2, 10, 40)
        )
        assert few == ten
        assert forty == pytest.approx(ten / 2, abs=1e-4)


@pytest.mark.full
def test_no_point_of_fifty_coordinates_comes_to_the_largest_radius():
    """At the rate of ten coordinates 75 % of them did."""
    import hardball as hb

    found = hb.fit("wordnet_mammals", dim=50, seconds=60, progress=False)
    assert found.figures["share_at_limit"] == 0
    # Measured: .999.
    assert found.figures["map"] > 0.99


def test_a_pool_is_no_larger_than_what_a_small_hierarchy_has():
    assert recipe(5, 6)["negatives"] == 2
    assert recipe(1180, 6500)["negatives"] == 512


def test_nodes_of_several_parents_meet_their_neighbours():
    """Looked for eight times, and not where there are too many nodes to look through."""
    shape = {"nodes": 20_000, "pairs": 200_000, "seconds": 60.0}
    looking, alone = (recipe_of("auto", forest=forest, **shape) for forest in (False, True))
    (hard,) = looking["hard"]
    steps = looking["epochs"] * 200_000 / 512
    assert steps / hard["sampler"]["every"] == pytest.approx(8, abs=0.1)
    assert "hard" not in alone
    # A colder softmax goes with them, unless a loss of one's own is asked for.
    assert (looking["loss"]["temperature"], looking["optimizer"]) == (0.3, "rmsprop")
    assert alone["loss"] == "infonce"
    assert recipe_of({"loss": "margin"}, forest=False, **shape)["loss"] == "margin"
    assert looking["epochs"] < alone["epochs"]
    assert "hard" not in recipe_of("auto", forest=False, **{**shape, "nodes": 80_000})
    assert "hard" not in recipe_of({"sampler": "pool"}, forest=False, **shape)


def test_settings_of_ones_own_stand_over_those_of_the_recipe():
    found = recipe(1180, 6500, own={"lr": 1.5, "sampler": "siblings"})
    assert (found["lr"], found["sampler"], found["loss"]) == (1.5, "siblings", "infonce")
    with pytest.raises(HardballError, match="unknown recipe 'fast': allowed are auto"):
        recipe(10, 10, own="fast")
