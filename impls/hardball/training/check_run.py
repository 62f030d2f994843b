"""Sanity checks of a trained embedding: does geometry hold, do the draws keep their promise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.data.check import Check
from hardball.hierarchy.closure import closure, contains
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.metrics import polar
from hardball.metrics.charts import chart
from hardball.runs.spec import RunSpec
from hardball.training import problem

TRIPLES = 2000
GEOMETRY = 256
MAX_START = 0.1
# Beyond this share of the points the largest radius decides figures, the depth correlation first.
MOST_AT_LIMIT = 0.05


def check_run(
    points: np.ndarray,
    manifold: str,
    c: float,
    row: Mapping[str, Any],
    *,
    hierarchy: Hierarchy | None = None,
    spec: RunSpec | None = None,
    most_at_limit: float = MOST_AT_LIMIT,
) -> list[Check]:
    """All checks of an embedding (N, D); what needs the hierarchy or the spec is else left open.

    row: of its columns `framework`, `dim`, `max_radius` and `points_at_limit` are read.
    most_at_limit: the share of points that may lie at the run's largest radius.
    Raises HardballError on an unknown manifold.
    """
    framework = str(row.get("framework", "jax"))
    most = float(row.get("max_radius") or 0)
    module = registry.load("manifold", manifold, framework).within(most)
    finite = np.isfinite(points).all(axis=1)
    checks = [
        Check("points finite", bool(finite.all()), f"{int((~finite).sum())} of {len(points)} not"),
        _shape(points, module, row, hierarchy),
    ]
    if not finite.all():
        return checks
    checks.append(_inside(points, manifold, c))
    if not checks[-1].passed:
        return checks
    table = polar.to_polar(points, manifold, c)
    checks += _axioms(table)
    checks += _geometry(points, table, module, c, framework)
    checks += _limit(points, module, c, row, framework, most_at_limit)
    if hierarchy is None or spec is None:
        return [*checks, *(Check(name, None, "no spec given") for name in _WITH_SPEC)]
    if spec.pretext is not None:
        said = f"pretext {spec.pretext.name} draws no nodes"
        return [*checks, *(Check(name, None, said) for name in _WITH_SPEC)]
    return [*checks, *_with_spec(points, manifold, c, hierarchy, spec)]


_WITH_SPEC = (
    "start near the origin",
    "draws at the promised depth",
    "negatives harder than random",
)


def _shape(points: np.ndarray, module: Any, row: Mapping[str, Any], h: Hierarchy | None) -> Check:
    rows = len(points) if h is None else h.n_nodes
    width = module.coordinates(int(row["dim"])) if "dim" in row else points.shape[1]
    return Check(
        "shape", points.shape == (rows, width), f"{points.shape}, expected {(rows, width)}"
    )


def _inside(points: np.ndarray, manifold: str, c: float) -> Check:
    """By the manifold's own chart, see `charts.Chart.inside`."""
    passed, text = chart(manifold).inside(points.astype(np.float64), c)
    return Check("points inside the space", passed, text)


def _axioms(table: polar.Polar) -> list[Check]:
    """Symmetry, d(x, x) = 0 and the triangle inequality on random triples, in float64."""
    n = table.n_nodes
    drawn = random_bits.uniform(random_bits.words(0, "check triples", 0, 3 * TRIPLES))
    a, b, d = (drawn * n).astype(np.int64).reshape(3, TRIPLES)
    ab, ba, bd, ad = _dist(table, a, b), _dist(table, b, a), _dist(table, b, d), _dist(table, a, d)
    itself = float(_dist(table, a, a).max())
    excess = float((ad - ab - bd).max())
    allowed = 1e-9 * max(1.0, float(ad.max()))
    return [
        Check("d(x, x) = 0", itself == 0, f"largest {itself:.1e}"),
        Check("d(x, y) = d(y, x)", bool((ab == ba).all()), f"{TRIPLES} pairs, bit for bit"),
        Check(
            "triangle inequality", excess <= allowed, f"{TRIPLES} triples, most over {excess:.1e}"
        ),
    ]


def _dist(table: polar.Polar, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """2 asinh(sqrt(key)), or |x - y| in R^d, of each pair; in units of 1/sqrt(c)."""
    key = polar.keys(table, a, b)
    return 2 * np.arcsinh(np.sqrt(key)) if table.hyperbolic else np.sqrt(key)


def _geometry(
    points: np.ndarray, table: polar.Polar, module: Any, c: float, framework: str
) -> list[Check]:
    """exp and log invert each other, project keeps points, gradients of distances are finite."""
    drawn = random_bits.uniform(random_bits.words(0, "check geometry", 0, 2 * GEOMETRY))
    a, b = (drawn * len(points)).astype(np.int64).reshape(2, GEOMETRY)
    b[0] = a[0]
    run = _geometry_torch if framework == "torch" else _geometry_jax
    left, right, back, gradient = run(points[a], points[b], module, c)
    moved = float((np.abs(left - points[a]).max(axis=1) / _scale(points[a])).max())
    return [
        _round_trip(back, right, table, a, b),
        Check("projection keeps the points", moved <= 1e-5, f"moved by {moved:.1e} at most"),
        Check(
            "gradients finite",
            bool(np.isfinite(gradient).all()),
            f"of d(x, y) at {GEOMETRY} pairs, one of them x = y",
        ),
    ]


def _round_trip(
    back: np.ndarray, right: np.ndarray, table: polar.Polar, a: np.ndarray, b: np.ndarray
) -> Check:
    """exp_x(log_x(y)) = y as far as float64 can say.

    A rounding error grows by e^|x| on the way into x's frame, by e^|y| in y's coordinates and by
    e^|x| on the way back; pairs for which that leaves fewer than three digits are not asked.
    """
    name = "exp of log gives the point back"
    growth = 2 * table.radius[a] + table.radius[b] if table.hyperbolic else np.zeros(len(a))
    allowed = 64 * np.finfo(np.float64).eps * np.exp(growth)
    asked = allowed < 1e-3
    if not asked.any():
        return Check(name, None, "every pair lies too far out for float64 to say")
    off = np.abs(back - right).max(axis=1) / _scale(right)
    worst = float(off[asked].max())
    text = f"{asked.sum()} of {GEOMETRY} pairs near enough, relative error {worst:.1e} at most"
    return Check(name, bool((off[asked] <= allowed[asked] + 1e-9).all()), text)


def _scale(points: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(points).max(axis=1), 1e-12)


def _geometry_torch(x: np.ndarray, y: np.ndarray, module: Any, c: float) -> tuple[Any, ...]:
    """x and y projected in float64, exp_x(log_x(y)), gradient of d(x, y) by x."""
    import torch

    left = module.project(torch.tensor(x, dtype=torch.float64), c).requires_grad_()
    right = module.project(torch.tensor(y, dtype=torch.float64), c)
    (gradient,) = torch.autograd.grad(module.dist(left, right, c).sum(), left)
    with torch.no_grad():
        back = module.exp_map(left, module.log_map(left, right, c), c)
    return tuple(part.detach().numpy() for part in (left, right, back, gradient))


def _geometry_jax(x: np.ndarray, y: np.ndarray, module: Any, c: float) -> tuple[Any, ...]:
    """x and y projected in float64, exp_x(log_x(y)), gradient of d(x, y) by x."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def run(left: jax.Array, right: jax.Array) -> tuple[jax.Array, ...]:
        left, right = module.project(left, c), module.project(right, c)
        gradient = jax.grad(lambda at: module.dist(at, right, c).sum())(left)
        return left, right, module.exp_map(left, module.log_map(left, right, c), c), gradient

    with jax.enable_x64(True):
        parts = run(jnp.asarray(x, jnp.float64), jnp.asarray(y, jnp.float64))
        return tuple(map(np.asarray, parts))


def _limit(
    points: np.ndarray,
    module: Any,
    c: float,
    row: Mapping[str, Any],
    framework: str,
    most: float,
) -> list[Check]:
    """How many points lie at the largest radius, against what the row says and against `most`."""
    if framework == "torch":
        import torch

        touching = int(module.touches(torch.tensor(points), c).sum())
    else:
        import jax
        import jax.numpy as jnp

        with jax.enable_x64(points.dtype == np.float64):
            touching = int(np.asarray(module.touches(jnp.asarray(points), c)).sum())
    said = row.get("points_at_limit")
    passed = None if said is None else int(said) == touching
    share = touching / max(len(points), 1)
    return [
        Check("points at the limit as in the row", passed, f"{touching}, the row says {said}"),
        Check("few points at the limit", share <= most, f"{share:.1%}, allowed is {most:.1%}"),
    ]


def _with_spec(
    points: np.ndarray, manifold: str, c: float, h: Hierarchy, spec: RunSpec
) -> list[Check]:
    if spec.manifold.name != manifold:
        raise HardballError(f"points of {manifold}, but the run says {spec.manifold.name}")
    built = problem.build(spec, h)
    # Draws are promised of what a run may know, which has numbers of its own.
    h, points = built.hierarchy, built.trained(points)
    relations = built.closure if h is built.whole else closure(h)
    largest = float(np.linalg.norm(built.start, axis=1).max())
    start = Check(
        _WITH_SPEC[0], largest < MAX_START, f"largest radius {largest:.4f} at initialisation"
    )
    promise = registry.entry("sampler", spec.sampler.name).promise(spec.sampler.params)
    if not promise:
        open_ = f"{spec.sampler.name} promises nothing"
        return [start, *(Check(name, None, open_) for name in _WITH_SPEC[1:])]

    pairs = built.positives
    chosen = random_bits.uniform(random_bits.words(0, "check pairs", 0, TRIPLES)) * len(pairs)
    node, ancestor = pairs[chosen.astype(np.int64)].T
    asked = ancestor if spec.sampler.params.get("relative_to") == "positive" else node
    drawn, valid = _draw(spec, built.indexes[0], asked)
    widened = built.indexes[0].get("widened", np.zeros(h.n_nodes, bool))[asked]
    level = (h.depth[drawn] == h.depth[asked]) | widened | ~valid
    depth = Check(
        _WITH_SPEC[1],
        bool(level.all()),
        f"{int((~level).sum())} of {len(drawn)} draws elsewhere, {widened.mean():.0%} widened",
    )
    if promise != "near":
        text = f"{spec.sampler.name} promises the depth only"
        return [start, depth, Check(_WITH_SPEC[2], None, text)]
    random = (
        random_bits.uniform(random_bits.words(0, "check random", 0, TRIPLES)) * h.n_nodes
    ).astype(np.int64)
    table = polar.to_polar(points, manifold, c)
    near, distance = _of_negatives(h, table, relations, node, drawn, valid)
    far, other = _of_negatives(h, table, relations, node, random, np.ones_like(valid))
    text = (
        f"{near:.2f} hops away on average, random nodes {far:.2f} "
        f"(in the embedding {distance:.2f} and {other:.2f})"
    )
    return [start, depth, Check(_WITH_SPEC[2], near < far, text)]


def _of_negatives(
    h: Hierarchy,
    table: polar.Polar,
    relations: Any,
    node: np.ndarray,
    other: np.ndarray,
    valid: np.ndarray,
) -> tuple[float, float]:
    """(mean hops, mean distance) of the draws that count.

    Hardness is promised in the hierarchy alone: training on near negatives drives them apart.
    """
    kept = valid & ~contains(relations, node, other) & (node != other)
    if not kept.any():
        return float("nan"), float("nan")
    node, other = node[kept], other[kept]
    return float(hops(h, node, other).mean()), float(_dist(table, node, other).mean())


def hops(h: Hierarchy, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Edges between nodes along the spanning tree; trees hang from one common point, 2 edges."""
    top = a.copy()
    for _ in range(h.max_depth + 1):
        inside = (h.first[top] <= h.first[b]) & (h.first[b] < h.last[top])
        lift = (top >= 0) & ~inside
        if not lift.any():
            break
        top[lift] = h.parent[top[lift]]
    common = np.where(top >= 0, h.depth[top], -1)
    return h.depth[a] + h.depth[b] - 2 * common


def _draw(
    spec: RunSpec, index: Mapping[str, np.ndarray], asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One node for each asked one, by the run's own sampler: (ids, valid)."""
    draw = registry.load("sampler", spec.sampler.name, spec.framework)
    given = random_bits.words(0, "check draws", 0, len(asked))[:, None]
    if spec.framework == "torch":
        import torch

        arrays = {key: torch.tensor(value) for key, value in index.items()}
        ids, valid = draw(arrays, torch.tensor(asked), torch.tensor(given.astype(np.int64)))
    else:
        import jax.numpy as jnp

        on_device = {key: jnp.asarray(value) for key, value in index.items()}
        ids, valid = draw(on_device, jnp.asarray(asked), jnp.asarray(given))
    return np.asarray(ids)[:, 0].astype(np.int64), np.asarray(valid)[:, 0]
