"""hardball: hard negatives in the Poincaré ball.

>>> import hardball as hb
>>> sorted(hb.__all__)  # doctest: +NORMALIZE_WHITESPACE
['Embedding', 'HardballError', 'HyperbolicEmbedding', 'ensemble', 'fit', 'load', 'method',
 'run_method', 'score']

Importing this package imports neither JAX nor torch; only the half of a pair that is used is.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# Read when they are first asked for, so that the command line says its help at once.
_FROM = {
    "Embedding": "hardball.library.embedding",
    "HardballError": "hardball.core.errors",
    "HyperbolicEmbedding": "hardball.library.estimator",
    "ensemble": "hardball.library.ensembles",
    "fit": "hardball.library.fit",
    "load": "hardball.library.embedding",
    "method": "hardball.library.own_methods",
    "run_method": "hardball.library.run_method",
    "score": "hardball.library.scoring",
}
__all__ = [
    "Embedding",
    "HardballError",
    "HyperbolicEmbedding",
    "ensemble",
    "fit",
    "load",
    "method",
    "run_method",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_FROM[name]), name)
