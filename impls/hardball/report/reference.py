"""The pages of docs/reference, written from what is declared: methods, facts, settings, metrics."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from hardball.methods import registry
from hardball.methods.facts import FACTS, Fact
from hardball.metrics import listing
from hardball.runs.settings import OPTIONAL
from hardball.runs.spec import METHODS, RunSpec

FOLDER = "reference"
MADE = "Written by `hardball reference`; what it says stands beside the code."

# The page of a kind, its heading and what such a method is.
KINDS: dict[registry.Kind, tuple[str, str, str]] = {
    "task": ("tasks", "Tasks", "What a run trains on and is asked about."),
    "start": ("starts", "Starts", "Where points lie before training."),
    "strategy": ("strategies", "Strategies", "When the nodes of a hierarchy come to a run."),
    "pairs": ("pairs", "Pairs", "Which positive pairs a run shows, and in what shares."),
    "batches": ("batches", "Batches", "How batches are made of the pairs."),
    "sampler": (
        "sampler-parameters",
        "Samplers' parameters",
        "How negatives are drawn; each with pictures on [its page](samplers.md).",
    ),
    "manifold": ("manifolds", "Manifolds", "The spaces that points lie in, and their coordinates."),
    "loss": ("losses", "Losses", "What a step makes smaller, per anchor with its negatives."),
    "regularizer": ("regularizers", "Regularisers", "Terms that are added to the loss."),
    "objective": ("objectives", "Multi-task weighting", "How a loss and its terms share a step."),
    "radius": ("radii", "Radii", "Whether points are held at a radius."),
    "optimizer": ("optimizers", "Optimisers", "How points move along their gradients."),
    "encoder": ("encoders", "Encoders", "Networks that make points of nodes' features."),
    "pretext": ("pretexts", "Pretexts", "What an encoder is trained on without labels."),
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    found = {f"{page}.md": of_kind(kind) for kind, (page, _, _) in KINDS.items()}
    found |= {"facts.md": of_facts(), "namespace.md": of_namespace()}
    found |= {"settings.md": of_settings(), "metrics.md": of_metrics()}
    return {"index.md": index()} | found


def write(docs: Path) -> list[Path]:
    """Writes the pages below `docs`; returns their paths."""
    folder = docs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        paths.append(folder / name)
    return paths


def index() -> str:
    """The page that leads to the others."""
    lines = ["# Reference", "", MADE, "", "- [Samplers](samplers.md), with pictures"]
    lines += [f"- [{title}]({page}.md): {what}" for page, title, what in KINDS.values()]
    lines += [
        "- [Settings](settings.md): everything that determines a run",
        "- [Facts](facts.md): what training hands to a method",
        "- [Array namespace](namespace.md): the functions of `xp`, over JAX and PyTorch",
        "- [Metrics](metrics.md): every figure of a row",
    ]
    return _text(lines)


def of_kind(kind: registry.Kind) -> str:
    """The page of all methods of a kind that the package declares."""
    _, title, what = KINDS[kind]
    lines = [f"# {title}", "", what, "", MADE, ""]
    for entry in registry.entries(kind):
        if entry.module.startswith("hardball."):
            lines += [*_entry(entry), ""]
    return _text(lines)


def _entry(entry: registry.Entry) -> Iterator[str]:
    yield from (f"## {entry.name}", "", f"{_sentence(entry.summary)}", "")
    if entry.formula:
        yield from (f"Formula: {entry.formula}", "")
    said = _docstring(entry)
    if said:
        yield from ("```text", *said.splitlines(), "```", "")
    if entry.declared:
        rows = [
            (f"`{name}`", f"`{one.default}`", one.allowed, one.summary)
            for name, one in entry.declared.items()
        ]
        yield from (*_table(("parameter", "default", "allowed", "what it does"), rows), "")
    yield f"Source: {entry.source}. File: `{entry.module.removeprefix('hardball.')}`."


def _docstring(entry: registry.Entry) -> str:
    """What the code says of a method: its formula, its shapes, what it raises."""
    code: Any = entry.body if entry.body is not None else entry.build
    if isinstance(code, ModuleType):
        return inspect.cleandoc(code.__doc__ or "")
    return inspect.getdoc(code) or ""


def of_facts() -> str:
    """The page of what a method's body may name."""
    lines = [
        *("# Facts", ""),
        "A method's body names what it needs, and training hands it over. A training step has B "
        "pairs of an anchor and its positive; K negatives are scored for each anchor; R rows are "
        "read in all, 2 B of the pairs and then every negative; d is the dimension, T the number "
        "of terms. What is no array is an object.",
        *("", MADE, ""),
    ]
    for kind, table in FACTS.items():
        lines += [f"## Of a {kind}", "", *_facts(table.values()), ""]
    lines += ["## What single regularisers own", ""]
    for entry in registry.entries("regularizer"):
        if entry.owns and entry.module.startswith("hardball."):
            lines += [f"`{entry.name}`:", "", *_facts(entry.owns), ""]
    return _text(lines)


def _facts(facts: Any) -> list[str]:
    def row(fact: Fact) -> tuple[str, ...]:
        return f"`{fact.name}`", fact.text, fact.of, fact.summary

    return _table(("name", "shape", "of", "what it is"), [row(fact) for fact in facts])


def of_namespace() -> str:
    """The page of the names that a method's body has of its first argument, `xp`."""
    lines = [
        *("# Array namespace", ""),
        "`xp`, the first argument of a method's body, is one of two modules with the same names: "
        "`arrays.on_jax` and `arrays.on_torch`. Operators, slices and `x.shape`, `x.T`, "
        "`x.reshape(...)` are those of both frameworks.",
        *("", MADE, ""),
        *_table(("name", "what it is"), sorted(_names())),
    ]
    return _text(lines)


def _names() -> Iterator[tuple[str, str]]:
    """The public names of a namespace, from the source: importing it would import a framework."""
    folder = Path(__file__).parents[1] / "arrays" / "on_torch"
    for node in ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            path = folder / f"{str(node.module).rpartition('.')[2]}.py"
            for line in ast.parse(path.read_text(encoding="utf-8")).body:
                yield from _name(line)


def _name(line: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(line, ast.FunctionDef) and not line.name.startswith("_"):
        arguments = ", ".join(argument.arg for argument in line.args.args)
        yield f"`{line.name}({arguments})`", (ast.get_docstring(line) or "").partition("\n")[0]
    elif isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
        name = line.targets[0].id
        if not name.startswith("_") and name[0].islower():
            yield f"`{name}`", f"`{ast.unparse(line.value)}` in PyTorch"


def of_settings() -> str:
    """The page of a run's settings."""
    rows = [(f"`{n}`", *_setting(n, field)) for n, field in RunSpec.model_fields.items()]
    lines = [
        *("# Settings", ""),
        "Everything that determines a run's result, as a suite's `base` or `--set key=value` give "
        "it. A method is a name, or a name with parameters: `cousins(k=2)`.",
        *("", MADE, ""),
        *_table(("setting", "default", "allowed", "what it does"), rows),
    ]
    return _text(lines)


def _setting(name: str, field: FieldInfo) -> tuple[str, str, str]:
    default = "must be given" if field.is_required() else f"`{_shown(field.default)}`"
    if name in (*METHODS, *OPTIONAL, "regularizers"):
        kind: registry.Kind = "regularizer" if name == "regularizers" else name  # type: ignore[assignment]
        page = KINDS[kind][0]
        listed = "any of" if name == "regularizers" else "one of"
        return default, f"{listed} [{page}]({page}.md)", field.description or KINDS[kind][2]
    return default, _allowed(field), field.description or ""


def settings_listed() -> list[tuple[str, str]]:
    """(setting and default, what it does and what is allowed), as a terminal shows them."""
    lines = []
    for name, field in RunSpec.model_fields.items():
        default = "must be given" if field.is_required() else _shown(field.default)
        allowed, what = _allowed(field), field.description or ""
        if name in (*METHODS, *OPTIONAL, "regularizers"):
            kind: registry.Kind = "regularizer" if name == "regularizers" else name  # type: ignore[assignment]
            allowed, what = f"see `hardball list {kind}`", what or KINDS[kind][2].rstrip(".")
        lines.append((f"{name} [{default}]", f"{what}: {allowed}"))
    return lines


def _shown(value: Any) -> str:
    return "none" if value in ([], None) else str(value)


def _allowed(field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    named = {int: "whole numbers", float: "numbers", str: "any text"}
    return " ".join([named.get(kind, "a list"), " and ".join(bounds)]).strip()  # type: ignore[arg-type]


def of_metrics() -> str:
    """The page of every column that a row's figures may have."""
    better = {"max": "higher", "min": "lower", "none": ""}
    rows = [
        (f"`{m.name}`", better[m.direction], f"{m.low:g} to {m.high:g}", m.summary, m.formula)
        for m in listing.metrics()
    ]
    lines = [
        *("# Metrics", ""),
        "Every figure of a row. `<group>` stands for a grouping of the hierarchy. How each is "
        "computed: [metrics](../use/metrics.md).",
        *("", MADE, ""),
        *_table(("metric", "better", "range", "what it says", "formula"), rows),
    ]
    return _text(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    return [line(head), line(["---"] * len(head)), *map(line, rows)]


def _sentence(text: str) -> str:
    return textwrap.shorten(text[:1].upper() + text[1:], 1000) + "."


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n") + "\n"
