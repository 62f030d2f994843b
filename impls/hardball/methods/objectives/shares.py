"""What every objective that shares a step between several terms asks of a run."""

from typing import Any

from hardball.core.errors import HardballError


def has_terms(spec: Any, **_: Any) -> None:
    """Raises HardballError where a run has no other term to share its steps with."""
    if not (spec.regularizers or spec.losses):
        raise HardballError(
            f"objective {spec.objective.name} shares a step between the loss and other terms, of "
            "which there are none: name some, or leave it out"
        )
