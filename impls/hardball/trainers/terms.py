"""What the curves of a run call the terms of its loss."""

from collections import Counter

from hardball.spec import RunSpec


def names(spec: RunSpec) -> tuple[str, ...]:
    """loss_main and loss_<regularizer>, the second of a name loss_<regularizer>_2, and so on.

    Without regularisers there is nothing to tell apart: ().
    """
    seen: Counter[str] = Counter()
    found = []
    for method in spec.regularizers:
        seen[method.name] += 1
        suffix = f"_{seen[method.name]}" if seen[method.name] > 1 else ""
        found.append(f"loss_{method.name}{suffix}")
    return ("loss_main", *found) if found else ()
