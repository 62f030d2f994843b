"""Functions whose gradients are written by hand, over PyTorch."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def differentiable(
    forward: Callable[..., Any], backward: Callable[..., Any], numbers: int = 0
) -> Callable[..., Any]:
    """A function of `forward`'s arguments whose gradient `backward` gives; made once, at load.

    forward(*arrays, *numbers) -> value, saved: the last `numbers` arguments are plain numbers.
    backward(*numbers, saved, g) -> a tuple, a gradient for each array, or None where there is none;
    g is the gradient of the value, saved a tuple of arrays.

    >>> cube = differentiable(lambda x: (x**3, (x,)), lambda saved, g: (3 * saved[0] ** 2 * g,))
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> float(x.grad)
    12.0
    """
    arrays, none = len(inspect.signature(forward).parameters) - numbers, (None,) * numbers

    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Tensor:
            value, saved = forward(*given)
            ctx.save_for_backward(*saved)
            ctx.numbers = given[arrays:]
            return value

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
            return backward(*ctx.numbers, ctx.saved_tensors, g) + none

    return Written.apply
