"""What a run's step needs to know, as the numbers that the compiled kernels take."""

from math import sinh, tanh

import numpy as np

from hardball.methods import registry
from hardball.methods.contract import Columns, Manifold
from hardball.runs.negatives import samplers
from hardball.runs.spec import RunSpec
from hardball.training.native import choice, losses, rows
from hardball.training.native.vectors import LANES

# By the `kernel` that a manifold or an optimiser declares.
MANIFOLDS = {"tangent": rows.TANGENT, "poincare": rows.POINCARE, "lorentz": rows.LORENTZ}
OPTIMIZERS = {"rsgd": rows.RSGD, "adam": rows.ADAM, "rmsprop": rows.RMSPROP}
LOSSES = {
    "softmax": losses.SOFTMAX,
    "margin": losses.MARGIN,
    "triplet": losses.TRIPLET,
    "fermi_dirac": losses.FERMI_DIRAC,
    "focal": losses.FOCAL,
}
# By the place of a number of a loss, which of its parameters it is.
PARAMETERS = {
    losses.FIRST: {"softmax": "temperature", "margin": "margin", "triplet": "margin"},
    losses.SECOND: {"fermi_dirac": "temperature", "focal": "temperature"},
    losses.ALPHA: {"focal": "alpha"},
    losses.GAMMA: {"focal": "gamma"},
}
PARAMETERS[losses.FIRST] |= {"fermi_dirac": "radius", "focal": "radius"}
RULES = {
    "nearest": choice.NEAREST,
    "top": choice.TOP,
    "temperature": choice.TEMPERATURE,
    "semi_hard": choice.SEMI_HARD,
}
# What the kernels compute with, by its name: the types of the rows and of the arithmetic.
PRECISIONS = {
    "float32": ("float32", "float32"),
    "float64": ("float64", "float64"),
    "wide": ("float32", "float64"),
}
# Longer powers are worked out when they are asked for.
POWERS = 4096


def has_kernel(spec: RunSpec) -> bool:
    """Whether a compiled step exists for a run.

    Without regularisers, where the rows can be read: for the softmax of -d (temperature 1), and
    where the optimiser has the lean step for all LOSSES. It counts draws by their weights, which
    corrections would change.
    """
    known = _kernel(spec, "loss") in LOSSES
    plain = _kernel(spec, "loss") == "softmax" and spec.loss.params["temperature"] == 1
    fits = known if step_kernel(spec) == "lean" else plain
    counted = not any(part.method.params.get("corrected") for part in samplers(spec))
    alone = not (spec.regularizers or spec.losses) and spec.loss_schedule == "constant"
    return reads_rows(spec) and fits and counted and alone


def reads_rows(spec: RunSpec) -> bool:
    """Whether the compiled kernels know a run's points: on a CPU, at curvature -1, free."""
    space = _kernel(spec, "manifold") in MANIFOLDS and spec.manifold.params["c"] == 1
    free = registry.entry("radius", spec.radius.name).build is None
    known = _kernel(spec, "optimizer") in OPTIMIZERS
    return spec.device == "cpu" and space and free and known


def codes(spec: RunSpec) -> tuple[int, int, int, int]:
    """What `rows` finds at MANIFOLD to LOSS; what comes after them is each step's own."""
    space, optimizer = _kernel(spec, "manifold"), _kernel(spec, "optimizer")
    # Whoever only chooses by the kernels may have another loss.
    loss = LOSSES.get(_kernel(spec, "loss"), losses.SOFTMAX)
    return MANIFOLDS[space], OPTIMIZERS[optimizer], spec.dim, loss


def step_kernel(spec: RunSpec) -> str:
    """Which of the compiled steps moves a run's rows, one of `warm`'s kernels."""
    found = OPTIMIZERS.get(_kernel(spec, "optimizer"))
    return "lean" if found == rows.RMSPROP else "train"


def padding(spec: RunSpec, used: int) -> Columns:
    """Columns of zeros that fill a row of `used` numbers up, where `lean_rows` read it.

    To a part of a cache line or to whole vectors, and for the vector in which a point ends.
    """
    if spec.kernels != "native" or not reads_rows(spec) or step_kernel(spec) != "lean":
        return ()
    line = 16
    width = 1 << (used - 1).bit_length() if used <= line else -(-used // 8) * 8
    first = 1 if MANIFOLDS[_kernel(spec, "manifold")] == rows.LORENTZ else 0
    return (("filling", max(width, first + -(-spec.dim // LANES) * LANES) - used),)


def precision(spec: RunSpec, manifold: Manifold) -> str:
    """The name in PRECISIONS of what a run's kernels compute with.

    Beyond MAX_RADIUS e^r is no float32: rows stay what they are, arithmetic is float64.
    """
    far = spec.max_radius > manifold.MAX_RADIUS[spec.dtype]
    return "wide" if far and spec.dtype == "float32" else spec.dtype


def settings(spec: RunSpec, manifold: Manifold) -> np.ndarray:
    """What `rows` finds at B1 and beyond, float64; what comes before is each step's own.

    LIMIT is the largest length of a row's free coordinates; the loss's numbers begin at OF_LOSS.
    """
    largest = spec.max_radius or manifold.MAX_RADIUS[spec.dtype]
    limits = {rows.TANGENT: largest, rows.POINCARE: tanh(largest / 2)}
    space, *_ = codes(spec)
    limit = limits[space] if space in limits else sinh(largest)
    b1, b2, eps = (float(spec.optimizer.params.get(name, 0.0)) for name in ("b1", "b2", "eps"))
    named = (PARAMETERS[place].get(_kernel(spec, "loss"), "") for place in range(losses.NUMBERS))
    own = [float(spec.loss.params.get(name, 0.0)) for name in named]
    return np.array([b1, b2, eps, spec.clip, limit, *own])


def powers(spec: RunSpec) -> np.ndarray:
    """b1^t, b2^t and (b1 / sqrt(b2))^t, float64 (3, POWERS); none without a second moment."""
    if "b2" not in spec.optimizer.params:
        return np.zeros((3, 1))
    b1, b2 = (float(spec.optimizer.params.get(name, 0)) for name in ("b1", "b2"))
    bases = np.array([b1, b2, b1 / b2**0.5])
    return bases[:, None] ** np.arange(POWERS)


def _kernel(spec: RunSpec, kind: registry.Kind) -> str:
    """What the run's manifold, optimiser or loss is called among the kernels, see `contract`."""
    return registry.entry(kind, getattr(spec, kind).name).kernel
