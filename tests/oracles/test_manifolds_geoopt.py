"""The maps of the ball and the hyperboloid against geoopt, in float64."""

import geoopt
import numpy as np
import pytest
import torch

from hardball.methods import registry

poincare = registry.load("manifold", "poincare", "torch")
lorentz = registry.load("manifold", "lorentz", "torch")


@pytest.fixture(params=[1.0, 0.25])
def c(request):  # the oracle rounds c to float32
    return request.param


@pytest.fixture
def drawn(c):
    """Three tangent vectors at the origin and an ambient vector, 50 of each."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 50, 3, dtype=torch.float64, generator=generator)


def test_the_ball_agrees_with_geoopt(c, drawn):
    oracle = geoopt.PoincareBall(c=c)
    x, y = (poincare.exp0(v, c) for v in drawn[:2])
    v = drawn[2]
    for ours, theirs in [
        # geoopt's expmap0 measures v in coordinates: twice the hyperbolic length.
        (x, oracle.expmap0(drawn[0] / 2)),
        (poincare.log0(x, c), 2 * oracle.logmap0(x)),
        (poincare.radius(x, c), oracle.dist0(x)),
        (poincare.dist(x, y, c), oracle.dist(x, y)),
        (poincare.exp_map(x, v, c), oracle.expmap(x, v, project=False)),
        (poincare.log_map(x, y, c), oracle.logmap(x, y)),
        (poincare.transport(x, y, v, c), oracle.transp(x, y, v)),
        (poincare.egrad_to_rgrad(x, v, c), oracle.egrad2rgrad(x, v)),
        (poincare.norm(x, v, c), oracle.norm(x, v)),
    ]:
        # Measured 2e-10 relative, from the clamps inside the oracle.
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)


def test_the_hyperboloid_agrees_with_geoopt(c, drawn):
    oracle = geoopt.Lorentz(k=1 / c)
    x, y = (lorentz.exp0(v, c) for v in drawn[:2])
    ambient = torch.cat([drawn[3], drawn[2][:, :1]], dim=1)
    v = lorentz.egrad_to_rgrad(x, ambient, c)
    for ours, theirs in [
        (x, oracle.expmap0(torch.cat([torch.zeros(50, 1), drawn[0]], dim=1))),
        (lorentz.log0(x, c), oracle.logmap0(x)[:, 1:]),
        (lorentz.dist(x, y, c), oracle.dist(x, y)),
        (lorentz.exp_map(x, v, c), oracle.expmap(x, v, project=False)),
        (lorentz.log_map(x, y, c), oracle.logmap(x, y)),
        (lorentz.transport(x, y, v, c), oracle.transp(x, y, v)),
        (v, oracle.egrad2rgrad(x, ambient)),
        (lorentz.norm(x, v, c), oracle.norm(v)),
    ]:
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
