"""What every objective that shares a step between several terms asks of a run."""

from typing import Any

from hardball.core.errors import HardballError


def has_terms(spec: Any, **_: Any) -> None:
    """Raises HardballError where a run has no regulariser to share its steps with."""
    if not spec.regularizers:
        raise HardballError(
            f"objective {spec.objective.name} shares a step between the loss and regularisers, of "
            "which there are none: name some, or leave it out"
        )
