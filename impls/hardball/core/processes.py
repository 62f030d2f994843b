"""A measurement in a process of its own, with the threads and the memory it is given."""

import json
import os
import subprocess
import sys
from typing import Any

from hardball.core import interpreter
from hardball.core.errors import HardballError

# What each library reads for the number of its threads.
THREADS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC",
)  # fmt: skip
# What a job of a suite is given too: memory that a step frees is kept, not faulted in again.
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30)}
# Naming the default keeps it from rising: what is freed goes back, and peaks can be told.
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": str(2**17)}
_ERROR = f"{HardballError.__module__}.{HardballError.__qualname__}: "


def measured(
    module: str, request: dict[str, Any], threads: int, who: str, *, keep: bool = True
) -> Any:
    """What `python -m module` wrote as JSON, given the request as JSON.

    keep: whether it keeps memory that it frees, as runs do.
    Raises HardballError with the process's last line, after `who`.
    """
    interpreter.export()
    memory = KEPT if keep else GIVEN_BACK
    process = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        env={
            **os.environ,
            **dict.fromkeys(THREADS, str(threads)),
            **memory,
        },
    )
    if process.returncode:
        lines = [line for line in process.stderr.splitlines() if line.strip()]
        said = lines[-1] if lines else "ended without a word"
        raise HardballError(f"{who}: {said.removeprefix(_ERROR)}")
    return json.loads(process.stdout.splitlines()[-1])
