"""A learned curvature, held near a target."""

from math import log

import numpy as np

from hardball.methods.declare import regularizer
from hardball.methods.facts import Fact
from hardball.methods.handed import Head
from hardball.methods.parameter import real
from hardball.methods.regularizers.common import RATE
from hardball.methods.sources import CHAMI_2019


def head(problem):
    """log_c (), the logarithm of the curvature, which begins at that of the manifold."""
    c = float(problem.spec.manifold.params.get("c", 1.0))
    return Head({"log_c": np.array(log(c))}, {})


@regularizer(
    summary="learns the curvature of the loss's distances: weight x squared log of c / `target`",
    source=(
        "Gu et al. 2019, Learning Mixed-Curvature Representations in Product Spaces; "
        f"{CHAMI_2019}, section 4.3"
    ),
    build=head,
    parameters={
        "weight": real(0.1, "factor of the term", at_least=0),
        "target": real(1.0, "the c of curvature -c at which nothing is paid", above=0),
        "lr": RATE,
    },
    owns=(Fact("log_c", (), "log of the curvature c", "term", -1, 1, moves=True),),
    curves=True,
)
def curvature_penalty(xp, log_c, *, weight, target):
    """weight (log c - log target)^2; () -> ().

    With this term the loss's distances are those of curvature -c, whose logarithm is trained. The
    sources learn c; the penalty is hardball's.
    """
    off = log_c - log(target)
    return weight * off * off
