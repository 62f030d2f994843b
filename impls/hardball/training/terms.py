"""What the curves of a run call the terms of its loss."""

from collections import Counter

from hardball.methods.handed import Settings


def called(spec: Settings) -> tuple[str, ...]:
    """<regularizer>, the second of a name <regularizer>_2, and so on."""
    seen: Counter[str] = Counter()
    found = []
    for method in spec.regularizers:
        seen[method.name] += 1
        suffix = f"_{seen[method.name]}" if seen[method.name] > 1 else ""
        found.append(f"{method.name}{suffix}")
    return tuple(found)


def names(spec: Settings) -> tuple[str, ...]:
    """loss_main and loss_<term>, see `called`.

    Without regularisers there is nothing to tell apart: ().
    """
    found = called(spec)
    return ("loss_main", *(f"loss_{name}" for name in found)) if found else ()
