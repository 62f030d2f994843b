"""What the commands that train an encoder share: checks, the line on the training, the row."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hardball.core import provenance
from hardball.core.errors import HardballError
from hardball.core.files import replacing
from hardball.methods import registry
from hardball.studies.encoders.descent import Trained


def half(study: str, framework: str) -> ModuleType:
    """The module of a study, blankets or infomax, in a framework.

    Raises HardballError where a package that encoders need is not installed.
    """
    try:
        return importlib.import_module(f"hardball.studies.encoders.{study}_{framework}")
    except ModuleNotFoundError as error:
        if error.name not in ("flax", "optax"):
            raise
        raise HardballError(
            f"encoders in JAX need {error.name}: pip install -e '.[encoders]'"
        ) from None


def check(framework: str, dtype: str, manifold: str, positive: Mapping[str, float]) -> None:
    """Raises HardballError on a name that is not known, and on a number that is not above 0."""
    if framework not in ("jax", "torch"):
        raise HardballError(f"unknown framework {framework!r}: allowed are jax, torch")
    if dtype not in ("float32", "float64"):
        raise HardballError(f"dtype={dtype!r}: allowed are float32, float64")
    for name, value in positive.items():
        if value <= 0:
            raise HardballError(f"{name}={value}: must be above 0")
    registry.entry("manifold", manifold)


def course(trained: Trained) -> str:
    """A line that says where the loss began and ended, and what that took."""
    losses = trained.losses
    return (
        f"loss {losses[0]:.3f} -> {losses[-50:].mean():.3f}, {trained.seconds:.1f} s of training, "
        f"{trained.compile_seconds:.1f} s of compilation"
    )


def write(
    folder: Path,
    run: tuple[str, str, int],
    named: Sequence[str],
    settings: Mapping[str, Any],
    figures: Mapping[str, Any],
    trained: Trained,
) -> Path:
    """One JSON file a run in `folder`, named by what it depends on.

    run: data set, framework, seed. named: the settings that are in the file's name.
    """
    dataset, framework, seed = run
    key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    path = folder / f"{'-'.join([dataset, framework, *named, f's{seed}', key])}.json"
    whole = {
        "dataset": dataset,
        "framework": framework,
        "seed": seed,
        "settings": settings,
        **figures,
        "loss_first": float(trained.losses[0]),
        "loss_last": float(trained.losses[-50:].mean()),
        "train_seconds": trained.seconds,
        "compile_seconds": trained.compile_seconds,
        "provenance": provenance.provenance(),
    }
    with replacing(path) as aside:
        aside.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", "utf-8")
    return path
