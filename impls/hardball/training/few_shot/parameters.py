"""The arrays of the initialiser that learns where new nodes begin, the same in both frameworks."""

from math import sqrt

import numpy as np

from hardball.core import random_bits
from hardball.training.few_shot.outer import Arrays
from hardball.training.few_shot.rules import Lengths
from hardball.training.few_shot.subtrees import LIKE

AT_TOP = 4.0
"""What the top's logit is ahead at first."""


def start(seed: int, width: int, hidden: int, dim: int, known: Lengths) -> Arrays:
    """Arrays by name, float64, that say what the rule `constructive` says, up to small terms.

    With x (F,) the features of a node and a its random direction,
        y = tanh(x hidden + hidden_bias),  (o, t) = y out + out_bias,
        outward = o,  aside = t + spread a,
        share = softmax over the top and what is shown of (alike . weights).
    hidden (F, H) within sqrt(6 / (F + H)) and out (H, D + 1) within a tenth of sqrt(6 / (H + D +
    1)), both uniform; spread (); alike (4,), see `subtrees.LIKE`. Words are named by seed and
    few_shot/<name>. Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    wide, narrow = sqrt(6 / (width + hidden)), 0.1 * sqrt(6 / (hidden + dim + 1))
    bias = np.zeros(dim + 1)
    bias[0] = known.outward
    alike = np.zeros(len(LIKE))
    alike[LIKE.index("top")] = AT_TOP
    return {
        "hidden": wide * random_bits.symmetric(seed, "few_shot/hidden", (width, hidden)),
        "hidden_bias": np.zeros(hidden),
        "out": narrow * random_bits.symmetric(seed, "few_shot/out", (hidden, dim + 1)),
        "out_bias": bias,
        "spread": np.array(known.aside),
        "alike": alike,
    }
