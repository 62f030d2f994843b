"""One way to call either half of a pair with NumPy arrays and get NumPy arrays back."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from hardball.methods import registry

Arrays = tuple[np.ndarray, ...]


class JaxHalf:
    """JAX functions on NumPy arrays; float64 inputs switch 64 bits on for the call alone."""

    framework = "jax"

    def load(self, kind: registry.Kind, name: str) -> Any:
        return registry.load(kind, name, "jax")

    def stack(self, arrays: list[Any]) -> Any:
        import jax.numpy as jnp

        return jnp.stack(arrays)

    def call(self, f: Callable, *args: Any, **params: Any) -> np.ndarray:
        with _sixty_four_bits(args):
            return np.asarray(_jitted(f, args, params)(*_to_jax(args), **params))

    def gradients(self, f: Callable, cotangent: np.ndarray, *args: Any, **params: Any) -> Arrays:
        """Gradients of sum(cotangent * f(*args)) in each array of args that holds reals."""
        return self.both(f, cotangent, *args, **params)[1]

    def both(
        self, f: Callable, cotangent: np.ndarray, *args: Any, **params: Any
    ) -> tuple[np.ndarray, Arrays]:
        """f(*args), and the gradients, in one compilation."""
        import jax
        import jax.numpy as jnp

        where = tuple(i for i, a in enumerate(args) if _real(a))

        def total(*args: Any, **params: Any) -> Any:
            value = f(*args, **params)
            return jnp.sum(value * cotangent), value

        with _sixty_four_bits(args):
            gradient = _jitted(jax.grad(total, where, has_aux=True), args, params)
            found, value = gradient(*_to_jax(args), **params)
            return np.asarray(value), tuple(np.asarray(g) for g in found)


class TorchHalf:
    """PyTorch functions on NumPy arrays."""

    framework = "torch"

    def load(self, kind: registry.Kind, name: str) -> Any:
        return registry.load(kind, name, "torch")

    def stack(self, arrays: list[Any]) -> Any:
        import torch

        return torch.stack(arrays)

    def call(self, f: Callable, *args: Any, **params: Any) -> np.ndarray:
        return f(*_to_torch(args), **params).numpy()

    def gradients(self, f: Callable, cotangent: np.ndarray, *args: Any, **params: Any) -> Arrays:
        """Gradients of sum(cotangent * f(*args)) in each array of args that holds reals."""
        return self.both(f, cotangent, *args, **params)[1]

    def both(
        self, f: Callable, cotangent: np.ndarray, *args: Any, **params: Any
    ) -> tuple[np.ndarray, Arrays]:
        """f(*args), and the gradients."""
        import torch

        tensors = _to_torch(args)
        leaves = [t.requires_grad_() for t, a in zip(tensors, args, strict=True) if _real(a)]
        out = f(*tensors, **params)
        found = torch.autograd.grad(out, leaves, torch.tensor(cotangent), allow_unused=True)
        pairs = zip(found, leaves, strict=True)
        gradients = tuple((torch.zeros_like(x) if g is None else g).numpy() for g, x in pairs)
        return out.detach().numpy(), gradients


def _real(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def _jitted(f: Callable, args: Any, params: Any) -> Callable:
    """f compiled once, which is quicker than one step at a time."""
    import jax

    plain = tuple(i for i, a in enumerate(args) if not isinstance(a, np.ndarray))
    return jax.jit(f, static_argnums=plain, static_argnames=tuple(params))


def _sixty_four_bits(args: Any) -> Any:
    import jax

    double = any(isinstance(a, np.ndarray) and a.dtype == np.float64 for a in args)
    return jax.enable_x64(True) if double else nullcontext()


def _to_jax(args: Any) -> list[Any]:
    import jax.numpy as jnp

    return [jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in args]


def _to_torch(args: Any) -> list[Any]:
    import torch

    return [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args]


@pytest.fixture(params=["jax", "torch"])
def half(request: pytest.FixtureRequest) -> JaxHalf | TorchHalf:
    """Each half of a pair in turn."""
    return JaxHalf() if request.param == "jax" else TorchHalf()


@pytest.fixture
def halves() -> tuple[JaxHalf, TorchHalf]:
    """Both halves of a pair, to be compared."""
    return JaxHalf(), TorchHalf()


@pytest.fixture
def one_half() -> TorchHalf:
    """PyTorch alone, for laws that hold for both halves once their values agree."""
    return TorchHalf()
