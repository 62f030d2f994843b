"""Compiles a step in a process of its own, so that every run takes it from the cache.

Code that was just compiled and the same code from the cache may add up in another order, and a run
would not repeat the one before it. `python -m hardball.native.warm torch pool float32`
"""

import subprocess
import sys

import numpy as np

from hardball.native.compiled import FOLDER


def ensure(framework: str, kernel: str, dtype: str) -> None:
    """Have the step `kernel`, "pool" or "pairs", in the cache for a framework and a dtype."""
    done = FOLDER / f"{framework}-{kernel}-{dtype}.done"
    if done.exists():
        return
    command = [sys.executable, "-m", __name__, framework, kernel, dtype]
    # Where it fails, the run compiles for itself and meets the same error, if there is one.
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()


def compile_step(framework: str, kernel: str, dtype: str) -> None:
    """Compile in this process."""
    if framework == "jax":
        from hardball.native import xla

        xla.target(kernel, dtype)
        return
    from hardball.native import step

    table, powers, settings = np.zeros((2, 2), dtype), np.ones((3, 1), dtype), np.ones(6, dtype)
    nodes, drawn = np.array([0, 1], np.int32), (2,) if kernel == "pool" else (2, 2)
    ids, weight = np.zeros(drawn, np.int32), np.ones(drawn, dtype)
    known = np.zeros(3, np.int32), np.zeros(0, np.int32)
    codes, sums = np.zeros(3, np.int32), np.zeros(4, dtype)
    given = table, nodes, nodes, ids, weight, *known, powers, settings, codes, sums
    getattr(step, kernel)(*given)


if __name__ == "__main__":
    compile_step(*sys.argv[1:])
