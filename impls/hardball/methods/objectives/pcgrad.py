"""Gradient surgery: each term's gradient without what conflicts with the others."""

from hardball.methods.declare import objective
from hardball.methods.objectives.shares import has_terms


@objective(
    summary="each term's gradient less its part against the others; one backward pass a term",
    source="Yu et al. 2020, Gradient Surgery for Multi-Task Learning, Algorithm 1",
    fits=has_terms,
)
def pcgrad(xp, products):
    """Factors of the gradients in the sum of all, each less its conflicts; (T, T) -> (T,).

    g_i' = g_i; then for each j != i, where <g_i', g_j> < 0: g_i' -= <g_i', g_j> / |g_j|^2 g_j. The
    step goes along sum_i g_i', which is linear in the gradients: their products suffice. The source
    takes the j in random order; here it is that of the terms, so that runs repeat.
    """
    count = len(products)
    kept = xp.eye(count, products)
    for j in range(count):
        other = xp.arange(count, products) != j
        conflict = xp.minimum(xp.product(kept, products[:, j]), 0) * other
        # Nothing conflicts with a gradient of length 0.
        square = xp.where(products[j, j] > 0, products[j, j], 1)
        kept = kept - xp.outer(conflict / square, xp.astype(~other, products))
    return xp.sum(kept, axis=0)
