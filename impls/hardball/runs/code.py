"""The source files that a run depends on, and their hash."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.runs.negatives import samplers
from hardball.runs.spec import METHODS, RunSpec

PACKAGE = Path(__file__).parents[1]

# What these hold reaches a run through its spec alone, and the spec is in config_id; the methods
# that a run uses are hashed by themselves, so that a new one reruns nothing.
_NEUTRAL = {
    f"hardball{below}"
    for below in (
        *("", ".cli", ".core.errors", ".core.paths", ".core.plugins", ".data.store", ".methods"),
        *(f".methods.{name}" for name in ("contract", "declare", "handed", "method")),
        *(f".methods.{name}" for name in ("parameter", "registry", "sources")),
        *(f".runs.{name}" for name in ("code", "collect", "plan", "settings", "spec", "suites")),
    )
}
_OTHER = {"jax": "_torch", "torch": "_jax"}


def used_entries(spec: RunSpec) -> list[registry.Entry]:
    """The catalogue entries that a run uses."""
    methods = [registry.entry(kind, getattr(spec, kind).name) for kind in METHODS]
    if spec.pretext is not None and spec.encoder is not None:
        methods += [
            registry.entry("pretext", spec.pretext.name),
            registry.entry("encoder", spec.encoder.name),
        ]
    methods += [registry.entry("loss", more.loss.name) for more in spec.losses]
    methods += [registry.entry("sampler", part.method.name) for part in samplers(spec)]
    methods += [registry.entry("regularizer", m.name) for m in spec.regularizers]
    return [*methods, *used_entries(spec.earlier)] if spec.before else methods


def code_files(spec: RunSpec) -> list[Path]:
    """The source files a run depends on: its engine, the metrics, and the methods that it uses.

    Followed through the import statements. Files of the other framework are never among them, nor
    is what fetches and builds data: the data have a hash of their own.
    """
    framework = spec.framework
    engine = "engine" if spec.pretext is None else "encoders.engine"
    starts = ["training.train", f"training.{engine}_{framework}"]
    starts += [f"arrays.on_{framework}", "metrics"]
    for known in used_entries(spec):
        starts.extend(known.code(framework))
    for module, path in _outside(spec):
        starts.extend(name.removeprefix("hardball.") for name in _imported(path, module))
    return module_files(starts, without=_OTHER[framework])


def code_sha256(spec: RunSpec) -> str:
    """sha256 of a run's source files, of which methods it uses, and of what it reads beside its
    data: methods from outside the package, its own features, the points that it begins from.
    """
    where = [(e.kind, e.name, *e.code(spec.framework), e.form) for e in used_entries(spec)]
    beside = _outside_sha256(spec) + _features_sha256(spec) + _start_sha256(spec)
    return _digest(code_files(spec), repr(where) + beside)


def _outside_sha256(spec: RunSpec) -> str:
    """sha256 of the files whose methods come from outside the package."""
    return "".join(_content(path) for _, path in _outside(spec))


def _outside(spec: RunSpec) -> list[tuple[str, Path]]:
    """The modules outside the package that declare a run's methods, and their files."""
    known = {e.module: e.file for e in used_entries(spec) if not e.module.startswith("hardball.")}
    return [(module, path) for module, path in sorted(known.items()) if path is not None]


def _features_sha256(spec: RunSpec) -> str:
    """sha256 of the files of features that methods name; "" where none does or none is there."""
    methods = [*(part.method for part in samplers(spec)), *spec.regularizers]
    named = (method.params.get("file") for method in methods)
    files = [Path(str(file)) for file in named if file]
    return "".join(_content(path) for path in files if path.is_file())


def _start_sha256(spec: RunSpec) -> str:
    """sha256 of the points that a run begins from; "" where it names none or none are there."""
    reads = registry.entry("start", spec.start.name).reads
    if reads is None:
        return ""
    try:
        return "".join(map(_content, reads(**spec.start.params)))
    except HardballError:
        return ""


def module_sha256(*modules: str) -> str:
    """sha256 of modules below hardball and of all that they import."""
    return _digest(module_files(modules), "")


def module_files(modules: Iterable[str], without: str = "") -> list[Path]:
    """Files of `modules` (dotted, below hardball) and of all hardball modules they import.

    without: the end of names that are not followed, those of modules and of folders.
    """
    waiting = [f"hardball.{module}" for module in modules]
    found: dict[str, Path] = {}
    while waiting:
        module = waiting.pop()
        skipped = module in found or module in _NEUTRAL or (without and _ends(module, without))
        path = None if skipped else _source(module)
        if path is not None:
            found[module] = path
            waiting.extend(_imported(path, module))
            waiting.append(module.rpartition(".")[0])
    return sorted(found.values())


def _ends(module: str, end: str) -> bool:
    return any(part.endswith(end) for part in module.split("."))


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
