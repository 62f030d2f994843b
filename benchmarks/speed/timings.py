"""Seconds a call of every kernel."""

from .family import Family


class _Timed(Family):
    def time_call(self, name: str, size: int | str, framework: str) -> None:
        self.call()


class Samplers(_Timed, family="samplers"):
    """Draws of negatives."""


class Losses(_Timed, family="losses"):
    """Losses and regularisers, forward and backward."""


class Manifolds(_Timed, family="manifolds"):
    """Operations of the manifolds."""


class Optimizers(_Timed, family="optimizers"):
    """A step on the touched rows."""


class Engines(_Timed, family="engines"):
    """Whole steps of training."""


class Hierarchies(_Timed, family="hierarchies"):
    """What is computed once, on the host."""


class Evaluators(_Timed, family="evaluators"):
    """Exact figures over all nodes."""
