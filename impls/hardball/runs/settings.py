"""The settings of a run as text: of a command line, of a row's columns, and back to a spec."""

import json
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hardball.core.errors import HardballError, unknown
from hardball.core.text import scalar, split
from hardball.methods.method import Method
from hardball.runs.spec import METHODS, Framework, Hard, MoreLoss, RunSpec

SEPARATOR = ";"
TEXT = tuple(k for k, field in RunSpec.model_fields.items() if field.annotation not in (int, float))
"""The settings that `columns` writes as text."""


OPTIONAL = ("pretext", "encoder")
"""Methods that a run need not have; "" where it has none."""


def names() -> list[str]:
    """What a suite or a command line may set: every field of RunSpec but seed and framework."""
    return [key for key in RunSpec.model_fields if key not in ("seed", "framework")]


def make_spec(values: Mapping[str, Any], framework: Framework, seed: int) -> RunSpec:
    """The spec of `values`; raises HardballError naming the key and what is allowed."""
    for key in values:
        if key not in names():
            raise unknown("key", key, names())
    try:
        return RunSpec.model_validate({**values, "framework": framework, "seed": seed})
    except ValidationError as error:
        raise HardballError(first(error)) from None


def read(key: str, text: str) -> Any:
    """The value of the setting `key` that a text says.

    Text settings, a data set's name among them, stand as they are. Methods are written as rows
    print them, `cousins(k=2)`, several joined by ";"; `{...}` and `[...]` are YAML, and so is
    every number. Raises HardballError on other text, and on an unknown key.
    """
    if key not in RunSpec.model_fields:
        raise unknown("key", key, names())
    if is_text(RunSpec.model_fields[key].annotation):
        return text
    if key in OPTIONAL and not text:
        return None
    if key == "before":
        return scalar(text) if text else {}
    if key not in (*METHODS, *OPTIONAL, "regularizers", "hard", "losses"):
        return scalar(text)
    if text.lstrip().startswith(("{", "[")):
        return scalar(text)
    if key == "regularizers":
        return [Method.read(part, "regularizer") for part in split(text, SEPARATOR)]
    if key == "hard":
        return [_hard(part) for part in split(text, SEPARATOR)]
    if key == "losses":
        return [_loss(part) for part in split(text, SEPARATOR)]
    return Method.read(text, key)  # type: ignore[arg-type]


def assignment(text: str) -> tuple[str, Any]:
    """`key=value` of a command line as a setting and its value; raises HardballError as `read`."""
    key, sign, value = text.partition("=")
    if not sign:
        raise HardballError(f"--set {text!r}: write key=value")
    return key.strip(), read(key.strip(), value)


def columns(spec: RunSpec) -> dict[str, Any]:
    """A spec as columns of a row: methods as text, several joined by ";"."""
    found = {name: getattr(spec, name) for name in RunSpec.model_fields}
    found |= {name: str(found[name]) for name in METHODS}
    found |= {name: str(found[name] or "") for name in OPTIONAL}
    for name in ("hard", "losses", "regularizers"):
        found[name] = SEPARATOR.join(map(str, found[name]))
    found["before"] = json.dumps(spec.before, ensure_ascii=False) if spec.before else ""
    return found


def from_columns(row: Mapping[str, Any]) -> RunSpec:
    """The spec of `columns`; settings that a row does not have are at their defaults.

    row: other columns are passed over; every value may be text, and None or NaN is none at all.
    Raises HardballError on values that are not allowed.
    """
    values = {
        key: read(key, value) if isinstance(value, str) and key in TEXT else value
        for key, value in row.items()
        if key in RunSpec.model_fields and value is not None and value == value
    }
    framework, seed = values.pop("framework", None), values.pop("seed", None)
    return make_spec(values, framework, seed)  # type: ignore[arg-type]


def first(error: ValidationError) -> str:
    """The first thing that is wrong, on one line."""
    detail = error.errors(include_url=False)[0]
    where = ".".join(map(str, detail["loc"])) or "the whole"
    given = "" if detail["type"] == "missing" else f" (given {detail['input']!r:.80})"
    return f"{where}: {detail['msg']}{given}"


def is_text(kind: Any) -> bool:
    """Whether a field of this type holds a text, or one of a few."""
    return kind is str or typing.get_origin(kind) is typing.Literal


def _hard(text: str) -> Hard:
    """The group that `spec.Hard` prints: `8 siblings(relative_to=anchor) after 0.5`."""
    count, _, rest = text.partition(" ")
    sampler, late, after = rest.rpartition(" after ")
    if not count.isdigit():
        raise HardballError(f"{text!r}: write hard negatives as '8 siblings after 0.5'")
    method = Method.read(sampler if late else rest, "sampler")
    return Hard(sampler=method, negatives=int(count), after=float(after) if late else 0.0)


def _loss(text: str) -> MoreLoss:
    """The loss that `spec.MoreLoss` prints: `0.3 margin(margin=0.5) over ramp`."""
    weight, _, rest = text.partition(" ")
    loss, over, schedule = rest.rpartition(" over ")
    try:
        factor = float(weight)
    except ValueError:
        raise HardballError(f"{text!r}: write more losses as '0.3 margin over ramp'") from None
    method = Method.read(loss if over else rest, "loss")
    return MoreLoss(loss=method, weight=factor, schedule=schedule if over else "constant")
