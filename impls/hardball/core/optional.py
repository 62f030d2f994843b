"""Packages that only some commands need: which extra brings each, and what is said without it."""

import contextlib
import importlib
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType

from hardball.core.errors import HardballError

# What is imported -> (the package's name, the extra of pyproject.toml that brings it).
EXTRAS = {
    "jax": ("jax", "jax"),
    "torch": ("torch", "torch"),
    "flax": ("flax", "encoders"),
    "optax": ("optax", "encoders"),
    "matplotlib": ("matplotlib", "report"),
    "jinja2": ("jinja2", "report"),
    "marisa_trie": ("marisa-trie", "data"),
    "zstandard": ("zstandard", "data"),
    "rdflib": ("rdflib", "owl"),
    "hnswlib": ("hnswlib", "neighbors"),
    "gensim": ("gensim", "peers"),
    "geoopt": ("geoopt", "peers"),
    "hypll": ("hypll", "peers"),
    "optuna": ("optuna", "tune"),
    "rocrate": ("rocrate", "crate"),
    "mlcroissant": ("mlcroissant", "croissant"),
}


def missing(module: str, what: str = "this") -> HardballError:
    """The error of a package that is not installed; `what` needs it.

    >>> print(missing("marisa_trie", "reading taxa.whl"))
    reading taxa.whl needs marisa-trie: pip install 'hardball[data]'
    """
    package, extra = EXTRAS[module]
    return HardballError(f"{what} needs {package}: pip install 'hardball[{extra}]'")


@contextlib.contextmanager
def needing(what: str = "this") -> Iterator[None]:
    """Turns the failed import of a package in `EXTRAS` into one line; others pass.

    Raises HardballError, which names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        raise missing(module, what) from None


def load(module: str, what: str) -> ModuleType:
    """A module by its name; raises HardballError where a package that it imports is missing."""
    with needing(what):
        return importlib.import_module(module)


def require(module: str, what: str) -> None:
    """Raises HardballError where a package of `EXTRAS` is not installed; imports nothing."""
    if not installed(module):
        raise missing(module, what)


def installed(module: str) -> bool:
    """Whether a package can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ValueError:  # hidden: its place in sys.modules holds None
        return False
