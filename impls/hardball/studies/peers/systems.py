"""The systems that are compared: how each is run here, and what each gets wrong, with evidence."""

from dataclasses import dataclass
from typing import Literal

from hardball.core.errors import HardballError

Protocol = Literal["", "gensim", "reference"]
REFERENCE = "reference"
CHECKOUT = "facebookresearch/poincare-embeddings"


@dataclass(frozen=True)
class Flaw:
    """Something that a user of a system should know.

    where: a file of the package and a line of the version named in `System.seen`, or a measurement.
    line: what stands on that line, "" where the evidence is not a line of an installed package.
    """

    text: str
    where: str
    line: str = ""


@dataclass(frozen=True)
class System:
    """One row of the comparison.

    adapter: module of this package. package: its name on the package index, "" for none.
    seen: the version that the flaws were read in. recipe: loss, optimiser and what is not uniform.
    form: "pairs" draws K negatives a pair, "pool" shares one pool a batch. lr, burn_in (passes):
    the system's own published settings, small for few nodes, large for many. most_negatives: more
    are not tried unless the system is asked for by name; why: the reason.
    """

    name: str
    adapter: str
    package: str
    seen: str
    recipe: str
    form: Literal["pairs", "pool"] = "pairs"
    dtype: str = "float64"
    lr_small: float = 0.3
    lr_large: float = 1.0
    burn_in: int = 20
    burn_in_factor: float = 0.01
    protocol: Protocol = ""
    most_negatives: int | None = None
    why: str = ""
    flaws: tuple[Flaw, ...] = ()

    @property
    def framework(self) -> str:
        """Which half of this project's own pairs it is, "" for another system."""
        return self.name.split("_")[1] if self.adapter == "adapter_hardball" else ""


_CLIP = "float32 points are kept within radius 6.2 (1 - 4e-3), float64 ones within 12.2"

SYSTEMS: tuple[System, ...] = (
    System(
        "gensim",
        "foreign.adapter_gensim",
        "gensim",
        "4.4.0",
        "softmax, SGD, float64; negatives by frequency, L2 on positives",
        lr_small=0.1,
        lr_large=0.1,
        burn_in=10,
        burn_in_factor=0.1,
        protocol="gensim",
        most_negatives=10,
        why="it redraws the whole set of negatives until none is double or an ancestor",
        flaws=(
            Flaw(
                "its evaluation counts the node itself as a negative: every rank is one too high",
                "gensim/models/poincare.py:1456",
                "negative_relation_distances.mask[positive_relations] = True",
            ),
            Flaw(
                "one double or true negative redraws the whole set: time grows without bound in K",
                "gensim/models/poincare.py:301",
                "while (len(indices) != len(unique_indices)) or (unique_indices & node_relations):",
            ),
            Flaw(
                "negatives are drawn by frequency, not uniformly as in the paper; the node may be "
                "its own",
                "gensim/models/poincare.py:268",
                "cumsum_table_indices = np.searchsorted(self._node_counts_cumsum, uniform_numbers)",
            ),
            Flaw(
                "an L2 term that the paper has not, on by default, pulls ancestors inwards",
                "gensim/models/poincare.py:802",
                "gradients_v[0] += self.regularization_coeff * 2 * self.vectors_v[0]",
            ),
            Flaw(
                "one thread only",
                "gensim/models/poincare.py:629",
                'raise NotImplementedError("Multi-threaded version not implemented yet")',
            ),
        ),
    ),
    System(
        "geoopt_rsgd",
        "foreign.adapter_geoopt",
        "geoopt",
        "0.5.1",
        "softmax, sparse Riemannian SGD, float64",
        flaws=(
            Flaw(_CLIP, "geoopt/manifolds/stereographic/math.py:310", "eps = 4e-3"),
            Flaw(
                "the touched rows are sorted twice a step",
                "geoopt/optim/sparse_rsgd.py:82",
                "rows = grad.coalesce().indices()[0].unique()",
            ),
        ),
    ),
    System(
        "geoopt_radam",
        "foreign.adapter_geoopt",
        "geoopt",
        "0.5.1",
        "softmax, sparse Riemannian Adam, float64",
        lr_small=0.01,
        lr_large=0.01,
        flaws=(
            Flaw(_CLIP, "geoopt/manifolds/stereographic/math.py:310", "eps = 4e-3"),
            Flaw(
                "a row's first step is corrected for the steps of all rows, not for its own",
                "geoopt/optim/sparse_radam.py:115",
                'bias_correction1 = 1 - betas[0] ** state["step"]',
            ),
        ),
    ),
    System(
        "hypll",
        "foreign.adapter_hypll",
        "hypll",
        "0.1.1",
        "softmax, Riemannian SGD, float64",
        flaws=(
            Flaw(
                "every step moves every row: time grows with the number of nodes",
                "hypll/optim/sgd.py:97",
                "param.tensor.copy_(new_param.tensor)",
            ),
            Flaw(
                "Curvature(1.0) means c = softplus(1) = 1.313",
                "hypll/manifolds/poincare_ball/curvature.py:29",
                "constraining_strategy: Callable[[Tensor], Tensor] = softplus,",
            ),
            Flaw(_CLIP, "hypll/manifolds/poincare_ball/math/diffgeom.py:24", "eps = 4e-3"),
            Flaw(
                "embeddings start with unit variance, not near the origin as in the paper",
                "hypll/nn/modules/embedding.py:29",
                "std=ones_like(self.weight.tensor),",
            ),
        ),
    ),
    System(
        REFERENCE,
        "adapter_reference",
        "",
        "",
        "softmax, sparse Riemannian SGD, float64; burn-in negatives by degree^0.75",
        protocol="reference",
        flaws=(
            Flaw(
                "a batch's place in the epoch seeds its negatives: every epoch draws the same ones",
                "hype/graph_dataset.pyx, _getbatch",
            ),
            Flaw(
                "no option sets a seed, and with several processes two runs differ",
                "embed.py, top of the file",
            ),
            Flaw(
                "each process goes through all pairs in an epoch: 300 epochs on 2 are 600 passes",
                "hype/train.py, train",
            ),
            Flaw(
                "the checkpoint called best is the one of the lowest training loss",
                "embed.py, reconstruction_eval",
            ),
        ),
    ),
    System(
        "hardball_jax_pairs",
        "adapter_hardball",
        "hardball",
        "",
        "softmax, Riemannian SGD on the ball, float64",
    ),
    System(
        "hardball_torch_pairs",
        "adapter_hardball",
        "hardball",
        "",
        "softmax, Riemannian SGD on the ball, float64",
    ),
    System(
        "hardball_jax_pool",
        "adapter_hardball",
        "hardball",
        "",
        "softmax, Adam in tangent coordinates, float32; one pool a batch",
        form="pool",
        dtype="float32",
        burn_in=0,
    ),
    System(
        "hardball_torch_pool",
        "adapter_hardball",
        "hardball",
        "",
        "softmax, Adam in tangent coordinates, float32; one pool a batch",
        form="pool",
        dtype="float32",
        burn_in=0,
    ),
)


def names() -> list[str]:
    """All systems, in the order of the table."""
    return [entry.name for entry in SYSTEMS]


def system(name: str) -> System:
    """The system of a name; raises HardballError that lists what is allowed."""
    for entry in SYSTEMS:
        if entry.name == name:
            return entry
    raise HardballError(f"unknown system {name!r}: allowed are {', '.join(names())}")


def chosen(only: list[str]) -> list[System]:
    """The systems whose name is, or starts with, one of `only`; all where it is empty.

    Raises HardballError where one of them means none.
    """
    for part in only:
        if not any(_means(part, entry) for entry in SYSTEMS):
            system(part)
    return [e for e in SYSTEMS if not only or any(_means(part, e) for part in only)]


def _means(part: str, entry: System) -> bool:
    return entry.name == part or entry.name.startswith(f"{part}_")
