"""A pool of the positives that training showed last, across batches."""

from typing import Any

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.methods.declare import sampler
from hardball.methods.samplers.common import tally
from hardball.methods.samplers.pool import pool_index
from hardball.methods.sources import HE_2020


def words_of_the_host(spec: Any, **_: Any) -> None:
    """Raises HardballError where the device draws its own words, which know no earlier pairs."""
    if spec.words != "philox":
        raise HardballError(
            f"sampler queue: words={spec.words} knows no earlier batches; allowed is words=philox"
        )


@sampler(
    summary="a pool of the last positives shown, across batches",
    source=f"{HE_2020}, section 3.2",
    build=pool_index,
    form="pool",
    replays=True,
    fits=words_of_the_host,
    cost="O(1); O(log M) a node of the pool of M, whatever the batch",
    formula="the positives of the last M pairs before the batch; until M were shown, uniform nodes",
)
def queue(xp: Namespace, index: dict[str, Array], words: Array) -> tuple[Array, Array]:
    """The positives of earlier pairs, which words name: a pool, see `tally`. words (M,).

    Source: He et al. 2020, Momentum Contrast, section 3.2. There the queue holds encoded points and
    a slow copy of the encoder keeps them alike; here it holds nodes, and each is looked up where it
    lies now.
    """
    return tally(xp, xp.mulhi(words, index["n_nodes"]))
