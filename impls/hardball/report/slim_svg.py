"""Fewer bytes of an SVG of thousands of dots and lines, whose picture stays the same."""

import re

_NUMBERS = {"M": 2, "L": 2, "C": 6, "Q": 4}


def light(svg: str) -> str:
    """An SVG with short numbers in its paths and shifts, whose dots have no second point.

    A tenth of a point cannot be seen; all together, and without comments and indents, leave a
    quarter of the bytes.
    """
    svg = re.sub(r"\n *(<!--.*?-->)?", "\n", svg)
    shift = r"translate\([^)]*\)"
    svg = re.sub(shift, lambda found: re.sub(r"-?\d+\.\d+", _rounded, found[0]), svg)
    return re.sub(r' d="([^"]*)"', lambda found: f' d="{path(found[1])}"', svg)


def path(text: str) -> str:
    """A path of absolute M, L, C, Q and z with steps from point to point, in tenths of a point.

    Steps lead from rounded place to rounded place, so that their errors do not add up. A line of
    less than a quarter of a point to the right is a dot: a line of no length, with round caps.
    """
    words = re.findall(r"[A-Za-z]|-?[\d.]+(?:e-?\d+)?", text)
    out: list[str] = []
    here = begun = (0, 0)
    place = 0
    while place < len(words):
        command = words[place]
        place += 1
        if command in "zZ":
            out.append("z")
            here = begun
            continue
        count = _NUMBERS[command]
        given = [round(10 * float(word)) for word in words[place : place + count]]
        place += count
        steps = [value - here[index % 2] for index, value in enumerate(given)]
        if command == "M":
            out.append(_written("m", steps) if out else _written("M", given))
            begun = (given[0], given[1])
        elif command == "L" and out[-1][0] in "mM" and steps[1] == 0 and 0 <= steps[0] <= 2:
            out.append("h0")
            continue
        else:
            out.append(_written(command.lower(), steps))
        here = (given[-2], given[-1])
    return "".join(out)


def _written(command: str, tenths: list[int]) -> str:
    numbers = [_number(value) for value in tenths]
    joined = "".join(n if n.startswith("-") else f" {n}" for n in numbers)
    return command + joined.removeprefix(" ")


def _number(tenths: int) -> str:
    """12 -> `1.2`, 5 -> `.5`, -5 -> `-.5`, 30 -> `3`."""
    text = f"{tenths / 10:.1f}".removesuffix(".0")
    return re.sub(r"^(-?)0\.", r"\1.", text)


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
