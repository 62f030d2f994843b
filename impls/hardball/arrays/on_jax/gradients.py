"""Functions whose gradients are written by hand, over JAX."""

import inspect
from collections.abc import Callable
from typing import Any

import jax


def differentiable(
    forward: Callable[..., Any], backward: Callable[..., Any], numbers: int = 0
) -> Callable[..., Any]:
    """A function of `forward`'s arguments whose gradient `backward` gives; made once, at load.

    forward(*arrays, *numbers) -> value, saved: the last `numbers` arguments are plain numbers.
    backward(*numbers, saved, g) -> a tuple, a gradient for each array, or None where there is none;
    g is the gradient of the value, saved a tuple of arrays.

    >>> import jax.numpy as jnp
    >>> cube = differentiable(lambda x: (x**3, (x,)), lambda saved, g: (3 * saved[0] ** 2 * g,))
    >>> float(jax.grad(cube)(jnp.array(2.0)))
    12.0
    """
    count = len(inspect.signature(forward).parameters)
    fixed = tuple(range(count - numbers, count))

    def value(*given: Any) -> Any:
        return forward(*given)[0]

    written = jax.custom_vjp(value, nondiff_argnums=fixed)
    written.defvjp(forward, backward)
    return written
