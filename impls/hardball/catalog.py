"""What exists: name -> summary, source, parameters, and where its code lives.

A name here is the YAML value, the workflow wildcard, the CSV value and the name in the docs.
`load` imports a framework's half of a pair only when it is asked for.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hardball.errors import HardballError

Kind = Literal[
    "task", "start", "manifold", "sampler", "loss", "regularizer", "optimizer", "pairs", "batches"
]
Value = bool | int | float | str


@dataclass(frozen=True)
class Entry:
    """One method.

    module: dotted path below hardball; a pair lives in <module>_jax and <module>_torch.
    function: its name in both halves ("" where the module itself is the method, as a manifold is).
    sums: whether a loss adds its negatives up, so that a factor on all their weights matters.
    build: a host function (hierarchy, known, **params) -> dict of arrays, shared by both halves.
    parameters: every parameter with its default.
    """

    kind: Kind
    name: str
    summary: str
    source: str
    module: str
    function: str = ""
    build: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    form: Literal["", "pairs", "pool"] = ""
    paired: bool = True
    sums: bool = False


NICKEL_2017 = "Nickel & Kiela 2017, Poincaré Embeddings for Learning Hierarchical Representations"
NICKEL_2018 = "Nickel & Kiela 2018, Learning Continuous Hierarchies in the Lorentz Model"
GANEA_2018 = "Ganea, Bécigneul & Hofmann 2018, Hyperbolic Entailment Cones"
MIKOLOV_2013 = "Mikolov et al. 2013, Distributed Representations of Words and Phrases"
HARDBALL = "hardball: level order and rings"
FACENET_2015 = "Schroff, Kalenichenko & Philbin 2015, FaceNet, Eq. 1"
BONNABEL_2013 = "Bonnabel 2013, Stochastic Gradient Descent on Riemannian Manifolds"
BECIGNEUL_2019 = "Bécigneul & Ganea 2019, Riemannian Adaptive Optimization Methods"
KINGMA_2015 = "Kingma & Ba 2015, Adam; one second moment per row"
SARKAR_2011 = "Sarkar 2011, Low Distortion Delaunay Embedding of Trees in Hyperbolic Plane"
HAMILTON_2017 = "Hamilton, Ying & Leskovec 2017, Inductive Representation Learning on Large Graphs"
ZOU_2019 = "Zou et al. 2019, Layer-Dependent Importance Sampling for Graph Convolutional Networks"
ZENG_2020 = "Zeng et al. 2020, GraphSAINT, section 3.2"
BENGIO_2009 = "Bengio et al. 2009, Curriculum Learning"
OORD_2018 = "van den Oord, Li & Vinyals 2018, Contrastive Predictive Coding, Eq. 4"

_RING_PARAMETERS: dict[str, Value] = {"relative_to": "anchor", "replace": True}
_RELATIVE: dict[str, tuple[Value, ...]] = {"relative_to": ("anchor", "positive")}

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "task",
        "reconstruction",
        "train and rank on the whole transitive closure",
        f"{NICKEL_2017}, section 4.1",
        "hierarchy.splits",
        build="hierarchy.splits:reconstruction",
        paired=False,
    ),
    Entry(
        "task",
        "link_prediction",
        "hold out a share of the non-basic closure pairs, train on `fraction` of the others",
        f"{GANEA_2018}, section 5",
        "hierarchy.splits",
        build="hierarchy.splits:link_prediction",
        parameters={"fraction": 0.5, "holdout": 0.1},
        paired=False,
    ),
    Entry(
        "task",
        "leaf_parent",
        "hold out the parents of a sample of leaves, train on their higher ancestors",
        HARDBALL,
        "hierarchy.splits",
        build="hierarchy.splits:leaf_parent",
        parameters={"holdout": 0.1},
        paired=False,
    ),
    Entry(
        "start",
        "origin",
        "every node at the origin, but for the noise of init_scale",
        NICKEL_2017,
        "hierarchy.starts",
        build="hierarchy.starts:origin",
        paired=False,
    ),
    Entry(
        "start",
        "sectors",
        "a tree drawn in a disk: a subtree's share of the nodes is its sector, and sets its radius",
        f"{SARKAR_2011}; {HARDBALL}",
        "hierarchy.starts",
        build="hierarchy.starts:sectors",
        parameters={"stretch": 2.0},
        paired=False,
    ),
    Entry(
        "pairs",
        "all",
        "every training pair, equally often",
        f"{NICKEL_2017}, section 4.1",
        "positives.pairs",
        build="positives.pairs:all_pairs",
        paired=False,
    ),
    Entry(
        "pairs",
        "edges",
        "the direct edges alone, equally often",
        "hardball: hop distances",
        "positives.pairs",
        build="positives.pairs:edges",
        paired=False,
    ),
    Entry(
        "pairs",
        "balanced",
        "fixed shares of parents, grandparents and the deeper; or of nodes of each depth",
        "hardball: hop distances, in exact shares",
        "positives.pairs",
        build="positives.pairs:balanced",
        parameters={"by": "hops", "parents": 0.1, "grandparents": 0.1, "deeper": 0.8},
        choices={"by": ("hops", "depth")},
        paired=False,
    ),
    Entry(
        "pairs",
        "progressive",
        "parents first, then grandparents too, then all; `first`, `second`: shares of the steps",
        f"{BENGIO_2009}; hardball: hop distances",
        "positives.pairs",
        build="positives.pairs:progressive",
        parameters={"first": 0.2, "second": 0.2},
        paired=False,
    ),
    Entry(
        "batches",
        "pairs",
        "cut from the pairs as they come",
        f"{NICKEL_2017}, section 4.1",
        "positives.batches",
        build="positives.batches:cut",
        paired=False,
    ),
    Entry(
        "batches",
        "neighbours",
        "the pairs inside sampled neighbourhoods of `seeds` nodes, `fanout` edges a node and layer",
        f"{HAMILTON_2017}, Algorithm 2",
        "positives.subgraphs",
        build="positives.subgraphs:neighbours",
        parameters={"fanout": 8, "layers": 2, "seeds": 32},
        paired=False,
    ),
    Entry(
        "batches",
        "layerwise",
        "the pairs between nodes and ancestors of theirs, drawn by importance, each as likely",
        f"{ZOU_2019}, Algorithm 1; {ZENG_2020}",
        "positives.subgraphs",
        build="positives.subgraphs:layerwise",
        parameters={"nodes": 512},
        paired=False,
    ),
    Entry(
        "manifold",
        "poincare",
        "points of the open ball of radius 1/sqrt(c)",
        NICKEL_2017,
        "manifolds.poincare",
        parameters={"c": 1.0},
    ),
    Entry(
        "manifold",
        "lorentz",
        "points of the hyperboloid <x,x> = -1/c, x0 > 0",
        NICKEL_2018,
        "manifolds.lorentz",
        parameters={"c": 1.0},
    ),
    Entry(
        "manifold",
        "tangent",
        "tangent coordinates at the origin; the point is exp0(v), distances are polar",
        HARDBALL,
        "manifolds.tangent",
        parameters={"c": 1.0},
    ),
    Entry(
        "manifold",
        "euclidean",
        "R^d with the straight-line distance: the baseline",
        NICKEL_2017,
        "manifolds.euclidean",
    ),
    Entry(
        "sampler",
        "uniform",
        "any node, uniformly",
        NICKEL_2017,
        "samplers.rings",
        "uniform",
        "samplers.rings:uniform_index",
        form="pairs",
    ),
    Entry(
        "sampler",
        "pool",
        "one uniform pool of nodes shared by the batch, scored as a matrix",
        HARDBALL,
        "samplers.pool",
        "pool",
        "samplers.pool:pool_index",
        form="pool",
    ),
    Entry(
        "sampler",
        "degree",
        "any node, proportionally to (direct children + parents)^alpha",
        f"{MIKOLOV_2013}, section 2.2",
        "samplers.degree",
        "degree",
        "samplers.degree:degree_index",
        parameters={"alpha": 0.75},
        form="pairs",
    ),
    Entry(
        "sampler",
        "siblings",
        "another child of the parent; an only child widens to cousins",
        HARDBALL,
        "samplers.rings",
        "ring",
        "samplers.rings:siblings_index",
        parameters=_RING_PARAMETERS,
        choices=_RELATIVE,
        form="pairs",
    ),
    Entry(
        "sampler",
        "cousins",
        "nodes of the same depth whose nearest common ancestor lies k + 1 levels up",
        HARDBALL,
        "samplers.rings",
        "ring",
        "samplers.rings:cousins_index",
        parameters={"k": 1, **_RING_PARAMETERS},
        choices=_RELATIVE,
        form="pairs",
    ),
    Entry(
        "sampler",
        "depth_matched",
        "nodes of the same depth in another top branch, or in another tree of a forest",
        HARDBALL,
        "samplers.rings",
        "ring",
        "samplers.rings:depth_matched_index",
        parameters={"where": "branch", **_RING_PARAMETERS},
        choices={"where": ("branch", "tree"), **_RELATIVE},
        form="pairs",
    ),
    Entry(
        "sampler",
        "relatives",
        "a node below one of the anchor's ancestors, the ancestor drawn first",
        HARDBALL,
        "samplers.relatives",
        "relatives",
        "samplers.relatives:relatives_index",
        parameters={"relative_to": "anchor"},
        choices=_RELATIVE,
        form="pairs",
    ),
    Entry(
        "sampler",
        "descendants",
        "a node below the anchor, which must not come before its ancestors",
        HARDBALL,
        "samplers.relatives",
        "descendants",
        "samplers.relatives:descendants_index",
        parameters={"relative_to": "anchor"},
        choices=_RELATIVE,
        form="pairs",
    ),
    Entry(
        "sampler",
        "matrix",
        "rows of a dense probability matrix: the small-graph reference for `of`",
        HARDBALL,
        "samplers.matrix",
        "matrix",
        "samplers.matrix:matrix_index",
        parameters={"of": "siblings", "k": 1, "alpha": 0.75, **_RING_PARAMETERS},
        choices={
            "of": ("uniform", "degree", "siblings", "cousins", "branch", "tree"),
            **_RELATIVE,
        },
        form="pairs",
    ),
    Entry(
        "loss",
        "infonce",
        "softmax of the positive against the negatives; temperature 1 is Nickel & Kiela's",
        f"{NICKEL_2017}, Eq. 6; {OORD_2018}",
        "losses.contrastive",
        "infonce",
        parameters={"temperature": 1.0},
        sums=True,
    ),
    Entry(
        "loss",
        "fermi_dirac",
        "binary cross-entropy of Fermi-Dirac link probabilities, on logits",
        f"{NICKEL_2017}, Eq. 7",
        "losses.link",
        "fermi_dirac",
        parameters={"radius": 2.0, "temperature": 1.0},
    ),
    Entry(
        "loss",
        "margin",
        "margin ranking, averaged over the negatives",
        "Bordes et al. 2013, Translating Embeddings, Eq. 1",
        "losses.ranking",
        "margin",
        parameters={"margin": 0.5},
    ),
    Entry(
        "loss",
        "triplet",
        "triplet loss on squared distances, averaged over the negatives",
        FACENET_2015,
        "losses.ranking",
        "triplet",
        parameters={"margin": 0.5},
    ),
    Entry(
        "regularizer",
        "radius_penalty",
        "weight x mean squared radius beyond `free` of a batch's anchors and positives",
        HARDBALL,
        "losses.regularizers",
        "radius_penalty",
        parameters={"weight": 0.01, "free": 0.0},
    ),
    Entry(
        "optimizer",
        "rsgd",
        "Riemannian gradient descent on the rows a batch touches",
        BONNABEL_2013,
        "optimizers.rows",
        "rsgd",
    ),
    Entry(
        "optimizer",
        "radam",
        "Riemannian Adam on the rows a batch touches, moments transported",
        BECIGNEUL_2019,
        "optimizers.rows",
        "radam",
        parameters={"b1": 0.9, "b2": 0.99, "eps": 1e-8},
    ),
    Entry(
        "optimizer",
        "adam",
        "Adam on the coordinates: every row takes every step, at the cost of the touched ones",
        KINGMA_2015,
        "optimizers.rows",
        "adam",
        parameters={"b1": 0.9, "b2": 0.99, "eps": 1e-8},
    ),
)


def entries(kind: Kind | None = None) -> list[Entry]:
    """All entries, or those of one kind, in catalogue order."""
    return [e for e in ENTRIES if kind is None or e.kind == kind]


def entry(kind: Kind, name: str) -> Entry:
    """The entry called `name`; raises HardballError that lists what is allowed."""
    for candidate in entries(kind):
        if candidate.name == name:
            return candidate
    allowed = ", ".join(e.name for e in entries(kind))
    raise HardballError(f"unknown {kind} {name!r}: allowed are {allowed}")


def parameters(kind: Kind, name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """`given` over the entry's defaults, each in its default's type; raises on unknown names."""
    known = entry(kind, name)
    unknown = sorted(set(given) - set(known.parameters))
    if unknown:
        allowed = ", ".join(known.parameters) or "none"
        raise HardballError(f"{kind} {name} has no parameter {unknown[0]!r}: allowed are {allowed}")
    resolved = {key: _typed(known, key, given.get(key, d)) for key, d in known.parameters.items()}
    for key, allowed_values in known.choices.items():
        if resolved[key] not in allowed_values:
            listed = ", ".join(map(str, allowed_values))
            raise HardballError(f"{kind} {name}: {key}={resolved[key]!r}, allowed are {listed}")
    return resolved


def _typed(known: Entry, key: str, value: Value) -> Value:
    """Ints stand for floats; any other mix of types is a mistake."""
    default = known.parameters[key]
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise HardballError(
            f"{known.kind} {known.name}: {key}={value!r} is not of type {type(default).__name__}"
        )
    return value


def load(kind: Kind, name: str, framework: str) -> Any:
    """The framework's half: the function, or the module where the module is the method."""
    known = entry(kind, name)
    module = importlib.import_module(f"hardball.{known.module}_{framework}")
    return getattr(module, known.function) if known.function else module


def builder(kind: Kind, name: str) -> Callable[..., Any]:
    """The host function that builds an entry's arrays."""
    module, function = entry(kind, name).build.split(":")
    return getattr(importlib.import_module(f"hardball.{module}"), function)
