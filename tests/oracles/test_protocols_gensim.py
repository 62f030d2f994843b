"""gensim's own evaluation of one embedding against what `protocols` says that it says."""

import numpy as np
import pytest

from hardball.data.store import open_hierarchy
from hardball.hierarchy.closure import closure, pairs
from hardball.metrics import protocols, ranking
from hardball.metrics.polar import to_polar

gensim = pytest.importorskip("gensim.models.poincare", reason="gensim is not installed: [peers]")


def test_mean_rank_and_map_of_mammals(tmp_path):
    hierarchy = open_hierarchy("wordnet_mammals")
    known = closure(hierarchy)
    rng = np.random.default_rng(5)
    points = rng.normal(size=(hierarchy.n_nodes, 5))
    points *= rng.uniform(0.1, 0.99, (len(points), 1)) / np.linalg.norm(
        points, axis=1, keepdims=True
    )
    listed = tmp_path / "closure.tsv"
    listed.write_text("".join(f"{node}\t{above}\n" for node, above in pairs(known).tolist()))

    theirs = gensim.PoincareKeyedVectors(5, 0)
    theirs.index_to_key = [str(node) for node in range(hierarchy.n_nodes)]
    theirs.key_to_index = {name: row for row, name in enumerate(theirs.index_to_key)}
    theirs.vectors = points
    said = gensim.ReconstructionEvaluation(str(listed), theirs).evaluate()

    ranks, _ = ranking.rank(
        ranking.by_points(to_polar(points, "poincare", 1.0)),
        hierarchy,
        pairs(known),
        known,
        np.arange(hierarchy.n_nodes),
    )
    expected = protocols.gensim_figures(ranks)
    assert said["mean_rank"] == pytest.approx(expected["mean_rank"], rel=1e-12)
    assert said["MAP"] == pytest.approx(expected["map"], rel=1e-12)
    assert said["mean_rank"] == pytest.approx(ranking.figures(ranks)["mean_rank"] + 1, rel=1e-12)
