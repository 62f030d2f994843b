"""Points out of what somebody's training returns: an array, a table of a module, a function."""

import importlib
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hardball.core.errors import HardballError, unknown
from hardball.metrics.charts import CHARTS, chart

ALLOWED = (
    "an array of points, a row a node; a table of a module such as torch.nn.Embedding; or a module "
    "or function, or its `embed`, that gives the points of an array of node numbers"
)


class Returned(NamedTuple):
    """points (n, D) of a space, as NumPy reals, and the framework that they came from."""

    points: np.ndarray
    space: str
    framework: str


def points_of(
    returned: Any, *, n: int, dim: int, space: str = "", c: float = 1.0, framework: str = ""
) -> Returned:
    """What a method returned, checked; D is dim, one more in lorentz.

    returned: a NumPy, PyTorch or JAX array; a module whose `weight` is (n, D); a module or a
    function that is called with the node numbers 0..n-1; an object whose `embed` is one of these;
    or one of all these with the name of its space, (points, space). space, framework: as
    declared, "" where what is returned tells.
    Raises HardballError on another thing, no space or another than is declared, another shape,
    integers, numbers that are not finite, and points outside of the space.
    """
    given, space = _with_space(returned, space)
    array = _array(given, n, framework)
    found = _numbers(array)
    wanted = (n, dim + chart(space).dependent)
    if found.shape != wanted:
        raise HardballError(
            f"returned points of shape {found.shape}, wanted is {wanted}: a row a node, "
            f"{wanted[1]} coordinates in {space} space of {dim} dimensions"
        )
    wrong = int((~np.isfinite(found).all(axis=1)).sum())
    if wrong:
        raise HardballError(f"{wrong} of {n} returned points are not finite: lower the rate?")
    inside, measured = chart(space).inside(found.astype(np.float64), c)
    if not inside:
        raise HardballError(f"returned points lie outside of {space} space, c={c:g}: {measured}")
    return Returned(found, space, framework or _framework_of(array))


def _with_space(returned: Any, declared: str) -> tuple[Any, str]:
    """The points, and the name of their space: the one beside them, else the declared one."""
    named = declared
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], str):
        returned, named = returned
    if not named:
        raise HardballError(
            f"says no space: return (points, space), or @method(space=...): allowed are "
            f"{', '.join(CHARTS)}"
        )
    if declared not in ("", named):
        raise HardballError(f"returned points of {named} space, declared is {declared}")
    if named not in CHARTS:
        raise unknown("space", named, CHARTS)
    return returned, named


def _array(returned: Any, n: int, framework: str) -> Any:
    """The array that was returned, that a module holds, or that a function gives of all nodes."""
    asked = getattr(returned, "embed", returned)
    if not callable(asked):
        return asked
    weight: Any = getattr(asked, "weight", None)
    if getattr(weight, "ndim", 0) == 2 and len(weight) == n:
        return weight
    try:
        return _called(asked, returned, n, framework)
    except Exception as error:
        raise HardballError(
            f"returned a {type(returned).__name__} that gives no points of the node numbers "
            f"0..{n - 1} ({type(error).__name__}: {' '.join(str(error).split())}): allowed are "
            f"{ALLOWED}"
        ) from None


def _called(points: Callable[[Any], Any], owner: Any, n: int, framework: str) -> Any:
    """The points of all nodes; owner: the module that `points` may be a function of."""
    torch = sys.modules.get("torch")
    module = torch is not None and isinstance(owner, torch.nn.Module)
    if framework == "torch" or module:
        torch = importlib.import_module("torch")
        device = None
        if module:
            owner.eval()
            device = next((each.device for each in owner.parameters()), None)
        with torch.no_grad():
            return points(torch.arange(n, device=device))
    if framework == "jax":
        return points(importlib.import_module("jax.numpy").arange(n))
    return points(np.arange(n))


def _framework_of(array: Any) -> str:
    """The framework of an array: torch, jax, else numpy."""
    home = type(array).__module__.partition(".")[0]
    return {"torch": "torch", "jax": "jax", "jaxlib": "jax"}.get(home, "numpy")


def _numbers(found: Any) -> np.ndarray:
    """An array of any framework as NumPy's; raises HardballError on what is no table of reals."""
    if hasattr(found, "detach"):
        found = found.detach().cpu()
        # NumPy has no bfloat16.
        found = found.double() if "bfloat16" in str(found.dtype) else found
    try:
        numbers = np.asarray(found)
    except (TypeError, ValueError) as error:
        raise HardballError(f"returned no array ({error}): allowed are {ALLOWED}") from None
    if "bfloat16" in str(numbers.dtype):
        numbers = numbers.astype(np.float64)
    if numbers.dtype.kind in "iub":
        raise HardballError(f"returned points are integers ({numbers.dtype}): return reals")
    if numbers.dtype.kind != "f":
        raise HardballError(f"returned a {type(found).__name__}: allowed are {ALLOWED}")
    return numbers
