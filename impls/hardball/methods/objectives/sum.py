"""The terms added up by their own weights."""

from hardball.methods.declare import objective


@objective(
    name="sum",
    summary="the main loss and the regularisers, added up by their weights",
    source="Caruana 1997, Multitask Learning",
)
def weighted_sum(xp, values):
    """f_i = 1: the terms add up by their own weights; (T,) -> (T,)."""
    return xp.ones_like(values)
