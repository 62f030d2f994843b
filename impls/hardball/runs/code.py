"""The source files that a run depends on, and their hash."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.starts.earlier import points_file
from hardball.runs.negatives import samplers
from hardball.runs.spec import METHODS, RunSpec

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
