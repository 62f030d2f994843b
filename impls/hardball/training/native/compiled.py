"""Compiling, with a cache that notices a change in any file of the package.

Numba's own cache compares a function with its file alone, so a function would go on calling what
another file said before. Here the folder of the cache is named by the sources of the package.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import cfunc, njit, types

_CONFIG: Any = numba.config
_HERE = Path(__file__).parent


def _folder() -> Path:
    sources = b"\0".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
    return _HERE / "__pycache__" / f"native-{hashlib.sha256(sources).hexdigest()[:16]}"


FOLDER = _folder()


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit` with these options, cached for these very sources."""
    return lambda function: _cached(lambda: njit(cache=True, **options)(function))


def callback(function: Callable[..., Any]) -> Any:
    """A C function of one address that returns an integer, cached for these very sources."""
    # Starts numba's threads: code from the cache links to their entry points, without asking.
    numba.get_num_threads()
    return _cached(lambda: cfunc(types.intp(types.intp), cache=True)(function))


def _cached(compile: Callable[[], Any]) -> Any:
    """What `compile` gives while numba is told where to keep it."""
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = str(FOLDER)
    try:
        return compile()
    finally:
        _CONFIG.CACHE_DIR = before
