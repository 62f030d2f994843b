"""The whole closure, to train on and to rank."""

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split, whole
from hardball.methods.declare import task
from hardball.methods.sources import NICKEL_2017


@task(
    summary="train and rank on the whole transitive closure",
    source=f"{NICKEL_2017}, section 4.1",
)
def reconstruction(h: Hierarchy, closure: Csr, seed: int) -> Split:
    """Train and rank on the whole closure; `seed` plays no part.

    Source: Nickel & Kiela 2017, section 4.1.
    """
    return whole("reconstruction", closure)
