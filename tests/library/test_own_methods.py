"""A stranger's method: declared by a decorator, handed no held-out pair, scored as all others."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import hardball as hb
from hardball.cli.main import app
from hardball.core import plugins
from hardball.core.errors import HardballError
from hardball.hierarchy import closure as closures
from hardball.library import own_methods
from hardball.library.returned import points_of
from hardball.methods import registry
from hardball.methods.method import Method

# A root, three inner nodes, and four leaves below each.
INNER = ["bird", "fish", "mammal"]
EDGES = [(kind, "animal") for kind in INNER] + [
    (f"{kind} {number}", kind) for kind in INNER for number in range(4)
]
WRONG = """
import numpy as np
import hardball as hb

@hb.method("wrong", space="poincare")
def wrong(hierarchy, dim, *, what="shape"):
    points = np.full((hierarchy.n_nodes, dim), 0.1)
    if what == "shape":
        return points[1:]
    if what == "nan":
        points[3, 0] = np.nan
    if what == "outside":
        points[5] = 1.0
    if what == "integers":
        return points.astype(int)
    if what == "nothing":
        return None
    if what == "raises":
        return points[:, 99]
    if what == "leaves":
        raise SystemExit(0)
    return points
"""


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Methods and plug-ins of one test are not those of another."""
    monkeypatch.setattr(own_methods, "_METHODS", {})
    monkeypatch.setenv(plugins.VARIABLE, "")


def near_the_parent(hierarchy, dim, seed, *, step=1.0):
    """Every node one random step away from its parent."""
    points = np.random.default_rng(seed).normal(scale=step, size=(hierarchy.n_nodes, dim))
    for child, parent in hierarchy.edges:
        points[child] += points[parent]
    return points


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    return done.exit_code, done.output


def test_a_function_is_scored_with_the_figures_that_score_gives_its_points():
    method = hb.method("near", space="tangent")(near_the_parent)
    found = hb.run_method(method, EDGES, dim=3, seeds=[0, 1], compare=False, step=0.5)
    assert [each.seed for each in found] == [0, 1]
    for each in found:
        again = hb.score(each.points, EDGES, space="tangent", seed=each.seed, compare=False)
        assert again.figures == each.figures
    assert found[0].figures["map"] != found[1].figures["map"]
    assert found[0].settings == {"step": 0.5}
    assert found[0].framework == "numpy"


def test_rows_of_points_are_in_the_order_of_the_hierarchys_nodes():
    """In a training graph nodes have other numbers: here each node says its own id's length."""

    @hb.method("by id", space="euclidean")
    def by_id(hierarchy, dim):
        assert dim == 2
        return np.array([[len(raw), sum(map(ord, raw))] for raw in hierarchy.ids], float)

    (found,) = hb.run_method(
        by_id, EDGES, dim=2, task="leaf_parent(holdout=0.5)", seeds=[3], compare=False
    )
    expected = [[len(raw), sum(map(ord, raw))] for raw in found.hierarchy.ids]
    assert found.points.tolist() == expected


@pytest.mark.parametrize("task", ["leaf_parent(holdout=0.5)", "link_prediction(fraction=0.5)"])
def test_what_is_held_out_never_reaches_a_method(task):
    seen = []

    @hb.method("looks", space="euclidean")
    def looks(hierarchy, dim, seed):
        seen.append(hierarchy)
        return np.random.default_rng(seed).normal(size=(hierarchy.n_nodes, dim))

    (found,) = hb.run_method(looks, "wordnet_mammals", task=task, compare=False)
    (told,) = seen
    h = found.hierarchy
    split = _split(h, task)
    held = {(str(h.ids[a]), str(h.ids[b])) for a, b in [*split.test, *split.validation]}
    trained = {(str(h.ids[a]), str(h.ids[b])) for a, b in split.train}
    ids = [str(raw) for raw in told.ids]
    edges = {(ids[a], ids[b]) for a, b in told.edges}
    assert {(ids[a], ids[b]) for a, b in told.pairs} == trained
    assert held
    assert not held & edges
    # A leaf without its parent is no root: it hangs from what is above.
    assert len(told.roots) == len(h.roots)
    assert not hasattr(told, "whole")
    assert not hasattr(told, "groups")


def _split(h, task):
    asked = Method.read(task, "task")
    return registry.builder("task", asked.name)(h, closures.closure(h), 0, **asked.params)


def test_a_parent_has_a_lower_number_than_its_children():
    seen = []

    @hb.method("looks", space="euclidean")
    def looks(hierarchy, dim, seed):
        seen.append(hierarchy)
        return np.random.default_rng(seed).normal(size=(hierarchy.n_nodes, dim))

    hb.run_method(looks, EDGES, task="leaf_parent(holdout=0.5)", compare=False)
    (told,) = seen
    child, parent = told.edges.T
    assert (parent < child).all()
    assert (np.diff(child) >= 0).all()


def test_dim_seed_and_seconds_are_handed_over_where_they_are_named():
    @hb.method("all three")
    def all_three(hierarchy, seconds, seed, dim):
        assert (seconds, seed, dim) == (7.0, 4, 3)
        return np.random.default_rng(seed).normal(size=(len(hierarchy), dim)), "tangent"

    (found,) = hb.run_method(all_three, EDGES, dim=3, seeds=[4], seconds=7, compare=False)
    assert found.settings == {"seconds": 7.0}
    assert found.space == "tangent"


def test_a_torch_module_with_embed_and_a_class_are_methods():
    torch = pytest.importorskip("torch")

    @hb.method("module", space="poincare")
    class Module(torch.nn.Module):
        def __init__(self, hierarchy, dim, seed, *, width=0.1):
            super().__init__()
            torch.manual_seed(seed)
            self.width = width
            self.table = torch.nn.Embedding(hierarchy.n_nodes, dim)

        def embed(self, nodes):
            return self.width * torch.tanh(self.table(nodes))

    (found,) = hb.run_method(Module, EDGES, dim=2, compare=False)
    assert found.framework == "torch"
    assert found.points.shape == (16, 2)
    assert np.abs(found.points).max() < 0.1


def test_a_torch_table_and_a_jax_array_are_points():
    torch = pytest.importorskip("torch")
    jnp = pytest.importorskip("jax.numpy")
    table = points_of(torch.nn.Embedding(5, 2), n=5, dim=2, space="euclidean")
    assert (table.points.shape, table.framework) == ((5, 2), "torch")
    lifted = points_of((jnp.ones((5, 3)).at[:, 0].set(3**0.5), "lorentz"), n=5, dim=2)
    assert (lifted.points.shape, lifted.framework, lifted.space) == ((5, 3), "jax", "lorentz")
    asked = points_of(lambda nodes: np.ones((len(nodes), 2)), n=5, dim=2, space="euclidean")
    assert asked.points.tolist() == [[1, 1]] * 5


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (np.ones((5, 2)), "says no space"),
        ((np.ones((5, 2)), "sphere"), "unknown space 'sphere'"),
        ((np.ones((5, 2)), "lorentz"), r"shape \(5, 2\), wanted is \(5, 3\)"),
        ((np.array([["a", "b"]] * 5), "euclidean"), "allowed are an array of points"),
        ((lambda nodes: 1 / 0, "euclidean"), "ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_embedding_is_refused(returned, said):
    with pytest.raises(HardballError, match=said):
        points_of(returned, n=5, dim=2)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("shape", "returned points of shape (1179, 5), wanted is (1180, 5)"),
        ("nan", "1 of 1180 returned points are not finite"),
        ("outside", "lie outside of poincare space, c=1: largest sqrt(c)|x| = 2.236"),
        ("integers", "returned points are integers"),
        ("nothing", "returned a NoneType"),
        ("raises", "IndexError: index 99 is out of bounds"),
        ("leaves", "SystemExit: 0 (wrong.py, line "),
    ],
)
def test_a_wrong_return_is_one_line_and_exit_2_and_leaves_no_row(what, said, tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    code, output = run(
        "run-method", "wrong", f"--plugin={path}", "-d", "wordnet_mammals",
        "--set", f"what={what}", "--out", tmp_path / "rows",
    )  # fmt: skip
    assert (code, output.count("\n")) == (2, 1), output
    assert said in output
    assert not (tmp_path / "rows").exists()


def test_a_slip_names_the_way_out():
    method = hb.method("near", space="tangent")(near_the_parent)
    with pytest.raises(HardballError, match="has no setting 'stp': allowed are step"):
        hb.run_method(method, EDGES, stp=1)
    with pytest.raises(HardballError, match="step='far' is not of type float"):
        hb.run_method(method, EDGES, step="far")
    with pytest.raises(HardballError, match="unknown method 'nera', did you mean 'near'"):
        hb.run_method("nera", EDGES)
    with pytest.raises(HardballError, match="unknown space 'ball'"):
        hb.method("other", space="ball")
    with pytest.raises(HardballError, match="give rate a default"):
        hb.method("other")(lambda hierarchy, dim, rate: None)
    with pytest.raises(HardballError, match="seconds=0, allowed are numbers above 0"):
        hb.run_method(method, EDGES, seconds=0)


def test_rows_points_code_and_baselines_are_left_and_a_run_again_replaces_its_row(tmp_path):
    method = hb.method("near", space="tangent", source="a paper")(near_the_parent)
    for _ in range(2):
        hb.run_method(method, "ncbi_primates", dim=2, seeds=[0, 1], out=tmp_path, step=0.5)
    left = pd.read_csv(tmp_path / "external.csv")
    assert left["label"].tolist() == ["near", "near"]
    assert left["seed"].tolist() == [0, 1]
    assert json.loads(left["settings"][0]) == {"step": 0.5}
    assert left["source"][0] == "a paper"
    assert all((tmp_path / name).is_file() for name in left["file"])
    assert (tmp_path / "code" / f"{left['code_sha256'][0]}.py").is_file()
    floors = pd.read_csv(tmp_path / "floors.csv")
    assert floors["floor"].is_unique
    assert {"popularity", "drawing"} <= set(floors["floor"])
    code, said = run("table", tmp_path, "--out", tmp_path / "tables")
    assert code == 0, said
    table = (tmp_path / "tables" / "ncbi_primates-reconstruction.md").read_text()
    above, below = table.split("**Floors: no embedding needed**")[:2]
    assert "**Made elsewhere, scored here**" in above
    assert "near · tangent d=2 | step 0.5" in above
    assert "*drawing*" in below


def test_the_page_on_methods_has_a_wrapper_of_ten_lines_that_works(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "extend" / "method.md"
    block = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    lines = [line for line in block.splitlines() if line.strip() and not line.startswith("# ")]
    assert len(lines) <= 10
    (tmp_path / "example.py").write_text(block)
    sys.path.insert(0, str(tmp_path))
    try:
        import example
    finally:
        sys.path.remove(str(tmp_path))
        sys.modules.pop("example", None)
    (found,) = hb.run_method(example.random_branches, EDGES, compare=False)
    by_chance = np.random.default_rng(0).normal(size=found.points.shape)
    assert found.figures["map"] > hb.score(by_chance, EDGES, space="tangent")["map"]


def test_an_installed_package_names_its_methods_by_an_entry_point(tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text(WRONG.replace('"wrong"', '"strange"'))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "_installed", lambda: ("stranger",))
    assert own_methods.named("strange").space == "poincare"
    (found,) = hb.run_method("strange", EDGES, dim=3, compare=False, what="good")
    assert found.points.tolist() == [[0.1] * 3] * 16


def test_list_shows_a_method_with_its_settings():
    hb.method("near", space="tangent", source="a paper")(near_the_parent)
    code, said = run("list", "method")
    assert code == 0
    assert said.splitlines() == [
        "methods",
        "  near(step=1.0)",
        "      Every node one random step away from its parent.",
        "      points: tangent",
        "      source: a paper",
    ]


def test_help_lists_every_command_under_a_heading():
    code, said = run("--help")
    assert code == 0
    heading = said.index("Your embedding or method, beside the baselines:")
    inside = said[heading : said.index("Data:")]
    assert [line.split()[0] for line in inside.splitlines()[1:] if line.startswith("  ")][:4] == [
        "score", "run-method", "submit", "verify",
    ]  # fmt: skip
    assert "More:" not in said
