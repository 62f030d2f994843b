"""Suites by name or by file: YAML, read and checked as a whole."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hardball.core import paths
from hardball.core.errors import HardballError, unknown
from hardball.core.text import read_yaml
from hardball.methods import registry
from hardball.runs import ensembles, plan, settings
from hardball.runs.spec import Suite


def names() -> list[str]:
    """The suites of the checkout."""
    return sorted(path.stem for path in paths.suites().glob("*.yaml"))


def load(reference: str | Path) -> Suite:
    """The suite called `name`, `name:budget` or `path/to/suite.yaml[:budget]`, fully checked.

    A budget is a named set of changes of the base; its suite is called <name>_<budget>.
    Raises HardballError naming the file, the key and what is allowed.
    """
    path, suite = _read(reference)
    _small_enough(path, suite)
    try:
        plan.runs(suite)
        ensembles.planned(suite)
    except HardballError as error:
        raise HardballError(f"{path}: {error}") from None
    return suite


def read(reference: str | Path) -> Suite:
    """`load` in a moment: what the file says, its runs not planned and so not checked."""
    return _read(reference)[1]


def _read(reference: str | Path) -> tuple[Path, Suite]:
    text, _, budget = str(reference).partition(":")
    path = _suite_path(text)
    suite = _parse(path, read_mapping(path, "a suite", Suite.model_fields))
    if suite.name != path.stem:
        raise HardballError(f"{path}: name {suite.name!r} must be the file's, {path.stem!r}")
    if budget:
        if budget not in suite.budgets:
            allowed = ", ".join(suite.budgets) or "none"
            raise HardballError(f"{path}: no budget {budget!r}: allowed are {allowed}")
        changes = {
            "name": f"{suite.name}_{budget}",
            "base": {**suite.base, **suite.budgets[budget]},
        }
        suite = suite.model_copy(update=changes)
    return path, suite


def _small_enough(path: Path, suite: Suite) -> None:
    """Raises HardballError on a seed that stands twice, and on more runs than anybody means."""
    for seeds in (suite.seeds, *(group.seeds for group in suite.groups)):
        if len(set(seeds)) < len(seeds):
            raise HardballError(f"{path}: seeds {seeds}: one stands twice")
    count = 0
    for group in suite.groups:
        crossed = math.prod(len(values) for values in group.over.values())
        frameworks, seeds = group.frameworks or suite.frameworks, group.seeds or suite.seeds
        count += crossed * len(frameworks) * len(seeds)
    if count > plan.MOST:
        raise HardballError(f"{path}: {count:,} runs, allowed are {plan.MOST:,}: cross fewer lists")


def _suite_path(text: str) -> Path:
    if text.endswith((".yaml", ".yml")) or "/" in text:
        path = Path(text)
        if not path.is_file():
            raise HardballError(f"no suite file {text}")
        return path
    if text not in names():
        raise unknown("suite", text, names(), ", or a path to a .yaml")
    return paths.suites() / f"{text}.yaml"


def read_mapping(path: Path, what: str, keys: Collection[str]) -> dict[str, Any]:
    """The mapping of a YAML file, whose keys are among `keys`; what: what it is, for the message.

    Raises HardballError naming the file.
    """
    try:
        content = read_yaml(path.read_text(encoding="utf-8"), _texts())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HardballError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise HardballError(f"{path}: {what} is a mapping with the keys {', '.join(keys)}")
    for key in content:
        if key not in keys:
            raise HardballError(f"{path}: {unknown('key', str(key), keys)}")
    return content


def _texts() -> set[str]:
    """The settings and parameters of methods that hold text, which YAML must not take for more."""
    given = [pair for entry in registry.entries() for pair in entry.parameters.items()]
    numbers = {key for key, value in given if not isinstance(value, str)}
    return {"dataset", *(key for key, _ in given)} - numbers


def _parse(path: Path, content: dict[str, Any]) -> Suite:
    try:
        return Suite.model_validate(content)
    except ValidationError as error:
        raise HardballError(f"{path}: {settings.first(error)}") from None
