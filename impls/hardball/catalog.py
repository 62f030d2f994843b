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
    "task",
    "start",
    "manifold",
    "sampler",
    "loss",
    "regularizer",
    "optimizer",
    "pairs",
    "batches",
    "encoder",
]
Value = bool | int | float | str


@dataclass(frozen=True)
class Entry:
    """One method.

    module: dotted path below hardball; a pair lives in <module>_jax and <module>_torch.
    function: its name in both halves ("" where the module itself is the method, as a manifold is).
    looks: whether what a sampler draws depends on where the points lie.
    sums: whether a loss adds its negatives up, so that a factor on all their weights matters.
    cost: of a sampler, for N nodes, "memory of its arrays; work of a draw".
    formula: of a sampler, what is drawn; where it is empty the docstring of the halves says it.
    settings: values of the parameter `setting` -> the parameters that each of them fixes.
    build: a host function (hierarchy, known, **params) -> dict of arrays, shared by both halves.
    words: a host function (negatives, **params) -> words an anchor; "" where a draw takes one.
    refresh: the name in both halves of what makes a sampler's lists from the points, again and
    again during the training.
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
    form: Literal["", "pairs", "pool", "composed"] = ""
    words: str = ""
    refresh: str = ""
    paired: bool = True
    looks: bool = False
    sums: bool = False
    cost: str = ""
    formula: str = ""

    @property
    def costs(self) -> tuple[str, str]:
        """Memory of a sampler's arrays, work of a draw; both "" where no cost is said."""
        memory, _, work = self.cost.partition("; ")
        return memory, work

    settings: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


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
ROBINSON_2021 = "Robinson et al. 2021, Contrastive Learning with Hard Negative Samples"
HAMILTON_2017 = "Hamilton, Ying & Leskovec 2017, Inductive Representation Learning on Large Graphs"
ZOU_2019 = "Zou et al. 2019, Layer-Dependent Importance Sampling for Graph Convolutional Networks"
ZENG_2020 = "Zeng et al. 2020, GraphSAINT, section 3.2"
ZHANG_2021 = "Zhang et al. 2021, Hyperbolic Graph Attention Network"
CHAMI_2019 = "Chami et al. 2019, Hyperbolic Graph Convolutional Neural Networks"
VELICKOVIC_2018 = "Veličković et al. 2018, Graph Attention Networks"
OORD_2018 = "van den Oord, Li & Vinyals 2018, Contrastive Predictive Coding, Eq. 4"

BENGIO_2009 = "Bengio et al. 2009, Curriculum Learning"

_RING_PARAMETERS: dict[str, Value] = {"relative_to": "anchor", "replace": True}
_RELATIVE: dict[str, tuple[Value, ...]] = {"relative_to": ("anchor", "positive")}
_CANDIDATES = ("uniform", "siblings", "cousins", "depth_matched", "batch")
_HARDNESS: dict[str, dict[str, Value]] = {
    "careful": {"ratio": 0.3, "temperature": 0.1},
    "balanced": {"ratio": 0.5, "temperature": 0.1},
    "aggressive": {"ratio": 0.7, "temperature": 0.05},
}

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
        cost="O(1); O(1)",
        formula="p(n | u) = 1 / (N - 1), n != u",
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
        cost="O(1); O(log M) a node of the pool of M, whatever the batch",
        formula="p(n) = 1 / N, M nodes a step for all anchors",
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
        cost="O(N); O(1)",
        formula="p(n) = deg(n)^alpha / sum over v of deg(v)^alpha",
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
        cost="O(N); O(1)",
        formula="p(n | u) = 1 / |S|, S = {n != u: parent(n) = parent(u)}",
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
        cost="O(N); O(1)",
        formula="p(n | u) = 1 / |S|, S = {n: depth(n) = depth(u), lca(n, u) k + 1 levels up}",
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
        cost="O(N); O(1)",
        formula="p(n | u) = 1 / |S|, S = {n: depth(n) = depth(u), branch(n) != branch(u)}",
    ),
    Entry(
        "sampler",
        "tightening",
        "k-th cousins, then nearer ones, then siblings, as the training goes on",
        f"{BENGIO_2009}; {HARDBALL}",
        "samplers.rings",
        "tightening",
        "samplers.rings:tightening_index",
        parameters={"k": 3, **_RING_PARAMETERS},
        choices=_RELATIVE,
        form="pairs",
        cost="O(k N); O(1)",
        formula="ring floor(t (k + 1)) of k-th cousins, ..., siblings, t the share trained",
    ),
    Entry(
        "sampler",
        "degree_corrected",
        "a node whose degree is within `tolerance` x that of the positive",
        HARDBALL,
        "samplers.degree",
        "degree_corrected",
        "samplers.degree:degree_corrected_index",
        parameters={"tolerance": 0.25, "relative_to": "positive"},
        choices=_RELATIVE,
        form="pairs",
        cost="O(N); O(1)",
        formula="uniform over |degree(n) - degree(p)| <= tolerance x degree(p)",
    ),
    Entry(
        "sampler",
        "multi_hop",
        "nodes at graph distance low..high over all parent-child edges",
        HARDBALL,
        "samplers.segments",
        "segments",
        "samplers.segments:multi_hop_index",
        parameters={"low": 2, "high": 3, "relative_to": "anchor"},
        choices=_RELATIVE,
        form="pairs",
        cost="O(N) ranges; O(log ranges)",
        formula="uniform over low <= hops(u, n) <= high",
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
        cost="O(N log depth); O(log depth)",
        formula="p(n | u) = mean over ancestors a of u of [n in subtree(a)] / |subtree(a)|",
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
        cost="O(N); O(1)",
        formula="p(n | u) = 1 / (|subtree(u)| - 1), n in subtree(u), n != u",
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
        cost="O(N^2); O(log N)",
        formula="p(n | u) = w(u, n) / sum over v of w(u, v), w the weights that `of` names",
    ),
    Entry(
        "sampler",
        "distance_hard",
        "near the anchor in the embedding now, more than `hops` edges away in the graph",
        f"{ROBINSON_2021}, Eq. 4",
        "samplers.latent",
        "distance_hard",
        "samplers.latent:distance_hard_index",
        parameters={
            "candidates": "uniform",
            "oversample": 4,
            "choose": "nearest",
            "temperature": 1.0,
            "hops": 1,
            "relative_to": "anchor",
        },
        choices={"candidates": _CANDIDATES, "choose": ("nearest", "temperature"), **_RELATIVE},
        form="pairs",
        words="samplers.latent:distance_hard_words",
        looks=True,
        cost="O(N); O(oversample D)",
        formula="of C candidates the K nearest, or p(n | u) ~ exp(-d(u, n) / temperature)",
    ),
    Entry(
        "sampler",
        "mined",
        "triplet mining: the hardest candidates, or those just beyond the positive",
        FACENET_2015,
        "samplers.latent",
        "mined",
        "samplers.latent:mined_index",
        parameters={"rule": "semi_hard", "candidates": "uniform", "oversample": 4},
        choices={"rule": ("semi_hard", "hardest"), "candidates": _CANDIDATES},
        form="pairs",
        words="samplers.latent:mined_words",
        looks=True,
        cost="O(N); O(oversample D)",
        formula="of C candidates the K nearest with d(u, n) > d(u, p)",
    ),
    Entry(
        "sampler",
        "neighbors",
        "the nearest nodes of the embedding, exactly, looked for again every so many steps",
        "Xiong et al. 2021, Approximate Nearest Neighbor Negative Contrastive Learning",
        "samplers.latent",
        "neighbors",
        "samplers.latent:neighbors_index",
        parameters={"top": 64, "every": 200, "temperature": 1.0, "relative_to": "anchor"},
        choices=_RELATIVE,
        form="pairs",
        refresh="neighbor_lists",
        looks=True,
        cost="O(top N), N^2 distances a refresh; O(top D / K)",
        formula="p(n | u) ~ exp(-d(u, n) / temperature) over the top nearest of the last refresh",
    ),
    Entry(
        "sampler",
        "mixture",
        "each of several samplers makes a fixed share of the draws",
        HARDBALL,
        "samplers.compose",
        build="samplers.compose:mixture",
        parameters={"of": "uniform 1 + siblings 1"},
        form="composed",
        paired=False,
        cost="that of its parts; that of its parts",
        formula="w_i / sum w of the K draws by sampler i",
    ),
    Entry(
        "sampler",
        "curriculum",
        "easy draws, more and more of which give way to hard ones",
        BENGIO_2009,
        "samplers.compose",
        build="samplers.compose:curriculum",
        parameters={"easy": "uniform", "hard": "siblings", "begin": 0.0, "end": 0.5, "ratio": 1.0},
        form="composed",
        paired=False,
        cost="that of its parts; that of both",
        formula="the first ratio K clip((t - begin) / (end - begin), 0, 1) draws are hard",
    ),
    Entry(
        "sampler",
        "similarity_hard",
        "`ratio` of the draws among the nodes whose features are most alike, the rest uniform",
        f"{ROBINSON_2021}, section 3.1",
        "samplers.similarity",
        "similarity_hard",
        "samplers.similarity:similarity_index",
        parameters={
            "ratio": 0.5,
            "temperature": 0.1,
            "top": 64,
            "features": "names",
            "file": "",
            "relative_to": "anchor",
            "setting": "own",
        },
        choices={
            "features": ("names", "rank", "degree", "depth", "all", "file"),
            "setting": (*_HARDNESS, "own"),
            **_RELATIVE,
        },
        form="pairs",
        cost="O(top N), N^2 cosines once; O(log top)",
        formula="round(ratio K) draws p(n | u) ~ exp(cos(u, n) / temperature), the rest uniform",
        settings=_HARDNESS,
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
    Entry(
        "encoder",
        "hgat",
        "attention over a node's Markov blanket in the tangent space; see `hardball blankets`",
        f"{ZHANG_2021}; {CHAMI_2019}; {VELICKOVIC_2018}",
        "encoders.hgat",
        "hgat",
        parameters={"heads": 4, "hidden": 8, "layers": 2},
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
    """`given` over the entry's defaults, each in its default's type, and what a setting fixes.

    Raises HardballError on unknown names, wrong types, values that are not allowed, and a value
    beside a setting that fixes another.
    """
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
    setting = str(resolved.get("setting", ""))
    for key, fixed in known.settings.get(setting, {}).items():
        if key in given and resolved[key] != fixed:
            raise HardballError(
                f"{kind} {name}: {key}={given[key]!r}, but setting={setting} fixes it at {fixed}: "
                "leave one of them out"
            )
        resolved[key] = fixed
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


def refresher(kind: Kind, name: str, framework: str) -> Callable[..., Any] | None:
    """What makes an entry's lists from the points in a framework, None where it keeps none."""
    known = entry(kind, name)
    if not known.refresh:
        return None
    module = importlib.import_module(f"hardball.{known.module}_{framework}")
    return getattr(module, known.refresh)


def builder(kind: Kind, name: str) -> Callable[..., Any]:
    """The host function that builds an entry's arrays."""
    return host(entry(kind, name).build)


def host(place: str) -> Callable[..., Any]:
    """The host function that an entry names as "module:function"."""
    module, function = place.split(":")
    return getattr(importlib.import_module(f"hardball.{module}"), function)
