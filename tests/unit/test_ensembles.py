"""Several embeddings asked as one: against a brute-force NumPy oracle, and as rows and tables."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from typer.testing import CliRunner

import hardball as hb
from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.data.points import save_points
from hardball.hierarchy.closure import closure
from hardball.library import ensembles
from hardball.library.embedding import Embedding
from hardball.methods.tasks.leaf_parent import leaf_parent
from hardball.methods.tasks.link_prediction import link_prediction
from hardball.methods.tasks.reconstruction import reconstruction
from hardball.metrics import ensembles as metrics
from hardball.metrics.evaluate import evaluate
from hardball.metrics.evaluate import test_pairs as ranked_pairs
from hardball.metrics.polar import distances, to_polar
from hardball.report import rows
from hardball.report.tables.ensemble_table import ensemble_tables
from hardball.runs import ensembles as planning
from hardball.runs.plan import jobs
from hardball.runs.spec import Suite

TASKS = {
    "reconstruction": lambda h, above: reconstruction(h, above, 0),
    "leaf_parent": lambda h, above: leaf_parent(h, above, 0, holdout=0.5),
    "link_prediction": lambda h, above: link_prediction(h, above, 0, fraction=0.5),
}


@pytest.fixture(scope="module")
def dag(random_dag):
    return random_dag(60, 3, roots=0, extra=0.2)


def points(h, seed, dim=3, scale=1.0):
    return scale * np.random.default_rng(seed).normal(size=(h.n_nodes, dim))


def polars(h, count):
    return [to_polar(points(h, seed), "tangent", 1.0) for seed in range(count)]


def oracle(scores, h, split, above):
    """MAP and mean rank of scores (N, N), low is near: a loop over nodes and pairs."""
    test = ranked_pairs(split, above)
    ranks, precisions = [], []
    for node in np.unique(test[:, 0]):
        positives = test[test[:, 0] == node, 1]
        known = set(above_of(split.exclude, node)) | {node}
        others = scores[node, [w for w in range(h.n_nodes) if w not in known]]
        mine = np.sort(
            [1 + np.sum(others < s) + np.sum(others == s) / 2 for s in scores[node, positives]]
        )
        ranks += mine.tolist()
        precisions.append(np.mean([(i + 1) / (i + rank) for i, rank in enumerate(mine)]))
    return {"map": np.mean(precisions), "mean_rank": np.mean(ranks)}


def above_of(csr, node):
    return csr.indices[csr.indptr[node] : csr.indptr[node + 1]]


def all_distances(embeddings, h):
    return np.stack([distances(polar, np.arange(h.n_nodes)) for polar in embeddings])


@pytest.mark.parametrize("task", ["reconstruction", "leaf_parent"])
def test_mean_distance_is_the_oracles(dag, task):
    above = closure(dag)
    split = TASKS[task](dag, above)
    members = polars(dag, 3)
    found = metrics.figures(members, "mean_distance", dag, split, above)
    expected = oracle(all_distances(members, dag).mean(axis=0), dag, split, above)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("task", ["reconstruction", "leaf_parent"])
def test_rank_fusion_is_the_oracles_ties_and_all(dag, task):
    """Points on a grid tie within a member; three members that permute ranks tie when fused."""
    above = closure(dag)
    split = TASKS[task](dag, above)
    members = [
        to_polar(np.round(points(dag, seed, dim=2, scale=2)), "euclidean") for seed in (0, 1, 2)
    ]
    shares = []
    for d in all_distances(members, dag):
        np.fill_diagonal(d, np.inf)
        assert any(len(np.unique(row)) < len(row) for row in d)
        shares.append(1 / (60 + rankdata(d, axis=1)))
    expected = oracle(-np.sort(shares, axis=0).sum(axis=0), dag, split, above)
    for order in itertools.permutations(members):
        found = metrics.figures(order, "rank_fusion", dag, split, above)
        assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_permuted_ranks_tie_exactly():
    """On a line around 0: the nodes 1, 2, 3 have the ranks 1 2 3, 2 3 1 and 3 1 2 of node 0."""
    places = ([0, 1, 2, 3], [0, 3, 1, 2], [0, 2, 3, 1])
    members = [to_polar(np.array([[float(x), 0] for x in p]), "euclidean") for p in places]
    score = metrics.scorer(metrics.distinct(members), "rank_fusion")(np.array([0]))[0]
    assert score[1] == score[2] == score[3]
    assert score[1] == pytest.approx(-(1 / 61 + 1 / 62 + 1 / 63))


@pytest.mark.parametrize("by", metrics.RULES)
@pytest.mark.parametrize("task", TASKS)
def test_one_member_is_that_member_to_the_last_digit(dag, task, by):
    above = closure(dag)
    split = TASKS[task](dag, above)
    alone = evaluate(points(dag, 0), "tangent", 1.0, dag, split, above)
    found = metrics.figures(polars(dag, 1), by, dag, split, above)
    assert found == {name: alone[name] for name in found}
    assert {"map", "mean_rank", "auc", "hits_at_1"} <= found.keys()
    assert ("link_f1" in found) == (task == "link_prediction")


@pytest.mark.parametrize("by", metrics.RULES)
def test_members_that_are_the_same_change_nothing(dag, by):
    above = closure(dag)
    split = TASKS["link_prediction"](dag, above)
    one, other = polars(dag, 2)

    def figures(*members):
        return metrics.figures(members, by, dag, split, above)

    assert figures(one, one, one) == figures(one)
    assert figures(one, other, one, other) == figures(one, other)
    assert figures(one, one, other) != figures(one, other)


def test_links_are_told_by_the_mean_of_the_members_scores(dag):
    """At alpha 0 a score is -d, whose mean is -mean d."""
    members = polars(dag, 2)
    links = np.array([[5, 1], [9, 2]])
    found = metrics._is_a(metrics.distinct(members), links, 0.0)
    d = all_distances(members, dag).mean(axis=0)
    assert found == pytest.approx([-d[5, 1], -d[9, 2]], rel=1e-12)


def test_asked_by_name_and_in_growing_numbers(dag):
    made = [Embedding(dag, points(dag, seed), "tangent") for seed in range(3)]
    found = hb.ensemble(made)
    assert [len(found.alone), len(found.growing)] == [3, 3]
    assert found.growing[0] == found.alone[0]
    assert found["map"] == hb.ensemble(made, by="mean_distance").growing[-1]["map"]
    mean = all_distances(found.polars, dag).mean(axis=0)
    near = found.nearest(str(dag.ids[7]), 2)
    np.fill_diagonal(mean, np.inf)
    assert near["id"].tolist() == [str(dag.ids[i]) for i in np.argsort(mean[7])[:2]]
    assert near["score"].to_numpy() == pytest.approx(np.sort(mean[7])[:2])


def test_members_that_do_not_belong_together_are_refused(dag, random_dag):
    one = Embedding(dag, points(dag, 0), "tangent")
    other = random_dag(60, 4)
    with pytest.raises(HardballError, match="embed the same nodes"):
        hb.ensemble([one, Embedding(other, points(other, 0), "tangent")])
    with pytest.raises(HardballError, match="did you mean 'mean_distance'"):
        hb.ensemble([one], by="mean_distances")
    with pytest.raises(HardballError, match="no members"):
        hb.ensemble([])
    task = "leaf_parent(holdout=0.5)"
    made = [
        Embedding(dag, points(dag, s), "tangent", settings={"task": task, "seed": s})
        for s in (0, 1)
    ]
    with pytest.raises(HardballError, match="seed 1 holds other pairs out than seed 0"):
        hb.ensemble(made)
    with pytest.raises(HardballError, match="for reconstruction"):
        hb.ensemble([made[0], one])
    cones = {"task": "link_prediction(fraction=0.5)", "loss": "entailment_cones(aperture=0.1)"}
    with pytest.raises(HardballError, match="cones"):
        hb.ensemble([Embedding(dag, points(dag, 0), "tangent", settings=cones)])


def test_rows_say_what_they_are_of_and_tables_show_them(dag, tmp_path):
    made = [Embedding(dag, points(dag, s), "tangent", settings={"run_id": f"r{s}"}) for s in (0, 1)]
    for by in metrics.RULES:
        path = ensembles.leave(hb.ensemble(made, by=by), tmp_path, "seeds")
        path = ensembles.leave(hb.ensemble(made, by=by), tmp_path, "seeds")
    found = rows.read_ensembles(path)
    assert found[["by", "members", "runs"]].to_numpy().tolist() == [
        ["mean_distance", 1, "r0"],
        ["mean_distance", 2, "r0;r1"],
        ["", 1, "r0"],
        ["", 1, "r1"],
        ["rank_fusion", 1, "r0"],
        ["rank_fusion", 2, "r0;r1"],
    ]
    (table,) = ensemble_tables(found)
    assert [line.cells["of"] for line in table.lines] == [
        "a member alone",
        "its best member",
        "the first 2",
        "the first 2",
    ]
    best = table.lines[1].cells
    assert best["map"].value == max(found["map"][2:4])
    assert best["mean_rank"].value == min(found["mean_rank"][2:4])


def test_a_suite_plans_disjoint_seeds_or_all_settings():
    suite = Suite(
        name="tiny", summary="-", minutes=1, frameworks=["torch"], seeds=[0, 1, 2, 3, 4],
        base={"dataset": "d"},
        groups=[{"factor": "dims", "seeds": [0, 1], "over": {"dim": [2, 3]}}],
        ensembles=[
            {"factor": "base", "over": "seed", "members": 2},
            {"factor": "dims", "over": "setting"},
        ],
    )  # fmt: skip
    found = [members for _, members in planning.planned(suite)]
    told = [(m.label, m.number, [(r.spec.dim, r.spec.seed) for r in m.runs]) for m in found]
    assert told == [
        ("base", 0, [(5, 0), (5, 1)]),
        ("base", 1, [(5, 2), (5, 3)]),
        ("dims", 0, [(2, 0), (3, 0)]),
        ("dims", 1, [(2, 1), (3, 1)]),
    ]
    few = suite.model_copy(
        update={"ensembles": [suite.ensembles[0].model_copy(update={"members": 6})]}
    )
    with pytest.raises(HardballError, match="no 6 runs"):
        planning.planned(few)
    assert len(jobs(suite)) == 3


def test_the_command_prints_members_and_growing_ensembles(tmp_path, monkeypatch, random_dag):
    from hardball.data import store

    h = store.open_hierarchy("ncbi_primates")
    files = []
    for seed in (0, 1):
        files.append(tmp_path / f"run{seed}.npz")
        save_points(files[-1], points(h, seed), "tangent", 1.0, h.ids)
    given = ["ensemble", *map(str, files), "-d", "ncbi_primates", "--out", str(tmp_path)]
    ended = CliRunner().invoke(app, given)
    assert ended.exit_code == 0, ended.output
    lines = [line.split("\t") for line in ended.stdout.splitlines()]
    assert [line[0] for line in lines] == [
        "of", "run0", "run1", "first 1 by mean_distance", "first 2 by mean_distance",
    ]  # fmt: skip
    assert lines[1][1:] == lines[3][1:]
    assert len(pd.read_csv(tmp_path / "ensembles.csv")) == 4
    assert CliRunner().invoke(app, ["ensemble"]).exit_code == 2
