"""What regularisers with arrays of their own share."""

from math import sqrt

import numpy as np

from hardball.core import random_bits
from hardball.methods.parameter import real

RATE = real(0.01, "rate of the term's own arrays where the run's is its first one", above=0)


def layer(seed, purpose, ins, outs):
    """A map (ins, outs), uniform within sqrt(6 / (ins + outs)), and a bias of zeros; NumPy.

    Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    limit = sqrt(6 / (ins + outs))
    return limit * random_bits.symmetric(seed, f"heads/{purpose}", (ins, outs)), np.zeros(outs)


def mean_of(xp, each, counted):
    """The mean of those entries of each (n,) that counted (n,) says; 0 where it says none."""
    total = xp.sum(xp.where(counted, each, 0))
    return total / xp.astype(xp.maximum(xp.sum(counted), 1), each)
