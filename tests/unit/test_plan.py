"""Suites: what they run, what is one job, which files a run depends on, what mistakes say."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hardball.core.errors import HardballError
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.runs import code, plan, settings, suites
from hardball.runs.spec import METHODS, Suite

BASE = {"dataset": "wordnet_mammals", "epochs": 3}


def suite(**fields) -> Suite:
    given = {"name": "tiny", "summary": "", "minutes": 1, "seeds": [0, 1], "base": BASE}
    return Suite.model_validate(given | fields)


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def method(name: str, **params) -> Method:
    return Method(name=name, params=params).resolved("sampler")


HEAD = "name: mine\nsummary: s\nminutes: 1\nseeds: [0]\n"


def test_base_and_one_group():
    # base + 2 samplers = 3 configurations, x 2 frameworks x 2 seeds
    group = {"factor": "sampler", "over": {"sampler": ["siblings", "degree"]}}
    planned = plan.runs(suite(groups=[group]))
    assert len(planned) == 12
    assert len({run.spec.run_id for run in planned}) == 12
    assert {(r.factor, r.label) for r in planned} == {
        ("base", "base"),
        ("sampler", "siblings"),
        ("sampler", "degree"),
    }


def test_lists_of_a_group_are_crossed():
    over = {"manifold": ["poincare", "lorentz"], "optimizer": ["rsgd", "radam"]}
    group = {"factor": "geometry", "set": {"lr": 0.1}, "over": over}
    planned = plan.runs(suite(groups=[group], seeds=[0], frameworks=["jax"]))[1:]
    assert [run.label for run in planned] == [
        "poincare rsgd",
        "poincare radam",
        "lorentz rsgd",
        "lorentz radam",
    ]
    assert {run.spec.lr for run in planned} == {0.1}


def test_configuration_of_two_groups_is_one_job_listed_under_both():
    groups = [
        {"factor": "sampler", "over": {"sampler": ["uniform", "siblings"]}},
        {"factor": "loss", "over": {"loss": ["infonce", "margin"]}},
    ]
    jobs = plan.jobs(suite(groups=groups, frameworks=["jax"]))
    assert [(job.runs[0].factor, job.runs[0].label) for job in jobs] == [
        ("base;sampler;loss", "base;uniform;infonce"),
        ("sampler", "siblings"),
        ("loss", "margin"),
    ]


def test_defaults_written_out_are_the_same_configuration():
    group = {"factor": "sampler", "over": {"sampler": [{"name": "cousins", "k": 1}, "cousins"]}}
    assert len(plan.jobs(suite(groups=[group], frameworks=["jax"]))) == 2


def test_settings_younger_than_published_rows_leave_names_alone():
    """The names of runs stand in published tables: a new setting must not change them."""
    spec = settings.make_spec({"dataset": "wordnet_mammals"}, "jax", 0)
    assert spec.config_id == "wordnet_mammals-uniform-infonce-tangent-d5-817c7e07"
    younger = [{"fade": 0.5}, {"hard": [{"sampler": "siblings", "negatives": 2}]}]
    younger += [{"pairs": "edges"}, {"batches": "layerwise"}, {"objective": "pcgrad"}]
    younger += [{"radius": "exact"}, {"pretext": "infomax"}, {"strategy": "online"}]
    for changes in younger:
        other = settings.make_spec({"dataset": "wordnet_mammals", **changes}, "jax", 0)
        assert other.config_id != spec.config_id


def test_a_pool_may_stand_beside_another():
    hard = [{"sampler": "popularity", "negatives": 2}]
    spec = settings.make_spec({"dataset": "d", "sampler": "pool", "hard": hard}, "jax", 0)
    assert str(spec.hard[0]) == "2 popularity(by=pairs,alpha=1.0,corrected=False)"
    assert spec.scored == spec.negatives + 2


def test_seeds_share_a_job_and_a_group_may_have_its_own():
    group = {"factor": "dim", "seeds": [7], "over": {"dim": [2, 5]}}
    jobs = plan.jobs(suite(groups=[group], frameworks=["jax"]))
    assert [[run.spec.seed for run in job.runs] for job in jobs] == [[0, 1, 7], [7]]


def test_labels_never_hold_the_character_that_joins_them():
    group = {"factor": "dataset", "over": {"dataset": ["a;b"]}}
    assert plan.runs(suite(groups=[group]))[-1].label == "a,b"


@pytest.mark.parametrize("name", suites.names())
def test_every_suite_of_the_checkout_loads(name):
    loaded = suites.load(name)
    assert loaded.name == name
    for budget in loaded.budgets:
        assert suites.load(f"{name}:{budget}").name == f"{name}_{budget}"


# They go on from the points of another run, which a suite cannot name before it has run.
GOES_ON = {"run", "ewc"}
# Tasks on pairs or data sets that are fetched first; suites of their own run them.
FETCHED = {"ganea2018", "bipartite_links"}
# A library that is compiled where it is installed; a suite of its own runs it.
BUILT = {"hnsw"}


def test_breadth_has_every_sampler_loss_manifold_and_optimizer():
    specs = [run.spec for run in plan.runs(suites.load("breadth"))]
    assert {spec.framework for spec in specs} == {"jax", "torch"}
    for kind in METHODS:
        assert {getattr(spec, kind).name for spec in specs} == {
            entry.name
            for entry in registry.entries(kind)
            if entry.name not in GOES_ON | FETCHED | BUILT
        }
    penalties = {method.name for spec in specs for method in spec.regularizers}
    assert penalties == {entry.name for entry in registry.entries("regularizer")} - GOES_ON


def test_a_budget_changes_the_base(tmp_path):
    budget = "base: {dataset: d, epochs: 3}\nbudgets: {full: {epochs: 30, device: gpu}}\n"
    loaded = suites.load(f"{write(tmp_path, HEAD + budget)}:full")
    assert loaded.name == "mine_full"
    assert loaded.base == {"dataset": "d", "epochs": 30, "device": "gpu"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a suite is a mapping with the keys name, summary"),
        ("name: [", "not YAML"),
        (HEAD, "base: Field required"),
        (HEAD + "bases: {}\n", "unknown key 'bases', did you mean 'base'?"),
        (HEAD + "base: {dataset: d, epoch: 3}\n", "'epoch', did you mean 'epochs'?"),
        (HEAD + "base: {dataset: d, seed: 3}\n", "unknown key 'seed'"),
        (HEAD + "base: {dataset: d, dim: 1}\n", "dim: Input should be greater than or equal to 2"),
        (
            HEAD + "base: {dataset: d, sampler: sibling}\n",
            "blend, cousins, curriculum, degree",
        ),
        (HEAD + "base: {dataset: d, sampler: {name: cousins, q: 2}}\n", "no parameter 'q'"),
        (HEAD + "base: {epochs: 3}\n", "dataset: Field required"),
        (HEAD.replace("mine", "My suite") + "base: {dataset: d}\n", "name: String should match"),
        (HEAD.replace("mine", "yours") + "base: {dataset: d}\n", "'yours' must be the file's"),
        (HEAD + "base: {dataset: d}\nframeworks: [numpy]\n", "frameworks.0"),
        (
            HEAD + "base: {dataset: d}\ngroups: [{factor: loss, over: {loss: [margins]}}]\n",
            "group 'loss': unknown loss 'margins', did you mean 'margin'? Allowed are adjacency",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_key_and_what_is_allowed(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(HardballError) as caught:
        suites.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message


def test_unknown_suites_and_budgets_say_what_there_is():
    with pytest.raises(HardballError, match=r"'quik', did you mean 'quick'\? Allowed are .*quick"):
        suites.load("quik")
    with pytest.raises(HardballError, match="no budget 'huge': allowed are full"):
        suites.load("nouns:huge")
    with pytest.raises(HardballError, match=r"no suite file gone\.yaml"):
        suites.load("gone.yaml")


def test_numbers_of_a_suite_may_be_written_with_an_exponent(tmp_path):
    base = "base: {dataset: d, optimizer: {name: adam, eps: 1e-6}}\n"
    spec = plan.runs(suites.load(write(tmp_path, HEAD + base)))[0].spec
    assert spec.optimizer.params["eps"] == 1e-6


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("sampler", "siblings", method("siblings")),
        ("sampler", "cousins(k=2)", method("cousins", k=2)),
        (
            "sampler",
            "matrix(of=siblings, replace=false)",
            method("matrix", of="siblings", replace=False),
        ),
        ("sampler", "{name: cousins, k: 2}", {"name": "cousins", "k": 2}),
        ("lr", "1e-3", 0.001),
        ("lr", "0.4", 0.4),
        ("dim", "7", 7),
    ],
)
def test_values_of_the_command_line(key, text, value):
    assert settings.read(key, text) == value


@pytest.mark.parametrize("sampler", ["depth_matched", "similarity_hard"])
def test_a_method_as_rows_print_it_reads_back(sampler):
    spec = settings.make_spec({"dataset": "d", "sampler": sampler}, "jax", 0)
    again = settings.make_spec(
        {"dataset": "d", "sampler": settings.read("sampler", str(spec.sampler))}, "jax", 0
    )
    assert again == spec


def names(framework: str, **values) -> set[str]:
    spec = settings.make_spec({"dataset": "d", **values}, framework, 0)
    return {path.relative_to(code.PACKAGE).as_posix() for path in code.code_files(spec)}


def file_of(kind: str, name: str, framework: str) -> str:
    """The file that holds a method's code in a framework."""
    return f"{registry.entry(kind, name).code(framework)[0].replace('.', '/')}.py"


@pytest.mark.parametrize(("framework", "other"), [("jax", "torch"), ("torch", "jax")])
def test_code_of_a_run_is_that_of_its_methods_and_its_framework(framework, other):
    files = names(framework, sampler="siblings", loss="margin")
    assert {
        file_of("sampler", "siblings", framework),
        file_of("loss", "margin", framework),
        file_of("manifold", "tangent", framework),
        file_of("optimizer", "adam", framework),
        f"arrays/on_{framework}/elementwise.py",
        f"training/engine_{framework}.py",
        "training/loop.py",
        "metrics/ranking.py",
        "hierarchy/splits.py",
        "core/random_bits.py",
    } <= files
    assert not [name for name in files if f"_{other}" in name]
    assert not files & {
        file_of("loss", "infonce", framework),
        file_of("sampler", "pool", framework),
        "methods/registry.py",
        "cli/main.py",
        "runs/plan.py",
        "runs/spec.py",
        "data/fetch.py",
    }
    assert not [name for name in files if name.startswith(("report/", "studies/", "cli/"))]


@pytest.mark.parametrize(
    ("setting", "ratio", "temperature"),
    [("careful", 0.3, 0.1), ("balanced", 0.5, 0.1), ("aggressive", 0.7, 0.05), ("own", 0.5, 0.1)],
)
def test_a_setting_fills_in_what_it_fixes_and_the_row_shows_it(setting, ratio, temperature):
    sampler = {"name": "similarity_hard", "setting": setting}
    spec = settings.make_spec({"dataset": "d", "sampler": sampler}, "jax", 0)
    assert f"(ratio={ratio},temperature={temperature}," in str(spec.sampler)
    # Resolved once more, as a hard sampler of a loaded spec is, it stays what it is.
    assert spec.sampler.resolved("sampler") == spec.sampler


def test_a_value_beside_a_setting_that_fixes_another_is_refused():
    sampler = {"name": "similarity_hard", "setting": "careful", "ratio": 0.9}
    with pytest.raises(HardballError, match=r"ratio=0\.9, but setting=careful fixes it at 0\.3"):
        settings.make_spec({"dataset": "d", "sampler": sampler}, "jax", 0)
    own = settings.make_spec({"dataset": "d", "sampler": {**sampler, "setting": "own"}}, "jax", 0)
    assert own.sampler.params["ratio"] == 0.9


@pytest.mark.parametrize("mixed", [False, True])
def test_other_numbers_in_a_file_of_features_are_other_code(tmp_path, mixed):
    def sha256(file: str) -> str:
        (tmp_path / file).write_text(file[0])
        given = {"features": "file", "file": str(tmp_path / file)}
        sampler = {"name": "similarity_hard", **given}
        if mixed:
            inner = ",".join(f"{key}={value}" for key, value in given.items())
            sampler = {"name": "mixture", "of": f"uniform + similarity_hard({inner})"}
        return code.code_sha256(settings.make_spec({"dataset": "d", "sampler": sampler}, "jax", 0))

    assert sha256("a.csv") != sha256("b.csv")
    assert sha256("a.csv") == sha256("another.csv")


@pytest.fixture
def changed_copy(tmp_path, monkeypatch):
    """A copy of the package whose files may change; hashes are taken from it."""
    copy = tmp_path / "hardball"
    shutil.copytree(code.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    return copy


def hashes() -> dict[tuple[str, str], str]:
    return {
        (framework, loss): code.code_sha256(
            settings.make_spec({"dataset": "d", "loss": loss}, framework, 0)
        )
        for framework in ("jax", "torch")
        for loss in ("infonce", "margin")
    }


def users(loss: str, framework: str) -> set[tuple[str, str]]:
    """The runs of a loss that use its file of this framework: of both where there is one file."""
    file = file_of("loss", loss, framework)
    return {(other, loss) for other in ("jax", "torch") if file_of("loss", loss, other) == file}


@pytest.mark.parametrize(
    ("file", "touched"),
    [
        (file_of("loss", "margin", "torch"), users("margin", "torch")),
        (file_of("loss", "infonce", "jax"), users("infonce", "jax")),
        (file_of("sampler", "pool", "jax"), set()),
        ("arrays/on_jax/elementwise.py", {("jax", "infonce"), ("jax", "margin")}),
        ("training/engine_torch.py", {("torch", "infonce"), ("torch", "margin")}),
        ("metrics/ranking.py", "all"),
        ("cli/main.py", set()),
        ("methods/registry.py", set()),
        ("runs/suites.py", set()),
        # Runs of other strategies alone load these.
        ("training/online/run.py", set()),
        ("training/few_shot/meta_jax.py", set()),
    ],
)
def test_changed_code_touches_just_what_depends_on_it(changed_copy, file, touched):
    before = hashes()
    path = changed_copy / file
    path.write_text(path.read_text() + "\n# changed\n")
    code._content.cache_clear()
    after = hashes()
    expected = set(before) if touched == "all" else touched
    assert {key for key in before if before[key] != after[key]} == expected


def test_a_method_from_outside_the_package_is_part_of_the_code(tmp_path, monkeypatch):
    """Its file is hashed whole: a change of it reruns what uses it."""
    text = """
from hardball.methods.declare import loss

@loss(summary="s", source="hardball: an example")
def outside_loss(xp, d_pos, d_neg, weight):
    return xp.sum(weight * d_neg, axis=1)
"""
    (tmp_path / "my_losses.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("my_losses")
    spec = settings.make_spec({"dataset": "d", "loss": "outside_loss"}, "jax", 0)
    first = code.code_sha256(spec)
    (tmp_path / "my_losses.py").write_text(f"{text}# changed\n")
    code._content.cache_clear()
    assert code.code_sha256(spec) != first
    monkeypatch.delitem(sys.modules, "my_losses")


def test_modules_are_followed_through_relative_and_nested_imports(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "PACKAGE", tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "__init__.py").write_text("")
    (tmp_path / "a" / "x.py").write_text("from . import y\n")
    (tmp_path / "a" / "y.py").write_text("def f():\n    from hardball.b import thing\n")
    (tmp_path / "b.py").write_text("import numpy\nimport hardball.a.x\n")
    (tmp_path / "c.py").write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in code.module_files(["a.x"])]
    assert found == ["a/__init__.py", "a/x.py", "a/y.py", "b.py"]


def test_planning_imports_neither_framework():
    text = (
        "import sys; from hardball.runs import code, plan, suites; "
        "jobs = plan.jobs(suites.load('quick')); "
        "code.code_sha256(jobs[0].spec); sys.exit(bool({'jax', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0


def test_quick_is_a_part_of_breadth_apart_from_its_seeds():
    """What a newcomer sees first is compared with the published rows of every method."""
    first, every = (suites.load(name) for name in ("quick", "breadth"))
    known = {(job.config_id, job.framework) for job in plan.jobs(every)}
    shown = [(job.config_id, job.framework) for job in plan.jobs(first)]
    assert set(shown) <= known
    assert len(shown) == 32
    assert all([run.spec.seed for run in job.runs] == [0, 1, 2] for job in plan.jobs(first))
