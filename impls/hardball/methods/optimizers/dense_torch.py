"""The optimiser of what terms own: arrays that take every step whole, unlike rows."""

import torch


def init(start: torch.Tensor) -> torch.Tensor:
    """An array (...) with its first and second moments, both 0: (3, ...)."""
    return torch.stack([start, torch.zeros_like(start), torch.zeros_like(start)])


def adam(
    packed: torch.Tensor,
    grad: torch.Tensor,
    before: torch.Tensor,
    lr: torch.Tensor,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> torch.Tensor:
    """x - lr m^ / (sqrt(v^) + eps), m and v of `init`, entry by entry; (3, ...) -> (3, ...).

    m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, m^ = m / (1 - b1^t), v^ = v / (1 - b2^t),
    t = before + 1: all arrays take all steps. grad (...); before, lr scalars.
    Kingma & Ba 2015, Algorithm 1.
    """
    x, m, v = packed
    t = before.to(x.dtype) + 1
    m = b1 * m + (1 - b1) * grad
    v = b2 * v + (1 - b2) * grad * grad
    step = m / (1 - torch.pow(b1, t)) / (torch.sqrt(v / (1 - torch.pow(b2, t))) + eps)
    return torch.stack([x - lr * step, m, v])
