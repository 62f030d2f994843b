"""The optimiser of what terms own: arrays that take every step whole, unlike rows."""

import jax
import jax.numpy as jnp


def init(start: jax.Array) -> jax.Array:
    """An array (...) with its first and second moments, both 0: (3, ...)."""
    return jnp.stack([start, jnp.zeros_like(start), jnp.zeros_like(start)])


def adam(
    packed: jax.Array,
    grad: jax.Array,
    before: jax.Array,
    lr: jax.Array,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> jax.Array:
    """x - lr m^ / (sqrt(v^) + eps), m and v of `init`, entry by entry; (3, ...) -> (3, ...).

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, m^ = m / (1 - b1^t), v^ = v / (1 - b2^t),
    t = before + 1: all arrays take all steps. grad (...); before, lr scalars.
    Kingma & Ba 2015, Algorithm 1.
    """
    x, m, v = packed
    t = before.astype(x.dtype) + 1
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * grad * grad
    step = m / (1 - jnp.power(b1, t)) / (jnp.sqrt(v / (1 - jnp.power(b2, t))) + eps)
    return jnp.stack([x - lr * step, m, v])
