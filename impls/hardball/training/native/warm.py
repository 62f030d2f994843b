"""Compiles a kernel in a process of its own, so that every run takes it from the cache.

Code that was just compiled and the same code from the cache may add up in another order, and a run
would not repeat the one before it. `python -m hardball.training.native.warm torch train float32`
"""

import subprocess
import sys

import numpy as np

from hardball.core import files
from hardball.training.native import choice, lean, rows, step, xla
from hardball.training.native.compiled import FOLDER
from hardball.training.native.settings import PRECISIONS


def ensure(framework: str, kernel: str, precision: str) -> None:
    """Have a kernel in the cache for a framework and one of PRECISIONS.

    kernel: "train", "lean" (see `settings.step_kernel`) or "choose". Of several processes that ask
    for one, one compiles it and the others wait.
    """
    done = FOLDER / f"{framework}-{kernel}-{precision}.done"
    if done.exists():
        return
    command = [sys.executable, "-m", __name__, framework, kernel, precision]
    with files.locked(done):
        if done.exists():
            return
        # Where it fails, the run compiles for itself and meets the same error, if there is one.
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            done.touch()


def compile_kernel(framework: str, kernel: str, precision: str) -> None:
    """Compile in this process."""
    if framework == "jax":
        xla.target(kernel, precision)
        return
    dtype, work = PRECISIONS[precision]
    numbers = np.empty(0, work)
    table, powers, settings = np.zeros((2, 4), dtype), np.ones((3, 1), dtype), np.ones(11, dtype)
    nodes, own = np.array([0, 1], np.int32), np.zeros((2, 2), np.int32)
    negatives = nodes, np.ones(2, dtype), own, np.ones((2, 2), dtype)
    known = np.zeros(3, np.int32), np.zeros(0, np.int32)
    if kernel == "choose":
        heat, codes = np.ones(1, dtype), np.array([0, 0, 4, *[0] * 6], np.int32)
        fine, ranges = own.astype(np.uint8), (known[0], nodes, nodes)
        given = table, nodes, nodes, own, fine, own.astype(np.uint32), *known, *ranges
        choice.choose(*given, powers, settings, codes, heat, numbers, own, fine)
        return
    codes, sums = np.array([0, 0, 4, 0, 0], np.int32), np.zeros(4, dtype)
    take, codes[1] = (lean.train, rows.RMSPROP) if kernel == "lean" else (step.train, rows.RSGD)
    take(table, nodes, nodes, *negatives, *known, powers, settings, codes, numbers, sums)


if __name__ == "__main__":
    compile_kernel(*sys.argv[1:])
