"""Where a run came from: versions, machine, commit, time."""

import contextlib
import ctypes
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import hardball

PACKAGE = Path(hardball.__file__).parent


def provenance() -> dict[str, Any]:
    """The columns of a row that name the machine and the software it ran on."""
    return {
        "hardball": hardball.__version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "jax": version("jax"),
        "torch": version("torch"),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def version(package: str) -> str:
    """Installed version, "" when there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


@cache
def git_commit() -> str:
    """Commit of the checkout around the package, "+" after it when the code differs, "" without."""
    commands = ["rev-parse", "HEAD"], ["status", "--porcelain", "--", "."]
    try:
        commit, changes = (
            subprocess.run(
                ["git", "-C", str(PACKAGE), *command], capture_output=True, text=True, check=True
            ).stdout.strip()
            for command in commands
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if changes else "")


@cache
def cpu_name() -> str:
    """Model name of the processor, as the system tells it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def accelerator_name(framework: str, device: Any) -> str:
    """Name of the accelerator that a `jax.Device` or `torch.device` is, "" on a CPU."""
    if framework == "jax":
        return "" if device.platform == "cpu" else str(device.device_kind)
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else ""


def processors() -> int:
    """Processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory_mb() -> float:
    """Largest resident size of this process since `begin_peak_memory`, or since it started.

    In MB; 0 where the system does not tell.
    """
    try:
        said = Path("/proc/self/status").read_text()
        found = re.search(r"^VmHWM:\s*(\d+) kB$", said, re.M)
    except OSError:
        found = None
    if found:
        return int(found[1]) / 2**10
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def begin_peak_memory() -> None:
    """Let the peak begin at what is in use now; unused memory goes back to the system first.

    Does nothing where the system has no such thing: the peak is then the process's.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
