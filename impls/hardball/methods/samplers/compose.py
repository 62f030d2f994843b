"""Samplers made of samplers: mixtures and curricula, as parts that the engine draws in turn."""

from typing import Any, NamedTuple

import numpy as np

from hardball.core.errors import HardballError
from hardball.core.text import split, weighted
from hardball.methods import registry
from hardball.methods.declare import declare
from hardball.methods.method import Method
from hardball.methods.parameter import real, text
from hardball.methods.sources import BENGIO_2009, HARDBALL


class Ramp(NamedTuple):
    """How many of K draws give way: none until `begin`, then more and more until `end`.

    begin, end: shares of the training; most: how many have given way at the end.
    """

    begin: float
    end: float
    most: float

    def columns(self, progress: Any) -> Any:
        """most x clip((progress - begin) / (end - begin), 0, 1); progress: a framework's array."""
        return self.most * ((progress - self.begin) / (self.end - self.begin)).clip(0, 1)


class Part(NamedTuple):
    """One of the samplers that a run draws from.

    after: see `spec.Hard`. ramp: its draws take the place of those of the part before, more and
    more of them. pooled: its draws for each pair of the batch, `negatives` of them in all, are one
    pool for all anchors.
    """

    method: Method
    negatives: int
    after: float = 0.0
    ramp: Ramp | None = None
    pooled: bool = False

    @property
    def shared(self) -> bool:
        """Whether its nodes are for all anchors of a batch."""
        return self.pooled or registry.entry("sampler", self.method.name).form == "pool"

    def each(self, batch: int) -> int:
        """How many nodes it draws for each of `batch` pairs; of a pool's own draws, all."""
        return -(-self.negatives // batch) if self.pooled else self.negatives


def parts(method: Method, negatives: int, after: float = 0.0) -> list[Part]:
    """What a sampler is made of: itself, unless it is composed of others.

    Raises HardballError where a composition cannot be read.
    """
    if registry.entry("sampler", method.name).form != "composed":
        return [Part(method, negatives, after)]
    made = registry.builder("sampler", method.name)(negatives, **method.params)
    return [part._replace(after=after) for part in made]


def mixture(negatives: int, *, of: str) -> list[Part]:
    """K draws, w_i / sum w of them by each sampler: "uniform 3 + cousins(k=2) 1".

    The counts are whole numbers that come closest and add up to K, the same for every anchor: the
    remainders, largest first, get one more. A weight that is left out is 1. Raises HardballError
    where a sampler gets no draw. Source: Hamilton 1792 (largest remainders).
    """
    terms = [_term(text, of) for text in split(of, "+") or [of]]
    weights = np.array([weight for _, weight in terms])
    exact = negatives * weights / weights.sum()
    counts = np.floor(exact).astype(int)
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[: negatives - counts.sum()]] += 1
    for (method, weight), count in zip(terms, counts, strict=True):
        if not count:
            raise HardballError(
                f"sampler mixture: {method} has weight {weight:g} and gets none of {negatives} "
                "draws: give it more weight, or draw more negatives"
            )
    return [Part(method, int(n)) for (method, _), n in zip(terms, counts, strict=True)]


def shared(negatives: int, *, of: str) -> list[Part]:
    """M nodes that a sampler draws around the pairs of the batch, as a pool for all of its anchors.

    Of B pairs each draws ceil(M / B) nodes; the first draws of all pairs come first, and what is
    beyond M is left out. Source: hardball.
    """
    return [Part(_term(of, of)[0], negatives, pooled=True)]


def curriculum(
    negatives: int, *, easy: str, hard: str, begin: float, end: float, ratio: float
) -> list[Part]:
    """K easy draws, more and more of which give way to hard ones.

    At a share t of the training, the first ratio K clip((t - begin) / (end - begin), 0, 1) draws
    are hard. Raises HardballError unless begin < end.
    Source: Bengio et al. 2009, Curriculum Learning.
    """
    if begin >= end:
        raise HardballError(
            f"sampler curriculum: begin={begin:g}, end={end:g}; allowed are begin < end"
        )
    ramp = Ramp(begin, end, ratio * negatives)
    return [
        Part(_term(easy, easy)[0], negatives),
        Part(_term(hard, hard)[0], negatives, ramp=ramp),
    ]


def _term(text: str, whole: str) -> tuple[Method, float]:
    """A sampler and its weight, from "cousins(k=2) 0.5"."""
    try:
        written, weight = weighted(text)
        method = Method.read(written, "sampler")
    except HardballError as error:
        raise HardballError(f"sampler composition {whole!r}: {error}") from None
    if registry.entry("sampler", method.name).form != "pairs":
        allowed = [e.name for e in registry.entries("sampler") if e.form == "pairs"]
        raise HardballError(
            f"sampler composition {whole!r}: {method.name} does not draw for each anchor by "
            f"itself; allowed are {', '.join(allowed)}"
        )
    return method, weight


declare(
    "sampler",
    name="mixture",
    summary="each of several samplers makes a fixed share of the draws",
    source=HARDBALL,
    parameters={"of": text("uniform 1 + siblings 1", "samplers, each with its weight")},
    build=mixture,
    form="composed",
    cost="O(its parts); O(its parts)",
    formula="w_i / sum w of the K draws by sampler i",
)

declare(
    "sampler",
    name="shared",
    summary="what another sampler draws around the batch's pairs, as one pool for all anchors",
    source=HARDBALL,
    parameters={"of": text("siblings(relative_to=positive)", "the sampler that draws the nodes")},
    build=shared,
    form="composed",
    cost="O(its arrays); O(its draws / B) and O(log M) a node of the pool of M",
    formula="M / B draws of the sampler around each of the batch's B pairs",
)

declare(
    "sampler",
    name="curriculum",
    summary="easy draws, more and more of which give way to hard ones",
    source=BENGIO_2009,
    parameters={
        "easy": text("uniform", "the sampler of the easy draws"),
        "hard": text("siblings", "the sampler of the hard draws"),
        "begin": real(
            0.0, "the share of the training when hard draws come in", at_least=0, below=1
        ),
        "end": real(0.5, "the share of the training when all have come in", above=0, at_most=1),
        "ratio": real(1.0, "the share of hard draws from then on", above=0, at_most=1),
    },
    build=curriculum,
    form="composed",
    cost="O(its parts); O(both)",
    formula="the first ratio K clip((t - begin) / (end - begin), 0, 1) draws are hard",
)
