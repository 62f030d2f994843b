"""Calls a method of either framework on NumPy arrays, and gives NumPy arrays back."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

FRAMEWORKS = ("jax", "torch")


def takes(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's arguments."""
    return tuple(inspect.signature(function).parameters)


def to(framework: str, value: Any) -> Any:
    """Arrays in the framework's own, inside of mappings too; anything else as it is.

    Whole numbers are int32 in JAX and int64 in PyTorch; random words are uint32 and int64.
    """
    if isinstance(value, Mapping):
        return {name: to(framework, each) for name, each in value.items()}
    if isinstance(value, np.floating):
        # What is left of an array () after arithmetic.
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        return value
    if framework == "jax":
        import jax.numpy as jnp

        return jnp.asarray(value.astype(np.int32) if value.dtype == np.int64 else value)
    import torch

    return torch.tensor(value.astype(np.int64) if value.dtype.kind in "iu" else value)


def back(value: Any) -> Any:
    """The same as NumPy arrays, inside of mappings and tuples too."""
    if isinstance(value, Mapping):
        return {name: back(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(back(each) for each in value)
    if type(value).__module__.startswith("torch"):
        return value.detach().numpy()
    return np.asarray(value)


def call(framework: str, function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """The function's value, of arguments by name."""
    return back(function(**to(framework, given)))


def both(
    framework: str,
    function: Callable[..., Any],
    given: Mapping[str, Any],
    moves: tuple[str, ...] = (),
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """The function's value, and gradients in the arguments `moves` of sum(w * value).

    The numbers w are `cotangent` of the value's shape.
    """
    of = {"jax": _both_jax, "torch": _both_torch}[framework]
    value, gradients = (
        of(function, given, moves) if moves else (call(framework, function, given), {})
    )
    return value, MappingProxyType(gradients)


def cotangent(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """The same numbers of either sign for every value of a shape."""
    return np.random.default_rng(7).normal(size=shape).astype(dtype)


def _both_jax(
    function: Callable[..., Any], given: Mapping[str, Any], moves: tuple[str, ...]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    import jax

    arguments = to("jax", given)
    still = {name: value for name, value in arguments.items() if name not in moves}
    value, pull = jax.vjp(
        lambda moved: function(**moved, **still), {name: arguments[name] for name in moves}
    )
    (gradients,) = pull(to("jax", cotangent(value.shape, value.dtype)))
    return np.asarray(value), {name: np.asarray(gradients[name]) for name in moves}


def _both_torch(
    function: Callable[..., Any], given: Mapping[str, Any], moves: tuple[str, ...]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    import torch

    arguments = to("torch", given)
    leaves = [arguments[name].requires_grad_() for name in moves]
    value = function(**arguments)
    found = tuple(None for _ in leaves)
    if value.requires_grad:
        weights = torch.tensor(cotangent(tuple(value.shape), value.detach().numpy().dtype))
        found = torch.autograd.grad(value, leaves, weights, allow_unused=True)
    filled = [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]
    return back(value), {name: g.numpy() for name, g in zip(moves, filled, strict=True)}
