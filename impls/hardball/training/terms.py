"""What the curves of a run call the terms of its loss."""

from collections import Counter

from hardball.methods.handed import Settings


def of_losses(spec: Settings) -> tuple[str, ...]:
    """The names of the run's further losses: <loss>, the second term of a name <loss>_2."""
    return _called(spec)[: len(spec.losses)]


def of_regularizers(spec: Settings) -> tuple[str, ...]:
    """The names of the run's regularisers: <regularizer>, the second of a name <regularizer>_2."""
    return _called(spec)[len(spec.losses) :]


def names(spec: Settings) -> tuple[str, ...]:
    """loss_main and loss_<term>, the further losses first.

    With the main loss alone there is nothing to tell apart: ().
    """
    found = _called(spec)
    return ("loss_main", *(f"loss_{name}" for name in found)) if found else ()


def _called(spec: Settings) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    found = []
    for method in [*(more.loss for more in spec.losses), *spec.regularizers]:
        seen[method.name] += 1
        suffix = f"_{seen[method.name]}" if seen[method.name] > 1 else ""
        found.append(f"{method.name}{suffix}")
    return tuple(found)
