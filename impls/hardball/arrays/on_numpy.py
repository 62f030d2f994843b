"""The names of the array namespace that formulas of single pairs need, over NumPy.

What is written once for JAX and PyTorch is then evaluated on the host, in float64.
"""

from typing import Any

import numpy as np

NAME = "numpy"

arctan2 = np.arctan2
asinh = np.arcsinh
cosh = np.cosh
exp = np.exp
expm1 = np.expm1
log = np.log
log1p = np.log1p
maximum = np.maximum
minimum = np.minimum
sin = np.sin
sinh = np.sinh
sum = np.sum
where = np.where


def relu(x: Any) -> Any:
    """max(0, x)."""
    return np.maximum(x, 0)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x)."""
    return np.exp(-softplus(-x))


def softplus(x: Any) -> Any:
    """log(1 + e^x)."""
    return np.logaddexp(0, x)


def root(x: Any) -> Any:
    """sqrt(max(0, x))."""
    return np.sqrt(np.maximum(x, 0))
