"""The L1 norm of tangent vectors: few coordinates that are not 0."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import real


@regularizer(
    summary="weight x mean L1 norm of the tangent vectors at the origin",
    source="Tibshirani 1996, Regression Shrinkage and Selection via the Lasso",
    parameters={"weight": real(0.01, "factor of the term", at_least=0)},
)
def sparsity(xp, tangent, *, weight):
    """weight sum_k |t_k| of each tangent vector t; (n, dim) -> (n,). The slope at 0 is 0."""
    # As a product with the sign, whose slope at 0 is 0 in both frameworks.
    return weight * xp.sum(tangent * xp.sign(tangent), axis=-1)
