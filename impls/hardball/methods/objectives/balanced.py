"""Every regulariser scaled to a share of the main loss."""

from hardball.methods.declare import objective
from hardball.methods.objectives.shares import has_terms
from hardball.methods.parameter import real


@objective(
    summary="each regulariser scaled, at every step, to `share` of the main loss",
    source="Chennupati et al. 2019, MultiNet++, Geometric Loss Strategy",
    fits=has_terms,
    parameters={
        "share": real(0.1, "size of each regulariser, a share of the main loss", at_least=0),
        "floor": real(1e-3, "a term below it is scaled as if it were this large", above=0),
    },
)
def balanced(xp, values, *, share, floor):
    """f_0 = 1, f_i = share |L_0| / max(|L_i|, floor); (T,) -> (T,).

    Every regulariser weighs `share` of the main loss, whatever its own weight, unless it is below
    `floor`. The source's geometric mean of the terms has this direction at share 1; share and floor
    are hardball's.
    """
    size = xp.abs(values)
    factors = share * size[0] / xp.maximum(size, floor)
    return xp.where(xp.arange(len(values), values) == 0, 1, factors)
