"""Methods from outside the package: a file, a module, an installed package; and their mistakes."""

import os
import subprocess
import sys
from importlib import metadata

import numpy as np
import pandas as pd
import pytest
from covering import part
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import plugins
from hardball.core.errors import HardballError
from hardball.data.points import load_points
from hardball.methods import registry
from hardball.runs import code, settings

# A sampler, a loss, an optimiser and a space in one file. The space is R^d once more, the optimiser
# gradient descent with a momentum.
METHODS = '''
"""Methods of a person's own."""

import sys

import numpy as np

from hardball.methods.declare import declare, loss, optimizer, sampler
from hardball.methods.parameter import real
from hardball.metrics.charts import Chart, same

SAID = {"source": "hardball: an example"}


def every_node(h, known, *, negatives):
    """nodes int32 (N,): all of them."""
    return {"nodes": np.arange(h.n_nodes, dtype=np.int32)}


@sampler(summary="any node", build=every_node, form="pairs", **SAID)
def anyone(xp, index, anchors, words):
    """Any node: ids (B, K), valid (B, K)."""
    ids = xp.lookup(index["nodes"], xp.mulhi(words, index["nodes"].shape[0]))
    return ids, ids != anchors[:, None]


@loss(summary="soft gap", parameters={"scale": real(1.0, "of the gap", above=0)}, sums=True, **SAID)
def soft_gap(xp, d_pos, d_neg, weight, *, scale):
    """sum_k w_k softplus(scale (d+ - d_k)), (B,)."""
    return xp.sum(weight * xp.softplus(scale * (d_pos[:, None] - d_neg)), axis=1)


@optimizer(
    summary="descent with a momentum",
    parameters={"keep": real(0.5, "share of the velocity kept", at_least=0, below=1)},
    state=(("velocity", "point"),),
    **SAID,
)
def rolling(xp, manifold, rows, grads, state, lr, c, *, keep):
    """v = keep v + grad, x <- retract(x, -lr v)."""
    velocity = keep * state["velocity"] + manifold.egrad_to_rgrad(rows, grads, c)
    return manifold.retract(rows, -lr * velocity, c), {"velocity": velocity}


MAX_RADIUS = {"float32": 1e15, "float64": 1e150}
FLAT = True


def coordinates(dim):
    return dim


def exp0(xp, v, c):
    return v


def log0(xp, x, c):
    return x


def radius(xp, x, c):
    return xp.length(x)


def dist(xp, x, y, c):
    return xp.length(x - y)


def dist_matrix(xp, x, y, c):
    return xp.straight_matrix(x, y)


def exp_map(xp, x, v, c):
    return x + v


def log_map(xp, x, y, c):
    return y - x


def transport(xp, x, y, v, c):
    return v


def retract(xp, x, v, c):
    return x + v


def egrad_to_rgrad(xp, x, g, c):
    return g


def norm(xp, x, v, c):
    return xp.length(v)


def project(xp, x, c):
    return x


def touches(xp, x, c):
    return xp.length(x) > 1e15


declare(
    "manifold",
    sys.modules[__name__],
    name="flat",
    summary="R^d again",
    chart=Chart(same, flat=True, vectors=True),
    **SAID,
)
'''
USED = {"sampler": "anyone", "loss": "soft_gap(scale=2.0)", "manifold": "flat"}
EDGES = "child\tparent\n" + "".join(f"n{i}\tn{(i - 1) // 2}\n" for i in range(1, 40))


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """What a test names is forgotten."""
    monkeypatch.delenv(plugins.VARIABLE, raising=False)
    begun, modules = set(plugins._BEGUN), set(sys.modules)
    yield
    os.environ.pop(plugins.VARIABLE, None)
    plugins._BEGUN.clear()
    plugins._BEGUN.update(begun)
    for name in set(sys.modules) - modules:
        if name.endswith(".py") or name.startswith("outside"):
            del sys.modules[name]


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(METHODS, encoding="utf-8")
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def spec_of(**values):
    base = {"dataset": "tree", **{k: settings.read(k, v) for k, v in USED.items()}}
    return settings.make_spec({**base, **values}, "torch", 0)


@pytest.mark.parametrize("framework", part(["jax", "torch"], ["jax"]))
def test_methods_of_a_file_train_through_the_command_line(mine, tmp_path, framework):
    edges = tmp_path / "tree.tsv"
    edges.write_text(EDGES, encoding="utf-8")
    for folder in ("datasets", "results"):
        (tmp_path / folder).mkdir()
    environment = {
        **os.environ,
        "HARDBALL_ROOT": str(tmp_path),
        "HARDBALL_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    options = [f"--{name}={value}" for name, value in USED.items()]
    options += ["--framework", framework, "--set", "optimizer=rolling", "--set", "lr=0.05"]
    options += ["--set", "epochs=3", "--set", "negatives=5", "--set", "batch_size=16"]

    def hardball(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "hardball", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        assert done.returncode == 0, done.stderr

    hardball("build", "--edges", edges, "--out", tmp_path / "tree")
    out = tmp_path / "out"
    hardball("--plugin", mine, "train", "--dataset", tmp_path / "tree", *options, "--out", out)
    row = pd.read_csv(out / "runs.csv").iloc[0]
    assert row["status"] == "ok"
    assert row["sampler"] == "anyone"
    assert row["loss"] == "soft_gap(scale=2.0)"
    assert row["optimizer"] == "rolling(keep=0.5)"
    assert row["manifold"] == "flat"
    assert 0 < row["map"] <= 1
    points = load_points(next((out / "points").glob("*.npz"))).points
    assert np.isfinite(points).all()
    assert np.abs(points).max() > 0.01


@pytest.mark.parametrize("place", ["before", "behind", "joined"])
def test_the_option_stands_before_or_behind_the_command(mine, place):
    given = {
        "before": ("--plugin", mine, "list", "loss"),
        "behind": ("list", "loss", "--plugin", mine),
        "joined": ("list", f"--plugin={mine}", "loss"),
    }
    assert "soft_gap(scale=1.0)" in call(*given[place]).stdout


def test_several_files_may_be_named(mine, tmp_path):
    other = tmp_path / "other.py"
    text = METHODS.replace("soft_gap", "hard_gap").replace("anyone", "someone")
    other.write_text(text.replace("rolling", "sliding").replace('"flat"', '"flatter"'), "utf-8")
    shown = call("--plugin", mine, "--plugin", other, "list", "loss").stdout
    assert "soft_gap" in shown
    assert "hard_gap" in shown


def test_processes_started_from_here_see_the_same_methods(mine):
    plugins.add(str(mine))
    told = (
        "from hardball.methods import registry; print(registry.entry('loss', 'soft_gap').summary)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "soft gap\n"


def test_the_variable_names_modules_too(mine, tmp_path, monkeypatch):
    mine.rename(tmp_path / "outside_named.py")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(plugins.VARIABLE, "outside_named")
    assert registry.entry("sampler", "anyone").module == "outside_named"


def test_installed_packages_name_modules(mine, tmp_path, monkeypatch):
    mine.rename(tmp_path / "outside_installed.py")
    monkeypatch.syspath_prepend(tmp_path)
    point = metadata.EntryPoint("mine", "outside_installed", plugins.GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point])
    plugins._installed.cache_clear()
    try:
        assert registry.entry("optimizer", "rolling").parameters == {"keep": 0.5}
    finally:
        plugins._installed.cache_clear()


def test_the_content_of_a_file_counts_in_the_hash_of_the_runs_that_use_it(mine):
    plugins.add(str(mine))
    using, other = spec_of(), spec_of(sampler="uniform", loss="infonce", manifold="tangent")
    before = code.code_sha256(using), code.code_sha256(other)
    mine.write_text(METHODS + "# Another line.\n", encoding="utf-8")
    code._content.cache_clear()
    assert code.code_sha256(using) != before[0]
    assert code.code_sha256(other) == before[1]


MISTAKES = {
    "raises": ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    "syntax": ("def broken(:", "SyntaxError: "),
    "ends": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "import": ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "argument": (METHODS.replace("d_pos, d_neg, weight, *", "d_pos, d_neg, heavy, *"), "'heavy'"),
    "taken": (METHODS.replace("anyone", "uniform"), "rename one of them"),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_file_is_one_line_that_names_it(mine, text, said):
    mine.write_text(text, encoding="utf-8")
    ended = call("--plugin", mine, "list", "loss")
    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(f"hardball: plug-in {mine}: ")
    assert said in ended.stderr


def test_a_file_that_is_not_there_is_named():
    ended = call("list", "loss", "--plugin", "nowhere.py")
    assert ended.exit_code == 2
    assert ended.stderr == (
        "hardball: no plug-in nowhere.py: name a Python file, or a module that is installed\n"
    )


def test_a_file_that_failed_is_read_again(mine):
    mine.write_text("raise ValueError", encoding="utf-8")
    plugins.add(str(mine))
    with pytest.raises(HardballError, match="ValueError"):
        registry.entries()
    mine.write_text(METHODS, encoding="utf-8")
    assert registry.entry("loss", "soft_gap").summary == "soft gap"


def test_a_space_without_all_its_functions_is_refused(mine):
    mine.write_text(METHODS.replace("def log_map", "def _log_map"), encoding="utf-8")
    plugins.add(str(mine))
    with pytest.raises(HardballError, match="lacks log_map"):
        registry.load("manifold", "flat", "torch")
