"""A quick look at the kernels of this working tree: `make bench-quick`.

Out of the normal test run. JAX and PyTorch each get a process of their own, since after JAX PyTorch
can be slow for reasons that are not its own; the groups put their figures side by side.
"""

import re
import time
from typing import Any

import pytest

from speed.family import calls
from speed.kernels import Kernel, kernels

SECONDS = 0.2


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    wanted, framework = metafunc.config.option.kernels, metafunc.config.option.framework
    chosen = [
        kernel
        for kernel in kernels()
        if re.search(wanted, kernel.id) and framework in ("", kernel.framework)
    ]
    metafunc.parametrize("kernel", chosen, ids=lambda kernel: kernel.id)


def test_kernel(benchmark: Any, kernel: Kernel) -> None:
    call = kernel.make()
    iterations = calls(call)
    began = time.perf_counter()
    for _ in range(iterations):
        call()
    rounds = min(max(int(SECONDS / (time.perf_counter() - began)), 5), 30)
    benchmark.group = kernel.id.rpartition("/")[0]
    benchmark.extra_info |= {"units": kernel.units, "unit": kernel.unit}
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=2, iterations=iterations)
