"""How settings are read from text: values as YAML has them, methods as rows print them."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from hardball.core.errors import HardballError


class Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number, as YAML 1.2 does."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def scalar(text: str) -> Any:
    """The value that YAML reads in a text; raises HardballError where it reads none."""
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError:
        raise HardballError(f"{text!r} is not a YAML value") from None


def arguments(text: str) -> list[str]:
    """What stands between the commas of a method's brackets: "a=1,b=f(x,y)" is a=1 and b=f(x,y)."""
    parts = [""]
    for character, depth in _depths(text):
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def without_brackets(text: str) -> str:
    """A text without its brackets and what stands in them: "8 a(b=c(d) e) f" is "8 a f"."""
    return "".join(character for character, depth in _depths(text) if not depth)


def _depths(text: str) -> Iterator[tuple[str, int]]:
    """Each character and in how many brackets it stands; a bracket stands in itself."""
    depth = 0
    for character in text:
        depth += character == "("
        yield character, depth
        depth -= character == ")" and depth > 0


def assigned(text: str) -> tuple[str, Any] | None:
    """Name and value of "k=2", where nothing stands for the empty text; None without a "="."""
    name, equals, value = text.partition("=")
    if not equals:
        return None
    return name.strip(), scalar(value) if value.strip() else ""
