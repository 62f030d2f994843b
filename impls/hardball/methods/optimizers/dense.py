"""Adam for what terms own: arrays that take every step whole, unlike rows."""

from hardball.arrays.namespace import Array, Namespace


def init(xp: Namespace, start: Array) -> Array:
    """An array (...) with its first and second moments, both 0: (3, ...)."""
    return xp.stack([start, xp.zeros_like(start), xp.zeros_like(start)])


def adam(
    xp: Namespace,
    packed: Array,
    grad: Array,
    before: Array,
    lr: Array,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Array:
    """x - lr m^ / (sqrt(v^) + eps), m and v of `init`, entry by entry; (3, ...) -> (3, ...).

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, m^ = m / (1 - b1^t), v^ = v / (1 - b2^t),
    t = before + 1: all arrays take all steps. grad (...); before, lr scalars.
    Kingma & Ba 2015, Algorithm 1.
    """
    x, m, v = packed
    t = xp.astype(before, x) + 1
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * grad * grad
    step = m / (1 - xp.power(b1, t)) / (xp.sqrt(v / (1 - xp.power(b2, t))) + eps)
    return xp.stack([x - lr * step, m, v])
