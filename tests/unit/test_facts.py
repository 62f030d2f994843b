"""The table of facts: what a method may ask for, and how a mistake in that is answered."""

import numpy as np
import pytest

from hardball.core.errors import HardballError
from hardball.methods import facts, registry
from hardball.methods.declare import loss, regularizer, sampler
from hardball.methods.facts import FACTS, Fact

SAID = {"summary": "an example", "source": "hardball: an example"}
AXES = {"B": 4, "K": 3, "R": 20, "N": 30, "T": 2, "d": 5, "C": 6, "H": 7, "F": 8}


def test_an_argument_that_is_neither_fact_nor_parameter_is_refused():
    with pytest.raises(
        HardballError, match=r"loss short takes 'hop', which is none of its param"
    ) as told:

        @loss(**SAID, parameters={"margin": 0.5})
        def short(xp, d_pos, d_neg, weight, hop, *, margin): ...

    assert "\n" not in str(told.value)
    assert "(margin)" in str(told.value)
    assert "hops" in str(told.value)


def test_a_fact_of_another_kind_is_refused():
    with pytest.raises(HardballError, match="sampler deep takes 'depth'"):

        @sampler(**SAID, form="pairs")
        def deep(xp, index, anchors, words, depth): ...


def test_what_a_regulariser_owns_may_be_asked_for():
    @regularizer(**SAID, owns=(Fact("matrix", ("d", "C"), "a map", "term"),))
    def mapped(xp, tangent, matrix): ...

    assert mapped.owns[0].sizes(d=3, C=2) == (3, 2)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_an_override_is_held_to_the_same(framework):
    @loss(**SAID)
    def overridden(xp, d_pos, d_neg, weight): ...

    overridden.override(framework)(lambda xp: lambda d_pos, d_neg, weigth: d_pos)
    with pytest.raises(HardballError, match="takes 'weigth'"):
        registry.load("loss", "overridden", framework)


def test_a_loss_is_about_the_measure_that_it_names_first():
    def both(xp, xi_pos, xi_neg, weight, d_pos, d_neg, r, r_neg): ...

    assert facts.measure_of(both) == "xi"
    assert facts.beside_measure(both) == ("r", "d_pos", "d_neg", "r_neg")


@pytest.mark.parametrize("names", [(), ("d_pos",), ("d_pos", "xi_neg")])
def test_a_loss_compares_something(names):
    space = {}
    exec(f"def compare({', '.join([*names, 'weight'])}): ...", space)
    with pytest.raises(HardballError, match="it compares one of d_pos and d_neg, theta_pos"):
        facts.measure_of(space["compare"])


@pytest.mark.parametrize("kind", FACTS)
def test_facts_have_shapes_and_usual_values(kind):
    for fact in FACTS[kind].values():
        assert fact.summary
        if fact.shape is None:
            continue
        values = fact.sample(np.random.default_rng(0), **AXES)
        assert values.shape == fact.sizes(**AXES)
        assert values.min(initial=fact.low) >= fact.low
        assert values.max(initial=fact.high) <= fact.high
        if fact.whole:
            np.testing.assert_array_equal(values, np.round(values))


def test_every_fact_is_asked_for_by_a_method():
    asked = set()
    for entry in registry.entries():
        if entry.paired and entry.kind in FACTS:
            body = registry.load(entry.kind, entry.name, "torch")
            asked |= {(entry.kind, name) for name in facts.named(body, entry.kind)}
    assert asked == {(kind, name) for kind, table in FACTS.items() for name in table}


def test_what_is_owned_is_asked_for():
    for entry in registry.entries("regularizer"):
        body = registry.load("regularizer", entry.name, "torch")
        assert {fact.name for fact in entry.owns} <= set(facts.takes(body))
