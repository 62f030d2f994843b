"""Shadow cones: energies against shadows drawn point by point, in the half plane and the disk."""

import numpy as np
import pytest
import torch

from hardball.arrays import on_numpy, on_torch
from hardball.core.errors import HardballError
from hardball.methods import facts, registry
from hardball.methods.losses import shadow_cones
from hardball.metrics.polar import to_polar
from hardball.runs.spec import RunSpec
from hardball.training import loop, measures

LOSSES = ("umbral_ball", "penumbral_ball", "umbral_half_space", "penumbral_half_space")
SIZE, TOP = 0.3, 1.5
SEEDS = range(40)


def apart(p, q):
    """Hyperbolic distance of points (x, y) of the half plane."""
    return np.arccosh(1 + ((p - q) ** 2).sum(-1) / (2 * p[..., 1] * q[..., 1]))


def far(p, q):
    """Hyperbolic distance of points of the disk."""
    gap = ((p - q) ** 2).sum(-1)
    return np.arccosh(1 + 2 * gap / ((1 - (p**2).sum(-1)) * (1 - (q**2).sum(-1))))


def some(count, seed=0):
    """Points of the half plane, most within distance 3 of (0, 1)."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.normal(0, 2, count), np.exp(rng.normal(0, 1, count))], axis=1)


def disk(points):
    """The disk's points of points of the half plane, whose (0, 1) is the origin."""
    z = points[..., 0] + 1j * points[..., 1]
    w = (z - 1j) / (z + 1j)
    return np.stack([w.real, w.imag], axis=-1)


def rim(centre, size, count=4000):
    """The circle of hyperbolic radius `size` around a point of the half plane."""
    angle = np.linspace(0, 2 * np.pi, count)
    x, y = centre
    middle, radius = y * np.cosh(size), y * np.sinh(size)
    return np.stack([x + radius * np.cos(angle), middle + radius * np.sin(angle)], axis=1)


def ray(direction, count=40_001):
    """Points of the disk along a ray from the origin, as complex numbers."""
    return np.tanh(np.linspace(0, 8, count) / 2) * np.exp(1j * direction)


def levels(node, apex):
    """Distance and levels of two points of the half plane, as the energies take them."""
    return apart(node, apex), np.log(node[1]), np.log(apex[1])


def pair_of_the_disk(seed):
    """A node and its apex, what the energies are told of them, and the angle towards the apex."""
    node, apex = disk(some(2, seed))
    if 2 * np.arctanh(np.linalg.norm(apex)) <= 1.2 * SIZE:
        node, apex = disk(some(2, seed + 1000))
    polar = to_polar(np.stack([node, apex]), "poincare")
    given = shadow_cones.told(polar, np.array([[0, 1]]))
    turn = apex[0] * node[1] - apex[1] * node[0]
    return node, apex, {n: v[0] for n, v in given.items()}, np.sign(turn), np.angle(apex @ [1, 1j])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ball_of_the_half_plane_is_in_the_shadow_where_its_energy_is_negative(seed):
    """Light falls straight down: the shadow is a strip, above whose foot the other ball hangs."""
    node, apex = some(2, seed)
    energy = shadow_cones.umbral_half_space_energy(on_numpy, *levels(node, apex), size=SIZE)
    left, right = apex[0] + apex[1] * np.sinh(SIZE) * np.array([-1, 1])
    circle = rim(node, SIZE)
    inside = (circle[:, 0] > left) & (circle[:, 0] < right)
    assert (energy < 0) == inside.all()
    edge = right if node[0] > apex[0] else left
    line = np.stack([np.full(20_001, edge), np.geomspace(1e-4, 1e4, 20_001)], axis=1)
    distance = apart(node, line).min()
    within = left < node[0] < right
    assert energy == pytest.approx(SIZE - distance if within else SIZE + distance, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_point_of_the_half_plane_is_in_the_penumbra_by_its_energy(seed):
    """The last rays that meet apex and light are half circles that touch the light's height."""
    node, apex = some(2, seed)
    apex[1] = min(apex[1], 0.95 * np.exp(TOP))
    energy = shadow_cones.penumbral_half_space_energy(on_numpy, *levels(node, apex), top=TOP)
    radius, distance, outside = np.exp(TOP), np.inf, False
    for side in (-1, 1):
        middle = apex[0] + side * np.sqrt(radius**2 - apex[1] ** 2)
        # From the apex down to the ground on the side that is turned away from the middle.
        start = np.arctan2(apex[1], apex[0] - middle)
        ground = np.pi if side > 0 else 0.0
        angle = ground + (start - ground) * np.geomspace(1e-7, 1, 100_001)
        arc = np.stack([middle + radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        distance = min(distance, apart(node, arc).min())
    # Below the apex, the inner sides of the two arcs bound the shadow.
    if node[1] < apex[1]:
        reach = np.sqrt(radius**2 - node[1] ** 2) - np.sqrt(radius**2 - apex[1] ** 2)
        outside = abs(node[0] - apex[0]) > reach
    else:
        outside = True
    assert energy == pytest.approx(distance if outside else -distance, abs=2e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ball_of_the_disk_is_in_the_shadow_by_its_energy(seed):
    """Light from the origin: the edges of the shadow are rays that touch the apex's ball."""
    node, _, given, side, towards = pair_of_the_disk(seed)
    told = given["theta"], given["r"], given["r_pos"]
    energy = shadow_cones.umbral_ball_energy(on_numpy, *told, size=SIZE)
    half = np.arcsin(np.sinh(SIZE) / np.sinh(given["r_pos"]))
    edge = ray(towards + side * half)
    distance = far(node, np.stack([edge.real, edge.imag], axis=1)).min()
    within = given["theta"] < half
    assert energy == pytest.approx(SIZE - distance if within else SIZE + distance, abs=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_point_of_the_disk_is_in_the_penumbra_by_its_energy(seed):
    """Light from a ball at the origin: the last rays through the apex touch that ball."""
    node, apex, given, side, towards = pair_of_the_disk(seed)
    told = given["xi"], given["d"], given["r_pos"]
    energy = shadow_cones.penumbral_ball_energy(on_numpy, *told, size=SIZE)
    half = np.arcsin(np.sinh(SIZE) / np.sinh(given["r_pos"]))
    place = apex @ [1, 1j]
    along, back = (ray(towards + side * half + turn) for turn in (0, np.pi))
    edge, behind = ((z + place) / (1 + np.conj(place) * z) for z in (along, back))
    distance = far(node, np.stack([edge.real, edge.imag], axis=1)).min()
    assert energy == pytest.approx(-distance if given["xi"] < half else distance, abs=1e-4)
    # The same geodesic, followed backwards, comes as near to the origin as the light is large.
    origin = far(np.zeros(2), np.stack([behind.real, behind.imag], axis=1)).min()
    assert origin == pytest.approx(SIZE, abs=1e-3)


def test_levels_are_logs_of_heights_in_the_half_space():
    """The half plane's top is the disk's point (1, 0)."""
    points = some(200)
    space = registry.load("manifold", "poincare", "torch")
    found = measures.length(on_torch, space, "level", torch.tensor(disk(points)), 1.0)
    np.testing.assert_allclose(found, np.log(points[:, 1]), atol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
def test_training_and_evaluator_have_one_energy(name):
    """The loss of a pair without negatives is its energy where that is positive."""
    points = np.random.default_rng(3).normal(size=(40, 4)) * 2
    polar, pairs = to_polar(points, "tangent"), np.stack([np.arange(20), np.arange(20, 40)], 1)
    known = registry.entry("loss", name)
    energy = known.energy(polar, pairs, **known.parameters)
    loss, space = (registry.load(*k, "torch") for k in (("loss", name), ("manifold", "tangent")))
    rows = torch.tensor(points)
    batch = measures.Rows(rows[:20], rows[20:], rows[:0], rows[:20, None])
    near, away = measures.compared(on_torch, space, facts.measure_of(loss), batch, 1.0)
    beside = measures.measured(on_torch, space, batch, facts.beside_measure(loss), 1.0)
    found = loss(near, away, torch.zeros(20, 1, dtype=torch.float64), **beside)
    np.testing.assert_allclose(found, np.maximum(energy, 0), atol=1e-9)
    assert (energy > 0).any()


@pytest.mark.parametrize("name", LOSSES)
def test_wrong_pairs_cost_until_they_are_out_by_the_margin(name):
    loss, known = registry.load("loss", name, "torch"), registry.entry("loss", name)
    where = {"theta_pos": 0.0, "xi_pos": 0.0, "d_pos": 1.0, "r_pos": 1.0, "r": 3.0}
    where |= {"level": -1.0, "level_pos": 0.0}
    out = {"theta_neg": 3.0, "xi_neg": 3.0, "d_neg": 4.0, "r_neg": 1.0, "level_neg": -1.0}
    taken = facts.takes(loss)
    given = {n: torch.tensor([v]).double() for n, v in where.items() if n in taken}
    given |= {n: torch.tensor([[v]]).double() for n, v in out.items() if n in taken}
    given |= {
        "weight": torch.ones(1, 1).double(),
        **({"top": 1.0} if "top" in known.parameters else {}),
    }
    assert loss(**given, margin=1.0).item() == 0
    assert 0 < loss(**given, margin=9.0).item() < 9


def test_shadows_are_those_of_curved_space():
    spec = RunSpec(dataset="d", framework="torch", seed=0, loss="umbral_ball", manifold="euclidean")
    with pytest.raises(HardballError, match="allowed are curved manifolds"):
        loop.check(spec)
