"""Tangent vectors spread alike in all directions."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import choice, real


@regularizer(
    summary="weight x |T^T T / n - I|^2 of a batch's n tangent vectors T, d x d",
    source="Bansal, Chen & Wang 2018, Can We Gain More from Orthogonality Regularizations, Eq. 1",
    parameters={
        "weight": real(0.01, "factor of the term", at_least=0),
        "form": choice("identity", "scaled", summary="scaled leaves the mean length alone"),
    },
)
def orthogonality(xp, tangent, *, weight, form):
    """weight |M - I|_F^2 with M = T^T T / n, dim x dim; (n, dim) -> ().

    form: "identity", or "scaled" for M over the mean of its diagonal, which asks for an equal
    spread in every direction and leaves lengths alone; M is 0 where T is. "identity" overflows
    float32 beyond lengths of 1e9, which only Euclidean space has. The source's W is T / sqrt(n).
    """
    count, dim = tangent.shape
    if form == "scaled":
        spread = xp.sum(tangent * tangent) / (count * dim)
        tangent = tangent / xp.sqrt(xp.where(spread > 0, spread, 1))
    off = xp.product(tangent.T, tangent) / count - xp.eye(dim, tangent)
    return weight * xp.sum(off * off)
