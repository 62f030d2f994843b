"""The class that a small graph is from, told from its points after training."""

from dataclasses import replace

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.labels import FIRST
from hardball.hierarchy.pieces import pieces
from hardball.hierarchy.splits import Split, whole
from hardball.methods.declare import task
from hardball.methods.parameter import real, text
from hardball.methods.parameter import whole as whole_number


@task(
    summary="the whole closure, then the subtree that a graph of `size` nodes is from, by its mean",
    source="hardball: labels of a hierarchy",
    parameters={
        "label": text(FIRST, "which of the data's labels, or the first"),
        "size": whole_number(8, "nodes a graph", at_least=1),
        "holdout": real(0.5, "share of each class held out", above=0, below=1),
        "l2": real(0.0, "the head's penalty; 0: chosen on the validation graphs", at_least=0),
    },
)
def graph_classification(
    h: Hierarchy, closure: Csr, seed: int, *, label: str, size: int, holdout: float, l2: float
) -> Split:
    """Train and rank as in `reconstruction`; then tell which class a graph of `size` nodes is from.

    The graphs are `pieces.pieces`: no node is in two, so none is in a training and a test graph.
    Raises HardballError as `node_classification` does. Source: hardball.
    """
    cut = pieces(h, seed, label, size, holdout)
    asked = whole("graph_classification", closure)
    return replace(asked, labels=cut.labels, graph_of=cut.graph_of, l2=l2)
