"""Fermi-Dirac links whose radius and temperature are trained with the embedding."""

from math import log

import numpy as np

from hardball.methods.declare import loss
from hardball.methods.facts import Fact
from hardball.methods.handed import Head
from hardball.methods.losses.common import mean_over_negatives
from hardball.methods.parameter import real
from hardball.methods.regularizers.common import RATE
from hardball.methods.sources import NICKEL_2017


def head(problem, *, radius, temperature):
    """log_radius and log_temperature (), which begin at the logs of the loss's parameters."""
    return Head(
        {"log_radius": np.array(log(radius)), "log_temperature": np.array(log(temperature))}, {}
    )


@loss(
    summary="fermi_dirac whose radius and temperature are learned",
    source=f"{NICKEL_2017}, Eq. 7",
    build=head,
    parameters={
        "radius": real(2.0, "distance r at which a link is as likely as not, at first", above=0),
        "temperature": real(1.0, "how gradually the probability falls around r, at first", above=0),
        "lr": RATE,
    },
    owns=(
        Fact("log_radius", (), "log of the radius r", "term", -1, 1, moves=True),
        Fact("log_temperature", (), "log of the temperature t", "term", -1, 1, moves=True),
    ),
)
def fermi_dirac_learned(xp, d_pos, d_neg, weight, log_radius, log_temperature):
    """`fermi_dirac` at r = e^log_radius, t = e^log_temperature, per example (B,).

    The paper sets r and t; here both are trained, by Adam at the rate `lr`, their logs so that they
    stay positive. d_pos (B,), d_neg (B, K): distances; weight (B, K): a multiplicity, 0 masks;
    log_radius, log_temperature (). Without negatives it is the positive term alone.
    """
    radius, temperature = xp.exp(log_radius), xp.exp(log_temperature)
    near = xp.softplus((d_pos - radius) / temperature)
    far = xp.softplus((radius - xp.sign(weight) * d_neg) / temperature)
    return near + mean_over_negatives(xp, far, weight)
