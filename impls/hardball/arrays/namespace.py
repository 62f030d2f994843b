"""The array namespace: one set of names for JAX and PyTorch, so that a method is written once.

`namespace("jax")` and `namespace("torch")` are the modules `arrays.on_jax` and `arrays.on_torch`,
which have the same public names. A method's body takes one of them as `xp`; nothing is dispatched
in a call, since `Entry.bind` gives `xp` to the body once.
"""

from types import ModuleType
from typing import Any

from hardball.core import optional
from hardball.core.errors import HardballError

FRAMEWORKS = ("jax", "torch")

# For annotations: a namespace, and an array of either framework.
Namespace = ModuleType
Array = Any


def namespace(framework: str) -> ModuleType:
    """The namespace of "jax" or "torch"; imports the framework.

    Raises HardballError on another name, and where the framework is not installed.
    """
    if framework not in FRAMEWORKS:
        raise HardballError(f"unknown framework {framework!r}: allowed are {', '.join(FRAMEWORKS)}")
    return optional.load(f"hardball.arrays.on_{framework}", f"framework={framework}")


def namespace_of(array: Any) -> ModuleType:
    """The namespace of an array's own framework.

    >>> import torch
    >>> namespace_of(torch.zeros(2)).NAME
    'torch'
    """
    return namespace("torch" if type(array).__module__.startswith("torch") else "jax")
