"""How the weight of a regulariser goes over a run: its parameter `schedule`."""


def schedule(xp, progress, name):
    """What a term is multiplied by at progress p, 0 at a run's first step and 1 at its last.

    () -> (); constant: 1; decay: 1 - p; ramp: p; late_ramp: max(0, 2 p - 1).
    Source: Bengio et al. 2009, Curriculum Learning, for terms that come in one after another.
    """
    if name == "decay":
        return 1 - progress
    if name == "ramp":
        return progress
    if name == "late_ramp":
        return xp.maximum(2 * progress - 1, 0)
    return xp.ones_like(progress)
