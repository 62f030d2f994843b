"""One way to call either framework: arrays in, a call out that ends when its result is there."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .kernel import Call

if TYPE_CHECKING:
    import numpy as np


class Jax:
    name = "jax"

    def array(self, values: "np.ndarray") -> Any:
        import jax.numpy as jnp

        return jnp.asarray(values)

    def words(self, values: "np.ndarray") -> Any:
        return self.array(values)

    def call(self, function: Callable[..., Any], *arrays: Any) -> Call:
        """`function` of the arrays, compiled as a whole."""
        import jax

        compiled = jax.jit(function)
        return lambda: jax.block_until_ready(compiled(*arrays))

    def gradient(self, function: Callable[..., Any], wrt: int, *arrays: Any) -> Call:
        """The sum of `function` and its gradient in the first `wrt` arrays."""
        import jax

        return self.call(
            jax.value_and_grad(lambda *given: function(*given).sum(), tuple(range(wrt))), *arrays
        )


class Torch:
    name = "torch"

    def array(self, values: "np.ndarray") -> Any:
        import torch

        return torch.as_tensor(values)

    def words(self, values: "np.ndarray") -> Any:
        return self.array(values.astype("int64"))

    def call(self, function: Callable[..., Any], *arrays: Any) -> Call:
        """`function` of the arrays, as it is written, without recording gradients."""
        import torch

        @torch.no_grad()
        def run() -> Any:
            return function(*arrays)

        return run

    def gradient(self, function: Callable[..., Any], wrt: int, *arrays: Any) -> Call:
        """The sum of `function` and its gradient in the first `wrt` arrays."""
        import torch

        leaves = [array.clone().requires_grad_() for array in arrays[:wrt]]

        def run() -> Any:
            value = function(*leaves, *arrays[wrt:]).sum()
            return value, torch.autograd.grad(value, leaves, allow_unused=True)

        return run


@functools.cache
def framework(name: str) -> Jax | Torch:
    """The adapter of "jax" or "torch"."""
    return Jax() if name == "jax" else Torch()
