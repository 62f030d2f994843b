"""The evaluator: exact figures over all nodes."""

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import trees
from .kernel import HOST, Call, Kernel

if TYPE_CHECKING:
    from hardball.metrics.polar import Polar

DIM = 10
SIZES = (1_000, 10_000)
SOURCES = 1_000


def kernels() -> Iterator[Kernel]:
    pairs = {n: n * (n - 1) // 2 for n in SIZES}
    yield from _kernels("rank", rank, {n: min(n, SOURCES) * n for n in (*SIZES, trees.NOUNS)})
    yield from _kernels("figures", figures, dict.fromkeys(SIZES, SOURCES))
    yield from _kernels("links", link_figures, pairs)
    yield from _kernels("separation", separation, pairs)
    yield from _kernels("distortion", distortion, pairs)
    yield from _kernels("depth", depth, {n: n for n in SIZES})


def _kernels(name: str, build: Callable[[int], Call], units: dict[int, int]) -> Iterator[Kernel]:
    of_nodes = name in ("figures", "depth")
    for n, count in units.items():
        yield Kernel(
            family="evaluators",
            name=name,
            size=n,
            framework=HOST,
            units=count,
            unit="nodes" if of_nodes else "distances",
            build=functools.partial(build, n),
            memory=n == SIZES[-1] and not of_nodes,
        )


def rank(n: int) -> Call:
    """Ranks of the ancestors of up to 1,000 nodes among all nodes."""
    return functools.partial(_ranked, n, _polar(n))


def figures(n: int) -> Call:
    """Mean rank, MAP and the rest from those ranks."""
    from hardball.metrics import ranking

    ranks, _ = _ranked(n, _polar(n))
    return lambda: ranking.figures(ranks)


def link_figures(n: int) -> Call:
    """Precision over all pairs of nodes."""
    from hardball.hierarchy.closure import pairs
    from hardball.metrics import links

    polar, known = _polar(n), trees.known(n)
    test = pairs(known)
    return lambda: links.global_figures(polar, test, known)


def separation(n: int) -> Call:
    """Distances within and between the subtrees of depth 1."""
    import numpy as np

    from hardball.metrics import separation as separations

    tree, polar = trees.tree(n), _polar(n)
    above = tree.parent.copy()
    codes = np.arange(n)
    while (tree.depth[codes] > 1).any():
        codes = np.where(tree.depth[codes] > 1, above[codes], codes)
    groups = {"branch": np.where(tree.depth > 0, codes, -1).astype(np.int32)}
    return lambda: separations.group_figures(polar, groups)


def distortion(n: int) -> Call:
    """Distances against hops."""
    from hardball.metrics import distortion as distortions
    from hardball.metrics import ranking

    polar, neighbours = _polar(n), ranking.adjacency(trees.tree(n))
    return lambda: distortions.distortion(polar, neighbours)


def depth(n: int) -> Call:
    """Correlation of radius and depth."""
    from hardball.metrics import depth as depths

    polar, levels = _polar(n), trees.tree(n).depth
    return lambda: depths.correlations(polar, levels)


def _polar(n: int) -> "Polar":
    """Tangent points whose radius follows their depth, with noise."""
    import numpy as np

    from hardball.metrics.polar import to_polar

    rng = np.random.default_rng(0)
    direction: np.ndarray = rng.normal(size=(n, DIM))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = trees.tree(n).depth * 0.5 + rng.random(n)
    return to_polar(direction * radius[:, None], "tangent")


def _ranked(n: int, polar: "Polar") -> Any:
    import numpy as np

    from hardball.hierarchy.closure import pairs
    from hardball.metrics import ranking

    tree, known = trees.tree(n), trees.known(n)
    chosen = np.linspace(1, n - 1, min(n - 1, SOURCES)).astype(np.int64)
    return ranking.rank(ranking.by_points(polar), tree, pairs(known), known, np.unique(chosen))
