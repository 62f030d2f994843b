"""Elastic weight consolidation: what mattered to an earlier training stays where it was."""

from hardball.methods.declare import regularizer
from hardball.methods.parameter import real, whole
from hardball.methods.starts.earlier import goes_on


@regularizer(
    summary="weight / 2 x Fisher-weighted squared distance from the points of `start: run`",
    source="Kirkpatrick et al. 2017, Overcoming catastrophic forgetting, Eq. 3",
    fits=goes_on,
    parameters={
        "weight": real(1.0, "lambda of Eq. 3", at_least=0),
        "batches": whole(100, "batches that the Fisher information is a mean of", at_least=1),
    },
)
def ewc(xp, vectors, start, fisher, *, weight):
    """weight / 2 sum_k F_k (t_k - t*_k)^2 of each row; three times (m, dim) -> (m,).

    Of all rows of a batch, anchors, positives and draws, a node as often as it occurs. vectors t
    and start t*: tangent vectors at the origin, now and when the run began; fisher: F, times the
    number of nodes, so that a mean over rows stands for the sum over nodes.
    """
    return xp.sum(_energy(vectors, start, fisher, weight), axis=-1)


def ewc_of_layers(xp, params, start, fisher, weights):
    """sum over layers n of weights[n] / 2 sum_i F_ni (p_ni - p*_ni)^2, of named arrays; -> ().

    params: a model's arrays, such as those of `hgat`'s `to_arrays`; start: the same p* at the end
    of the earlier training; fisher: F, the mean squared gradient there, of the same shapes. A layer
    that weights does not name is free. Raises KeyError on a weight without its arrays.
    Source: Kirkpatrick et al. 2017, Overcoming catastrophic forgetting, Eq. 3; its lambda is the
    weight, here one a layer.
    """
    total = xp.zeros((), next(iter(params.values())))
    for name, weight in weights.items():
        total = total + xp.sum(_energy(params[name], start[name], fisher[name], weight))
    return total


def _energy(values, start, fisher, weight):
    """weight / 2 F (p - p*)^2."""
    off = values - start
    return weight / 2 * fisher * off * off
