"""Every catalogue entry is whole: code in both frameworks, source, parameters, a parity test."""

import ast
import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hardball
from hardball.methods import registry
from hardball.methods.facts import FACTS, named
from hardball.report import gallery

TESTS = Path(__file__).resolve().parents[1]
DOCS = TESTS.parent / "docs"
PACKAGE = Path(hardball.__file__).parent
FRAMEWORKS = ("jax", "torch")
PAIRS = sorted(str(p.relative_to(PACKAGE))[: -len("_jax.py")] for p in PACKAGE.rglob("*_jax.py"))
ENTRIES = [pytest.param(e, id=f"{e.kind}-{e.name}") for e in registry.entries()]
PAIRED = [pytest.param(e, id=f"{e.kind}-{e.name}") for e in registry.entries() if e.paired]
# Whose words an entry's source may be: a paper with its year, or this project's own.
SOURCE = re.compile(r"[A-Z]\w+.* (19|20)\d\d\b|^hardball: \w+")


def syntax(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def signature(function):
    """Names, kinds and defaults of the parameters; annotations name each framework's arrays."""
    arguments = ast.unparse(_bare(function.args))
    return f"{function.name}({arguments})"


def _bare(arguments):
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return arguments


def public(path):
    """What a module defines for others, in order: functions, classes with methods, constants."""
    names = []
    for node in syntax(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names.append(signature(node))
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
            public_methods = [m for m in methods if m.name == "__init__" or m.name[0] != "_"]
            names.append((node.name, [signature(m) for m in public_methods]))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [ast.unparse(t) for t in targets if not ast.unparse(t).startswith("_")]
    return names


def first_lines(path):
    """The first docstring line of every public function."""
    functions = [n for n in syntax(path).body if isinstance(n, ast.FunctionDef)]
    return {
        f.name: (ast.get_docstring(f) or "").split("\n")[0]
        for f in functions
        if not f.name.startswith("_")
    }


@functools.cache
def words_of(path):
    """Every identifier and every whole string in a file."""
    found = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name.split(".")[-1])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def test_the_halves_of_the_engines_lie_side_by_side():
    torch_halves = {
        str(p.relative_to(PACKAGE))[: -len("_torch.py")] for p in PACKAGE.rglob("*_torch.py")
    }
    assert set(PAIRS) == torch_halves
    # Of a method there is one text, or an override beside it.
    assert not [pair for pair in PAIRS if pair.startswith("methods/")]


@pytest.mark.parametrize("pair", PAIRS)
def test_both_halves_have_the_same_public_names_in_the_same_order(pair):
    one, other = (PACKAGE / f"{pair}_{framework}.py" for framework in FRAMEWORKS)
    assert public(one) == public(other)


@pytest.mark.parametrize("pair", PAIRS)
def test_both_halves_say_the_same_of_a_function(pair):
    one, other = (first_lines(PACKAGE / f"{pair}_{framework}.py") for framework in FRAMEWORKS)
    # Only the names of dtypes may differ.
    plain = [{k: v.replace("int64", "int32") for k, v in half.items()} for half in (one, other)]
    assert plain[0] == plain[1]
    assert all(plain[0].values())


def test_a_changed_signature_would_be_seen(tmp_path):
    honest, changed = tmp_path / "x_jax.py", tmp_path / "x_torch.py"
    honest.write_text("def f(a: Array, *, b: int = 1) -> Array: ...\n")
    changed.write_text("def f(a: Tensor, *, b: int = 2) -> Tensor: ...\n")
    assert public(honest) == ["f(a, *, b=1)"]
    assert public(changed) == ["f(a, *, b=2)"]


@pytest.mark.parametrize("entry", PAIRED)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_entry_can_be_imported(entry, framework):
    half = registry.load(entry.kind, entry.name, framework)
    assert callable(half) if entry.kind != "manifold" else hasattr(half, "dist")


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_built_documented_and_cited(entry):
    assert SOURCE.search(entry.source), entry.source
    assert entry.summary
    assert entry.paired or entry.build
    if entry.build:
        builder = registry.builder(entry.kind, entry.name)
        assert inspect.getdoc(builder)
    if entry.paired:
        for framework in FRAMEWORKS:
            assert inspect.getdoc(registry.load(entry.kind, entry.name, framework))


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entrys_parameters_are_accepted_by_its_code(entry):
    accepted = set()
    if entry.build:
        takes = inspect.signature(registry.builder(entry.kind, entry.name)).parameters
        accepted |= set(takes)
        defaults = {k: takes[k].default for k in entry.parameters if k in takes}
        assert all(v in (entry.parameters[k], inspect.Parameter.empty) for k, v in defaults.items())
    if entry.paired and entry.kind != "manifold":
        halves = [registry.load(entry.kind, entry.name, f) for f in FRAMEWORKS]
        for half in halves:
            accepted |= set(inspect.signature(half).parameters)
            if entry.kind in FACTS:
                asked = (FACTS[entry.kind][name] for name in named(half, entry.kind))
                accepted |= {parameter for fact in asked for parameter in fact.by}
    if entry.kind == "manifold":
        accepted |= set(inspect.signature(registry.load(*_of(entry), "torch").dist).parameters)
    # The engine takes the rate of what a term owns.
    accepted |= {"lr"} if entry.owns else set()
    assert set(entry.parameters) <= accepted


def _of(entry):
    return entry.kind, entry.name


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entrys_choices_hold_its_defaults(entry):
    for parameter, allowed in entry.choices.items():
        assert entry.parameters[parameter] in allowed


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entrys_settings_are_choices_that_fix_its_parameters(entry):
    for name, fixed in entry.settings.items():
        assert name in entry.choices["setting"]
        resolved = registry.parameters(*_of(entry), {"setting": name})
        assert {key: resolved[key] for key in fixed} == fixed


@pytest.mark.parametrize("entry", PAIRED)
def test_a_parity_test_names_the_entry(entry):
    names = {entry.name, f"{entry.name}_jax"}
    files = [p for p in (TESTS / "pairs").glob("test_*.py") if names & words_of(p)]
    assert files, f"no file of tests/pairs names {entry.kind} {entry.name}"


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.values[0].kind == "sampler"])
def test_a_sampler_says_what_it_costs_and_what_it_draws(entry):
    assert re.fullmatch(r"O\(.+\); O\(.+\).*", entry.cost), 'cost="O(memory); O(a draw)"'
    _, formula = gallery.said(entry)
    assert formula


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.values[0].kind == "sampler"])
def test_a_sampler_has_its_picture(entry):
    picture = DOCS / gallery.FOLDER / f"{entry.name}.svg"
    assert picture.is_file(), f"no {picture}: run `hardball gallery` and commit docs/"
    assert picture.stat().st_size < 150_000


def test_the_page_of_samplers_is_what_the_gallery_writes():
    written = (DOCS / gallery.PAGE).read_text(encoding="utf-8")
    said = "the page of samplers is out of date: run `hardball gallery` and commit docs/"
    assert written == gallery.page(registry.entries("sampler")), said
    pictures = {path.stem for path in (DOCS / gallery.FOLDER).glob("*.svg")}
    assert pictures == {e.name for e in registry.entries("sampler")}, said


def test_names_are_unique_within_a_kind():
    keys = [_of(e) for e in registry.entries()]
    assert len(keys) == len(set(keys))


def host_modules():
    """Every module that is no half of a pair nor part of another system's process.

    __main__ is left out: importing that runs it.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE.parent).with_suffix("")
        peers = PACKAGE / "studies" / "peers" / "foreign"
        foreign = path.is_relative_to(peers) and path.stem != "__init__"
        half = any(part.endswith(("_jax", "_torch")) for part in relative.parts)
        if not half and not foreign and relative.name != "__main__":
            yield ".".join(relative.parts).removesuffix(".__init__")


@pytest.mark.parametrize("modules", [["hardball"], list(host_modules())], ids=["package", "hosts"])
def test_importing_needs_neither_framework(modules):
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "    loaded = {'jax', 'torch'} & set(sys.modules)\n"
        "    assert not loaded, f'{name} imports {loaded}'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_half_imports_its_own_framework_alone(framework):
    (other,) = set(FRAMEWORKS) - {framework}
    halves = [f"hardball.{p.replace('/', '.')}_{framework}" for p in PAIRS]
    code = (
        "import importlib, sys\n"
        f"for name in {halves!r}:\n"
        "    importlib.import_module(name)\n"
        f"    assert {other!r} not in sys.modules, name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
