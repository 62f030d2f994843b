"""Suite YAML -> runs -> jobs, and the source files that each run depends on."""

import ast
import difflib
import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.core.text import Loader, arguments, assigned, scalar
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.runs.negatives import samplers
from hardball.runs.spec import METHODS, Framework, Group, Hard, RunSpec, Suite

BASE = "base"
SEPARATOR = ";"
PACKAGE = Path(__file__).parents[1]

# What these hold reaches a run through its spec alone, and the spec is in config_id; the used
# catalogue entries are hashed by themselves, so that a new entry reruns nothing.
_NEUTRAL = {
    f"hardball{below}"
    for below in (
        *("", ".cli.main", ".core.errors", ".core.paths", ".runs.plan", ".runs.spec"),
        *(".methods", ".methods.contract", ".methods.registry", ".methods.sources"),
        *(".methods.entries", ".methods.entries.data"),
        *(".methods.entries.samplers", ".methods.entries.training"),
    )
}


@dataclass(frozen=True)
class PlannedRun:
    """One run and its place in a suite.

    factor: every group it belongs to, joined by ";" ("base;sampler"); label: what the run stands
    for in each of them, in the same order ("base;uniform").
    """

    spec: RunSpec
    suite: str
    factor: str
    label: str


@dataclass(frozen=True)
class Job:
    """The runs of one configuration in one framework: one process, all seeds."""

    suite: str
    config_id: str
    framework: Framework
    runs: tuple[PlannedRun, ...]

    @property
    def stem(self) -> str:
        """File name of the job's rows and curves."""
        return f"{self.config_id}-{self.framework}"

    @property
    def spec(self) -> RunSpec:
        """The first seed's spec, for everything that seeds have in common."""
        return self.runs[0].spec


def slug(text: str) -> str:
    """A file name: letters, digits, `_`, `.` and `-` of the text."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_")


def suite_names() -> list[str]:
    """The suites of the checkout."""
    return sorted(path.stem for path in paths.suites().glob("*.yaml"))


def load_suite(reference: str | Path) -> Suite:
    """The suite called `name`, `name:budget` or `path/to/suite.yaml[:budget]`, fully checked.

    A budget is a named set of changes of the base; its suite is called <name>_<budget>.
    Raises HardballError naming the file, the key and what is allowed.
    """
    text, _, budget = str(reference).partition(":")
    path = _suite_path(text)
    suite = _parse(path, _read_yaml(path))
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
    try:
        runs(suite)
    except HardballError as error:
        raise HardballError(f"{path}: {error}") from None
    return suite


def _suite_path(text: str) -> Path:
    if text.endswith((".yaml", ".yml")) or "/" in text:
        path = Path(text)
        if not path.is_file():
            raise HardballError(f"no suite file {text}")
        return path
    if text not in suite_names():
        allowed = ", ".join(suite_names())
        raise HardballError(f"unknown suite {text!r}: allowed are {allowed}, or a path to a .yaml")
    return paths.suites() / f"{text}.yaml"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HardballError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise HardballError(f"{path}: a suite is a mapping with the keys {_keys(Suite)}")
    return content


def _parse(path: Path, content: dict[str, Any]) -> Suite:
    for key in content:
        if key not in Suite.model_fields:
            raise HardballError(f"{path}: {_unknown(str(key), Suite.model_fields)}")
    try:
        return Suite.model_validate(content)
    except ValidationError as error:
        raise HardballError(f"{path}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, on one line."""
    detail = error.errors(include_url=False)[0]
    where = ".".join(map(str, detail["loc"])) or "the whole"
    given = "" if detail["type"] == "missing" else f" (given {detail['input']!r:.80})"
    return f"{where}: {detail['msg']}{given}"


def _unknown(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown key {key!r}{hint} Allowed are {', '.join(known)}"


def _keys(model: Any) -> str:
    return ", ".join(model.model_fields)


def settings() -> list[str]:
    """What a suite or a command line may set: every field of RunSpec but seed and framework."""
    return [key for key in RunSpec.model_fields if key not in ("seed", "framework")]


def make_spec(values: Mapping[str, Any], framework: Framework, seed: int) -> RunSpec:
    """The spec of `values`; raises HardballError naming the key and what is allowed."""
    for key in values:
        if key not in settings():
            raise HardballError(_unknown(key, settings()))
    try:
        return RunSpec.model_validate({**values, "framework": framework, "seed": seed})
    except ValidationError as error:
        raise HardballError(_first(error)) from None


def parse_value(text: str) -> Any:
    """A command line's value: YAML, or a method as rows print it, `cousins(k=2)`."""
    called = re.fullmatch(r"\s*(\w+)\((.*)\)\s*", text)
    if not called:
        return scalar(text)
    pairs = [assigned(part) for part in arguments(called[2])]
    if None in pairs:
        raise HardballError(f"{text!r}: write a method as name(parameter=value,...)")
    return {"name": called[1], **dict(pair for pair in pairs if pair)}


def runs(suite: Suite) -> list[PlannedRun]:
    """Every run of the suite once: the base, then each group's crossing around it.

    A configuration that several groups name is one run listed under all of them.
    Raises HardballError naming the group and the key.
    """
    planned: dict[str, PlannedRun] = {}
    for group in [Group(factor=BASE), *suite.groups]:
        for changes in _crossing(group):
            label = _label(changes or group.set) or group.factor
            for framework in group.frameworks or suite.frameworks:
                for seed in group.seeds or suite.seeds:
                    values = {**suite.base, **group.set, **changes}
                    try:
                        spec = make_spec(values, framework, seed)
                    except HardballError as error:
                        raise HardballError(f"group {group.factor!r}: {error}") from None
                    run = PlannedRun(spec, suite.name, group.factor, label)
                    known = planned.get(spec.run_id)
                    planned[spec.run_id] = _merge(known, run) if known else run
    return list(planned.values())


def _crossing(group: Group) -> list[dict[str, Any]]:
    names = list(group.over)
    crossed = itertools.product(*group.over.values())
    return [dict(zip(names, values, strict=True)) for values in crossed]


def _label(changes: Mapping[str, Any]) -> str:
    """The values that a run stands for, without the character that joins labels."""
    return " ".join(_text(value) for value in changes.values()).replace(SEPARATOR, ",")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(member) for member in value) or "none"
    if isinstance(value, dict):
        return str((Hard if "sampler" in value else Method).model_validate(value))
    return str(value)


def _merge(known: PlannedRun, new: PlannedRun) -> PlannedRun:
    factors = known.factor.split(SEPARATOR)
    if new.factor in factors:
        return known
    return replace(
        known,
        factor=SEPARATOR.join([*factors, new.factor]),
        label=SEPARATOR.join([known.label, new.label]),
    )


def jobs(suite: Suite) -> list[Job]:
    """One job per configuration and framework, in the order of `runs`."""
    grouped: dict[tuple[str, Framework], list[PlannedRun]] = {}
    for run in runs(suite):
        grouped.setdefault((run.spec.config_id, run.spec.framework), []).append(run)
    return [Job(suite.name, c, f, tuple(members)) for (c, f), members in grouped.items()]


def job(suite: Suite, config_id: str, framework: str) -> Job:
    """The job of one configuration in one framework; raises HardballError with the way out."""
    for candidate in jobs(suite):
        if (candidate.config_id, candidate.framework) == (config_id, framework):
            return candidate
    raise HardballError(
        f"suite {suite.name} has no {framework} job {config_id!r}: `hardball plan` lists its jobs"
    )


def used_entries(spec: RunSpec) -> list[registry.Entry]:
    """The catalogue entries that a run uses."""
    methods = [registry.entry(kind, getattr(spec, kind).name) for kind in METHODS]
    methods += [registry.entry("sampler", part.method.name) for part in samplers(spec)]
    return [*methods, *(registry.entry("regularizer", m.name) for m in spec.regularizers)]


def code_files(spec: RunSpec) -> list[Path]:
    """The source files a run depends on: its trainer, metrics, and its halves of the pairs.

    Followed through the import statements; the other framework's halves are never among them, nor
    is what fetches and builds data: the data have a hash of their own.
    """
    starts = ["training.train", "training.engine_" + spec.framework, "metrics"]
    for known in used_entries(spec):
        starts.extend(known.code(spec.framework))
    other = "_torch" if spec.framework == "jax" else "_jax"
    return module_files(starts, without=(other, ".hierarchy.store"))


def code_sha256(spec: RunSpec) -> str:
    """sha256 of a run's source files, of where its catalogue entries point, of what it reads beside
    its data: its own features, the points that it begins from.
    """
    where = [(e.kind, e.name, *e.code(spec.framework), e.form) for e in used_entries(spec)]
    return _digest(code_files(spec), repr(where) + _features_sha256(spec) + _start_sha256(spec))


def _features_sha256(spec: RunSpec) -> str:
    """sha256 of the files of features that methods name; "" where none does or none is there."""
    methods = [*(part.method for part in samplers(spec)), *spec.regularizers]
    named = (method.params.get("file") for method in methods)
    files = [Path(str(file)) for file in named if file]
    return "".join(_content(path) for path in files if path.is_file())


def _start_sha256(spec: RunSpec) -> str:
    """sha256 of the points that a run begins from; "" where it names none or none are there."""
    if spec.start.name != "run":
        return ""
    from hardball.methods.starts.earlier import points_file

    try:
        return _content(points_file(str(spec.start.params["points"])))
    except HardballError:
        return ""


def module_sha256(*modules: str) -> str:
    """sha256 of modules below hardball and of all that they import."""
    return _digest(module_files(modules), "")


def module_files(modules: Iterable[str], without: tuple[str, ...] = ()) -> list[Path]:
    """Files of `modules` (dotted, below hardball) and of all hardball modules they import.

    without: ends of module names that are not followed.
    """
    waiting = [f"hardball.{module}" for module in modules]
    found: dict[str, Path] = {}
    while waiting:
        module = waiting.pop()
        skipped = module in found or module in _NEUTRAL or module.endswith(without)
        path = None if skipped else _source(module)
        if path is not None:
            found[module] = path
            waiting.extend(_imported(path, module))
            waiting.append(module.rpartition(".")[0])
    return sorted(found.values())


def _source(module: str) -> Path | None:
    inside = PACKAGE.joinpath(*module.split(".")[1:])
    for path in (inside.with_suffix(".py"), inside / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _imported(path: Path, module: str) -> frozenset[str]:
    """hardball modules named by a file's import statements, wherever in the file they stand."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.rsplit(".", node.level - 1)[0]
                base = f"{above}.{base}".rstrip(".")
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(name for name in names if name.split(".")[0] == "hardball")


def _digest(files: list[Path], more: str) -> str:
    digest = hashlib.sha256(more.encode())
    for path in files:
        digest.update(f"{path.relative_to(PACKAGE).as_posix()} {_content(path)}\n".encode())
    return digest.hexdigest()


@cache
def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
