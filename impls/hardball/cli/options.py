"""How options that several commands have are read."""

from hardball.core.errors import HardballError


def read_seeds(text: str) -> list[int]:
    """Whole numbers out of "0,1,2"; raises HardballError on others and on one given twice."""
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        raise HardballError(f"--seeds {text!r}: write whole numbers such as 0,1,2") from None
    if len(set(seeds)) < len(seeds):
        raise HardballError(f"--seeds {text!r}: a seed stands twice")
    return seeds
