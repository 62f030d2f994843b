"""A family of kernels as asv takes it: names x sizes x frameworks."""

import functools
import math
import time
from typing import Any, ClassVar

from .kernels import Kernel, kernels, version
from .kernels.kernel import Call

SAMPLE = 1e-3


@functools.cache
def made(family: str, name: str, size: int | str, framework: str) -> Call:
    """A kernel's call, made once a process: asv sets up again before every sample.

    Raises NotImplementedError, which asv takes for "skip", where there is no such kernel.
    """
    for kernel in kernels(family):
        if (kernel.name, kernel.size, kernel.framework) == (name, size, framework):
            return kernel.make()
    raise NotImplementedError(f"{family}: no kernel {name}, {size}, {framework}")


@functools.cache
def calls(call: Call) -> int:
    """How many calls make a sample: as many as fill a millisecond, which a clock tells apart."""
    began = time.perf_counter()
    call()
    return min(max(math.ceil(SAMPLE / (time.perf_counter() - began)), 1), 1000)


def axes(chosen: list[Kernel]) -> list[list[Any]]:
    """Names, sizes and frameworks of kernels, in their order."""
    rows = [(kernel.name, kernel.size, kernel.framework) for kernel in chosen]
    return [list(dict.fromkeys(column)) for column in zip(*rows, strict=True)]


class Family:
    """Base of asv's classes; memory: only the kernels whose peak memory says something."""

    family: ClassVar[str]
    params: ClassVar[list[list[Any]]]
    version: ClassVar[str]
    param_names: ClassVar[list[str]] = ["kernel", "size", "framework"]
    timeout = 600
    rounds = 1
    # At least 7 samples, then up to 40 as long as they fit 0.3 s. The rank test that asv compares
    # with (p < 0.002, both sides) can tell no two sets of 6 apart: 2 / C(12, 6) = 0.0022.
    repeat = (7, 40, 0.3)
    warmup_time = 0.05

    def __init_subclass__(cls, family: str = "", memory: bool = False) -> None:
        if family:
            chosen = [kernel for kernel in kernels(family) if kernel.memory or not memory]
            cls.family, cls.params, cls.version = family, axes(chosen), version(family)

    def setup(self, name: str, size: int | str, framework: str) -> None:
        self.call = made(self.family, name, size, framework)
        self.number = calls(self.call)
