"""Every kernel that is measured: asv, pytest-benchmark and the tests read this one list.

The list follows the catalogue: a new sampler, loss, manifold or optimiser is in it unasked.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from . import engines, evaluators, hierarchies, losses, manifolds, optimizers, samplers
from .kernel import FRAMEWORKS, HOST, Kernel

FAMILIES: dict[str, ModuleType] = {
    "samplers": samplers,
    "losses": losses,
    "manifolds": manifolds,
    "optimizers": optimizers,
    "engines": engines,
    "hierarchies": hierarchies,
    "evaluators": evaluators,
}


def kernels(family: str | None = None) -> Iterator[Kernel]:
    """All kernels, or those of one family. Imports neither framework, builds nothing."""
    for name, module in FAMILIES.items():
        if family in (None, name):
            yield from module.kernels()


def version(family: str) -> str:
    """Changes when the definition of a family's kernels does, after which figures start anew."""
    folder = Path(__file__).parent
    files = [folder / f"{name}.py" for name in (family, "frameworks", "kernel", "trees")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


__all__ = ["FAMILIES", "FRAMEWORKS", "HOST", "Kernel", "kernels", "version"]
