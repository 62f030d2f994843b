"""How settings are read from text: values as YAML has them, methods as rows print them."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from hardball.core.errors import HardballError


class Loader(yaml.SafeLoader):
    """Safe YAML that reads 1e-3 as a number, as YAML 1.2 does."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)

_NAME = re.compile(r"\w+")
_WEIGHT = re.compile(r"(\d+\.?\d*|\.\d+)?")
_UNSAFE = re.compile(r"[^\w.-]+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def read_yaml(text: str, verbatim: Collection[str] = ()) -> Any:
    """What YAML reads in a text; the values of the keys `verbatim` are the text that stands there.

    >>> read_yaml("{dataset: 1_000, dim: 1_000}", ["dataset"])
    {'dataset': '1_000', 'dim': 1000}

    A list below such a key is a list of texts. Raises yaml.YAMLError on other text, and on a key
    that a mapping has twice.
    """

    class Reader(Loader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            # Before what `<<` names is put among them.
            named = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            twice = [key for key in dict.fromkeys(named) if named.count(key) > 1 and key != "<<"]
            if twice:
                raise yaml.YAMLError(f"key {twice[0]!r} stands twice in one mapping")
            mapping = super().construct_mapping(node, deep)
            for key, value in node.value:
                if key.value in verbatim:
                    mapping[key.value] = _verbatim(value, mapping[key.value])
            return mapping

    try:
        return yaml.load(text, Loader=Reader)
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None


def _verbatim(node: yaml.Node, read: Any) -> Any:
    """The text of a scalar, the texts of a list of them; else what was read."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode) and all(
        isinstance(member, yaml.ScalarNode) for member in node.value
    ):
        return [member.value for member in node.value]
    return read


def scalar(text: str) -> Any:
    """The value that YAML reads in a text; raises HardballError where it reads none."""
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.YAMLError:
        raise HardballError(f"{text!r} is not a YAML value") from None


def called(text: str) -> tuple[str, dict[str, str]]:
    """Name and parameters of a method as rows print it, the values still as text.

    >>> called("mixture(of=uniform 3 + cousins(k=2,replace=False) 1)")
    ('mixture', {'of': 'uniform 3 + cousins(k=2,replace=False) 1'})

    A value in double quotes is a JSON string, see `printed`. Raises HardballError on other text.
    """
    name, bracket, rest = text.strip().partition("(")
    inner = rest.removesuffix(")")
    closed = inner != rest and _closed(inner) if bracket else True
    if not _NAME.fullmatch(name) or not closed:
        raise HardballError(f"{text!r}: write a method as name(parameter=value,...)")
    parameters = {}
    for part in split(inner, ","):
        key, sign, value = part.partition("=")
        if not sign:
            raise HardballError(f"{text!r}: {part!r} is no name=value")
        parameters[key.strip()] = _unquoted(value.strip())
    return name, parameters


def printed(name: str, parameters: Mapping[str, Any]) -> str:
    """The text that `called` reads; a value that would not read back as it is gets quotes.

    >>> printed("cousins", {"k": 2}), printed("pool", {})
    ('cousins(k=2)', 'pool')
    """
    inner = ",".join(f"{key}={_quoted(str(value))}" for key, value in parameters.items())
    return f"{name}({inner})" if inner else name


def split(text: str, at: str) -> list[str]:
    """What stands between the characters `at` outside of brackets and quotes; [] of no text.

    >>> split("a=1, b=f(x,y)", ",")
    ['a=1', 'b=f(x,y)']
    """
    parts = [""]
    for character, depth in _depths(text):
        if character == at and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts] if text.strip() else []


def weighted(text: str) -> tuple[str, float]:
    """A method and its weight, 1 where there is none: "cousins(k=2) 0.5" is cousins(k=2), 0.5.

    Raises HardballError unless the weight is a number above 0.
    """
    whole = text.strip()
    end = whole.rfind(")") + 1 or len(whole.partition(" ")[0])
    method, weight = whole[:end], whole[end:].strip()
    if not method or not _WEIGHT.fullmatch(weight) or float(weight or 1) <= 0:
        raise HardballError(f"cannot read {text!r}; write a method and its weight, above 0")
    return method, float(weight or 1)


def without_brackets(text: str) -> str:
    """A text without its brackets and what stands in them, but for draws around the positive.

    >>> without_brackets("8 cousins(k=2) after 0.5")
    '8 cousins after 0.5'
    >>> without_brackets("siblings(relative_to=positive)")
    'siblings(positive)'
    """
    parts, inner = [""], ""
    for character, depth in _depths(text):
        if depth:
            inner += character
            continue
        parts.append(_kept(inner) + character)
        inner = ""
    return "".join([*parts, _kept(inner)])


def _kept(brackets: str) -> str:
    """What a reader is told of parameters in brackets."""
    return "(positive)" if "relative_to=positive" in split(brackets[1:-1], ",") else ""


def name_of(text: str) -> str:
    """`cousins` of `cousins(k=1,replace=True)`, and of `cousins` alone."""
    return text.partition("(")[0]


def slug(text: str) -> str:
    """A file name of the letters, digits, `_`, `.` and `-` of a text, another for every text.

    >>> slug("wordnet_nouns"), slug("my/set")
    ('wordnet_nouns', 'my_set-d4cc60')
    """
    plain = _UNSAFE.sub("_", text).strip("_")
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _depths(text: str) -> Iterator[tuple[str, int]]:
    """Each character and in how many brackets it stands; a bracket stands in itself.

    A quoted value, from the `="` that opens it to its end, counts as one bracket more.
    """
    depth, place = 0, 0
    while place < len(text):
        quoted = _QUOTED.match(text, place) if text[place - 1 : place] == "=" else None
        if quoted:
            yield from ((character, depth + 1) for character in quoted[0])
            place = quoted.end()
            continue
        character = text[place]
        depth += character == "("
        yield character, depth
        depth -= character == ")"
        place += 1


def _closed(text: str) -> bool:
    """Whether every bracket of a text is closed, and none closes what is not open."""
    depths = [depth - (character == ")") for character, depth in _depths(f"{text},")]
    return min(depths) == depths[-1] == 0


def _quoted(text: str) -> str:
    whole = split(text, ",") == split(text, ";") == [text] and _closed(text) and '"' not in text
    return text if whole or not text else json.dumps(text, ensure_ascii=False)


def _unquoted(text: str) -> str:
    return str(json.loads(text)) if _QUOTED.fullmatch(text) else text
