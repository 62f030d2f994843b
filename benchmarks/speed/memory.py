"""Peak memory of a process that builds and calls a kernel once, at the kernel's largest size.

Imports count: JAX is some 0.2 GB and PyTorch some 0.3 GB of every figure.
"""

from .family import Family


class _Measured(Family):
    def peakmem_call(self, name: str, size: int | str, framework: str) -> None:
        self.call()


class Samplers(_Measured, family="samplers", memory=True):
    """Draws of negatives."""


class Losses(_Measured, family="losses", memory=True):
    """Losses and regularisers, forward and backward."""


class Manifolds(_Measured, family="manifolds", memory=True):
    """Distances and their gradients."""


class Engines(_Measured, family="engines", memory=True):
    """Whole steps of training."""


class Hierarchies(_Measured, family="hierarchies", memory=True):
    """Samplers' arrays and the closure at 2.6 million nodes."""


class Evaluators(_Measured, family="evaluators", memory=True):
    """Exact figures over all nodes."""
