"""The comparison: what runs, what is left alone, what is written, and what mistakes say."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.data.points import load_points
from hardball.data.store import open_hierarchy
from hardball.hierarchy import closure as closures
from hardball.studies.peers import compare, launch, report, row, score, systems
from hardball.studies.peers import task as tasks
from hardball.studies.peers.compare import Options
from hardball.studies.peers.row import Row
from hardball.studies.peers.task import Data, Task


def line_of(found, **wanted):
    for name, value in wanted.items():
        found = found[found[name] == value]
    (line,) = found.to_dict("records")
    return line


def test_one_system_from_command_to_table_and_not_run_twice(tmp_path):
    pytest.importorskip("geoopt", reason="geoopt is not installed: [peers]")
    asked = ["peers", "-d", "ncbi_primates", "--dim", "3", "--negatives", "5", "--minutes", "0.01"]
    asked += ["--only", "geoopt_rsgd", "--out", str(tmp_path)]
    first = CliRunner().invoke(app, asked)
    assert first.exit_code == 0, first.output
    stem = tmp_path / "peers-ncbi_primates-d3"
    for suffix in (".csv", ".md", ".svg"):
        assert str(stem) + suffix in first.output
    line = line_of(pd.read_csv(f"{stem}.csv"), system="geoopt_rsgd")
    assert line["status"] == "ok"
    assert line["seconds"] >= 0.6
    assert line["passes"] * 7868 * 6 == pytest.approx(line["rate"] * line["seconds"], rel=0.5)
    assert line["peak_memory_mb"] > 50
    # The table's figures are those of the points that were left.
    hierarchy = open_hierarchy("ncbi_primates")
    left = load_points(tmp_path / "points/geoopt_rsgd-ncbi_primates-d3-k5.npz", hierarchy.ids)
    again = score.final(
        left.points, left.manifold, hierarchy, closures.closure(hierarchy), "", threads=1
    )
    assert line["map"] == again["map"]
    assert not list((tmp_path / "running").iterdir())

    written = (tmp_path / "rows/geoopt_rsgd-ncbi_primates-d3-k5.json").stat().st_mtime_ns
    assert CliRunner().invoke(app, asked).exit_code == 0
    kept = tmp_path / "rows/geoopt_rsgd-ncbi_primates-d3-k5.json"
    assert kept.stat().st_mtime_ns == written
    # Another seed is another run.
    hierarchy = open_hierarchy("ncbi_primates")
    which = systems.system("geoopt_rsgd")
    ((_, task, _),) = compare.planned(
        Options("ncbi_primates", 3, (5,), 0.6, ("geoopt_rsgd",), seed=1), hierarchy
    )
    assert row.read(kept).identity != compare.identity_of(which, task, hierarchy)


@pytest.fixture(scope="module")
def mammals():
    return open_hierarchy("wordnet_mammals")


def test_what_is_planned(mammals):
    found = {
        (which.name, task.negatives): (task, reason)
        for which, task, reason in compare.planned(Options(), mammals)
    }
    # Seven systems of two numbers of negatives, two of a pool.
    assert len(found) == 7 * 2 + 2
    assert found["gensim", 50][1].startswith("not run at K=50: it redraws the whole set")
    assert found["reference", 10][1].startswith("not run: --reference names no checkout")
    jax = found["hardball_jax_pairs", 50][0]
    assert (jax.batch_size, jax.lr, jax.dtype, jax.seconds) == (10, 0.3, "float64", 60.0)
    pool = found["hardball_torch_pool", 512][0]
    assert (pool.batch_size, pool.dtype) == (256, "float32")


def test_named_gensim_is_run_at_any_number_of_negatives(mammals):
    pytest.importorskip("gensim", reason="gensim is not installed: [peers]")
    ((_, task, reason),) = compare.planned(
        Options(only=("gensim",), negatives=(50,), seconds=6), mammals
    )
    assert (task.negatives, reason) == (50, "")


def test_a_missing_package_is_a_row_that_says_how_to_get_it(mammals, monkeypatch, tmp_path):
    monkeypatch.setattr(compare.optional, "installed", lambda name: False)
    options = Options(negatives=(10,))
    found = {which.name: reason for which, _, reason in compare.planned(options, mammals)}
    assert found["hypll"] == ("not run: hypll is not installed: pip install 'hardball[peers]'")
    written = compare.compare(options, tmp_path)
    table = pd.read_csv(written[0])
    assert set(table["status"]) == {"not run"}
    assert "hypll is not installed" in (tmp_path / "peers-wordnet_mammals-d5.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "gensin"], "unknown system 'gensin': allowed are gensim"),
        (["--only", "reference"], "reference: not run: --reference names no checkout"),
        (["--reference", "nowhere"], "--reference nowhere: no embed.py there"),
        (["--negatives", "0"], "--negatives 0: allowed are 1 or more"),
        (["--minutes", "0"], "--minutes 0: allowed is more than 0"),
        (["--dim", "1"], "--dim 1"),
        (["--threads", "0"], "--threads 0"),
        (["-d", "no_such_set"], "no hierarchy 'no_such_set'"),
    ],
)
def test_mistakes_are_one_line(arguments, said, tmp_path):
    result = CliRunner().invoke(app, ["peers", "--out", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert not list(tmp_path.iterdir())


def test_lone_nodes_are_refused(forest):
    relations = closures.closure(forest)
    data = Data(closures.pairs(relations), relations.indptr, relations.indices)
    with pytest.raises(compare.HardballError, match="forest: 1 nodes have neither ancestor nor"):
        compare._check_connected(forest, data)


def test_a_system_that_hangs_is_ended_and_says_so(tree, tmp_path):
    relations = closures.closure(tree)
    data = Data(closures.pairs(relations), relations.indptr, relations.indices)
    tasks.write(tmp_path / "run", Task("geoopt_rsgd", "tree", 2, 2, 4, 0.1, 0.1), data)
    nothing = launch.launch(
        tmp_path / "run", 0.0, 1, tmp_path / "log", lambda *_: None, patience=0.05
    )
    assert nothing == {"failed": "ended after 0 s: it never came back from a batch"}


def test_a_system_that_fails_says_why(tree, tmp_path):
    pytest.importorskip("gensim", reason="gensim is not installed: [peers]")
    relations = closures.closure(tree)
    data = Data(closures.pairs(relations), relations.indptr, relations.indices)
    # Nine nodes have no 20 negatives.
    task = Task("gensim", "tree", 2, 20, 4, 0.1, 0.2)
    tasks.write(tmp_path / "run", task, data)
    found = launch.launch(tmp_path / "run", 0.2, 1, tmp_path / "log", lambda *_: None)
    assert found["failed"].startswith("ValueError: Cannot sample 20 negative nodes")
    assert found["snapshots"] == []


def test_time_to_quality_is_that_of_the_first_checkpoint_that_had_it():
    curve = pd.DataFrame({"seconds": [1.0, 2.0, 4.0], "map": [0.2, 0.6, 0.55]})
    assert score.seconds_to(curve, 0.5) == 2
    assert score.seconds_to(curve, 0.9) is None


def test_points_that_left_the_ball_have_diverged(tree, tmp_path):
    inside, outside = np.zeros((9, 2)), np.ones((9, 2))
    inside[:, 0] = np.arange(9) / 10
    snapshots = []
    for number, points in enumerate([inside, outside, inside]):
        np.savez(tmp_path / f"{number}.npz", points=points)
        snapshots.append({"file": f"{number}.npz", "seconds": number, "pairs": 1, "scorings": 2})
    closure = closures.closure(tree)
    found = score.curve(tmp_path, snapshots, "poincare", tree, closure, 1)
    assert found["seconds"].tolist() == [0]
    with pytest.raises(compare.HardballError, match="diverged"):
        score.final(outside, "poincare", tree, closure, "gensim", 1)


def rows_of():
    common = {"dataset": "drinks", "dim": 5, "status": "ok", "batch_size": 10, "cpu": "a chip"}
    return [
        Row(system="gensim", negatives=10, map=0.5, mean_rank=3, own_mean_rank=4, **common),
        Row(system="hardball_jax_pool", negatives=512, map=0.75, mean_rank=2, **common),
        Row(system="reference", dataset="drinks", dim=5, negatives=10, status="not run", note="no"),
    ]


def test_table_and_figure(tmp_path):
    curve = pd.DataFrame({"seconds": [0.1, 1.0], "map": [0.2, 0.5]})
    curves = {"gensim-drinks-d5-k10": curve, "hardball_jax_pool-drinks-d5-k512": curve}
    written = report.write(rows_of(), curves, 0.0125, tmp_path)
    assert [path.suffix for path in written] == [".csv", ".md", ".svg"]
    shown = written[1].read_text()
    assert "1.25 % of uniform draws here" in shown
    assert "- **gensim**: its evaluation counts the node itself" in shown
    assert "| reference |" in shown
    drawn = written[2].read_text()
    assert "seconds of training" in drawn
    assert ">gensim<" in drawn
    before = written[2].read_bytes()
    assert report.write(rows_of(), curves, 0.0125, tmp_path)[2].read_bytes() == before


def test_rows_of_other_calls_stay_in_the_table(tmp_path):
    for entry in rows_of()[:2]:
        row.write(tmp_path / "rows" / f"{report.key_of(entry)}.json", entry)
    row.write(
        tmp_path / "rows/else.json",
        Row(system="hypll", dataset="drinks", dim=2, negatives=10, status="ok"),
    )
    (tmp_path / "rows/broken.json").write_text("{")
    options = Options(dataset="drinks", dim=5)
    found = compare._others(tmp_path, options, {"gensim-drinks-d5-k10"})
    assert [entry.system for entry in found] == ["hardball_jax_pool"]
    together = compare._ordered([*found, *rows_of()[:1], rows_of()[2]])
    assert [entry.system for entry in together] == ["gensim", "reference", "hardball_jax_pool"]
