"""The parameters that methods declare: said in one line, within their own bounds, and no others."""

import inspect
from math import inf, nan

import pytest

from hardball.core.errors import HardballError
from hardball.methods import facts, registry

KINDS = ("sampler", "loss", "regularizer", "objective", "pretext")
# What a sampler's arrays are built by beside its parameters.
HANDED = {"negatives", "look_up", "lists"}
ENTRIES = [entry for kind in KINDS for entry in registry.entries(kind)]
WHOLE = [entry for entry in ENTRIES if entry.body is not None]


def taken_by_training(entry):
    """The rate of what a term owns, and what facts that it asks for are computed by."""
    if entry.kind not in facts.FACTS:
        return set()
    asked = (facts.FACTS[entry.kind][name] for name in facts.named(entry.body, entry.kind))
    return {name for fact in asked for name in fact.by} | ({"lr"} if entry.owns else set())


@pytest.mark.parametrize("entry", WHOLE, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_a_body_takes_the_namespace_first_and_its_parameters_by_name(entry):
    """Defaults stand in the declaration alone."""
    takes = inspect.signature(entry.body).parameters.values()
    assert next(iter(takes)).name == "xp"
    named = {each.name for each in takes if each.kind is each.KEYWORD_ONLY}
    assert all(each.default is each.empty for each in takes)
    built = inspect.signature(entry.build).parameters.values() if entry.build else ()
    named |= {each.name for each in built if each.kind is each.KEYWORD_ONLY} - HANDED
    assert named | taken_by_training(entry) == set(entry.declared)


@pytest.mark.parametrize("framework", ["jax", "torch"])
@pytest.mark.parametrize("entry", WHOLE, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_a_loaded_function_has_the_declared_defaults(entry, framework):
    takes = inspect.signature(registry.load(entry.kind, entry.name, framework)).parameters
    assert "xp" not in takes
    defaults = {p.name: p.default for p in takes.values() if p.default is not p.empty}
    # What is built before the training takes others.
    build = set(facts.takes(entry.build)) if entry.build else set()
    assert defaults.keys() | build | taken_by_training(entry) >= entry.parameters.keys()
    assert defaults == {name: entry.parameters[name] for name in defaults}


@pytest.mark.parametrize("entry", WHOLE, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_every_parameter_says_what_it_does_and_allows_its_default(entry):
    for name, parameter in entry.declared.items():
        assert parameter.summary, name
        assert "\n" not in parameter.summary
        assert parameter.typed(parameter.default) == parameter.default


@pytest.mark.parametrize(
    ("kind", "name", "given", "said"),
    [
        ("loss", "infonce", {"temperature": 0.0}, "temperature=0.0, allowed are numbers 0 < x"),
        ("loss", "infonce", {"temperature": nan}, "temperature=nan, allowed are numbers 0 < x"),
        ("loss", "infonce", {"temperature": inf}, "temperature=inf, allowed are numbers 0 < x"),
        ("loss", "infonce", {"temperature": "1"}, "temperature='1' is not of type float"),
        ("loss", "margin", {"margin": -0.1}, "margin=-0.1, allowed are numbers 0 <= x"),
        ("loss", "triplet_hard", {"margin": -1}, "margin=-1, allowed are numbers 0 <= x"),
        ("loss", "focal", {"alpha": 1.5}, "alpha=1.5, allowed are numbers 0 <= x <= 1"),
        ("loss", "focal", {"gamma": -2.0}, "gamma=-2.0, allowed are numbers 0 <= x"),
        ("loss", "multi_hop_contrastive", {"decay": 2.0}, "decay=2.0, allowed are numbers 0 <="),
        ("loss", "local_contrastive", {"reach": 0}, "reach=0, allowed are whole numbers 1 <= x"),
        ("loss", "distance_preserving", {"form": "square"}, "allowed are stress, distortion"),
        ("loss", "distance_preserving", {"scale": 0.0}, "scale=0.0, allowed are numbers 0 < x"),
        ("loss", "entailment_cones", {"aperture": 0.0}, "aperture=0.0, allowed are numbers 0 < x"),
        ("regularizer", "sparsity", {"weight": -1.0}, "weight=-1.0, allowed are numbers 0 <= x"),
        ("regularizer", "ewc", {"batches": 0}, "batches=0, allowed are whole numbers 1 <= x"),
        ("regularizer", "node_classification", {"holdout": 1.0}, "allowed are numbers 0 < x < 1"),
        ("objective", "balanced", {"floor": 0.0}, "floor=0.0, allowed are numbers 0 < x"),
    ],
)
def test_values_that_make_no_sense_are_refused_in_one_line(kind, name, given, said):
    with pytest.raises(HardballError) as refused:
        registry.parameters(kind, name, given)
    message = str(refused.value)
    assert f"{kind} {name}: " in message
    assert said in message
    assert "\n" not in message
