"""A hierarchy's classes cut into small graphs, each of which lies in one class."""

from dataclasses import dataclass

import numpy as np

from hardball.core.errors import HardballError
from hardball.hierarchy import labels
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.graph import Int32
from hardball.hierarchy.labels import Labels


@dataclass(frozen=True, eq=False)
class Pieces:
    """Graphs of nodes, none of which is in two, and the class of each graph.

    graph_of: (N,) the graph that each node is in, -1 for none. labels: of the graphs.
    """

    graph_of: Int32
    labels: Labels


def pieces(
    h: Hierarchy, seed: int, label: str = labels.FIRST, size: int = 8, holdout: float = 0.5
) -> Pieces:
    """Every class of a label in runs of `size` nodes, each a graph; the graphs split by the seed.

    The nodes of a class stand in preorder of the spanning tree and are cut into runs: siblings with
    what is below them, joined by ancestors that may be in no graph or in another. The last
    n mod size nodes of a class of n are in no graph. Which graphs there are does not depend on the
    seed, only which are held out.
    Raises HardballError on a size below 1 and as `labels.chosen` and `labels.split` do.
    """
    if size < 1:
        raise HardballError(f"size={size}, allowed are 1 or more nodes a graph")
    name = labels.chosen(h, label)
    graph_of, codes = runs(h, h.groups[name], size)
    what = f"{h.name} in graphs of {size} nodes"
    found = labels.split(what, name, codes, h.group_names[name], seed, holdout)
    return Pieces(graph_of, found)


def runs(h: Hierarchy, codes: Int32, size: int) -> tuple[Int32, Int32]:
    """(graph of each node (N,), class of each graph): `size` nodes of a class next in preorder."""
    labelled = np.flatnonzero(codes >= 0)
    order = labelled[np.lexsort((h.first[labelled], codes[labelled]))]
    counts = np.bincount(codes[order], minlength=1)
    whole = counts // size
    place = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    inside = place // size < np.repeat(whole, counts)
    begin = np.repeat(np.cumsum(whole) - whole, counts)
    graph_of = np.full(h.n_nodes, -1, np.int32)
    graph_of[order[inside]] = (begin + place // size)[inside]
    return graph_of, np.repeat(np.arange(whole.size, dtype=np.int32), whole)
