"""Deep Graph Infomax on blankets: the task, its words, and what the halves begin with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from hardball.core import random_bits
from hardball.data import features
from hardball.data.features import Features
from hardball.hierarchy import blankets
from hardball.hierarchy.blankets import SELF, Blankets
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.encoders import hgat
from hardball.studies.encoders.descent import Arrays

BILINEAR = "bilinear"


@dataclass(frozen=True)
class Settings:
    """Of one training: what is encoded, sizes and rates.

    features: raw features of nodes, as of `hierarchy.features`. own: the node's own features are
    encoded with those of its blanket; without, it stays hidden. scale: length of a row of features
    as a tangent vector at the origin, where nothing of it was left out. width: members of a blanket
    at most, the node itself not counted.
    """

    features: str = "names"
    own: bool = True
    dim: int = 64
    steps: int = 500
    batch: int = 128
    width: int = 16
    heads: int = 4
    hidden: int = 16
    layers: int = 2
    lr: float = 0.002
    scale: float = 4.0
    manifold: str = "tangent"
    c: float = 1.0
    dtype: Literal["float32", "float64"] = "float32"


class Task(NamedTuple):
    """blankets of all N nodes; inputs float64 (N, dim): features, tangent vectors at the origin."""

    blankets: Blankets
    inputs: np.ndarray


def build(h: Hierarchy, seed: int, how: Settings) -> Task:
    """The blankets, with the node itself or without, and the features.

    Raises what `blankets.blankets` and `features.features` raise.
    """
    found = blankets.blankets(h, width=how.width, seed=seed)
    inputs = how.scale * reduced(features.features(h, how.features), how.dim)
    return Task(with_self(found) if how.own else found, inputs)


def with_self(found: Blankets) -> Blankets:
    """The same blankets, each with its node as the first member, of kind SELF."""
    own = np.arange(len(found.members), dtype=np.int32)[:, None]
    return Blankets(
        np.concatenate([own, found.members], axis=1),
        np.concatenate([np.full_like(own, SELF), found.kinds], axis=1),
        np.concatenate([np.ones_like(own, bool), found.mask], axis=1),
        found.sizes + 1,
    )


def reduced(found: Features, dim: int) -> np.ndarray:
    """Features in the `dim` directions that hold most of them: U S of X = U S V^T, (N, dim).

    X are the blocks side by side; where its rank is below dim, the last columns are zeros. Inner
    products are those of X as far as dim directions tell; each direction has a positive sum.
    Source: Deerwester et al. 1990, Indexing by Latent Semantic Analysis.
    """
    whole = sparse.hstack([sparse.csr_array(block) for block in found], format="csr", dtype=float)
    used = whole[:, np.unique(whole.indices)]
    if min(used.shape) > dim:
        begin = random_bits.normal(0, "infomax/directions", min(used.shape))
        left, sizes, _ = svds(used, k=dim, v0=begin)
    else:
        left, sizes, _ = np.linalg.svd(used.toarray(), full_matrices=False)
    order = np.argsort(-sizes)
    rows = (left * sizes)[:, order]
    rows *= np.where(rows.sum(axis=0) < 0, -1, 1)
    return np.pad(rows, ((0, 0), (0, dim - rows.shape[1])))


def start(seed: int, how: Settings) -> Arrays:
    """First values, float64: the discriminator's map, the encoder's `hgat.start`.

    The map (dim, dim) is uniform within sqrt(6 / (dim + dim)).
    Source: Glorot & Bengio 2010, Understanding the Difficulty of Training, Eq. 16.
    """
    bilinear = sqrt(3 / how.dim) * random_bits.symmetric(
        seed, "infomax/bilinear", (how.dim, how.dim)
    )
    encoder = hgat.start(seed, how.dim, how.heads, how.hidden, how.layers)
    return {BILINEAR: bilinear, **encoder}


def encoder_arrays(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """All but the discriminator's map."""
    return {name: array for name, array in arrays.items() if name != BILINEAR}


def step_words(
    seed: int, how: Settings, nodes: int, first: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of `steps` steps: words uint32 (steps, B) that draw nodes, shuffles int32 (steps, N).

    A shuffle is a uniform order of all nodes: node j is given the features of node shuffle[j].
    """
    drawn = random_bits.block(seed, "infomax/nodes", first, steps, how.batch)
    orders = [
        random_bits.permutation(seed, "infomax/shuffles", first + i, nodes) for i in range(steps)
    ]
    return drawn, np.array(orders, np.int32)


def held_out(seed: int, nodes: int, count: int) -> np.ndarray:
    """Shuffles that no training sees: int32 (count, N)."""
    return random_bits.permutations(seed, "infomax/heldout", 0, nodes, count).astype(np.int32)


class Discrimination(NamedTuple):
    """Shares of the true and of the shuffled encodings that the discriminator calls right."""

    true: float
    shuffled: float

    @property
    def accuracy(self) -> float:
        """Of as many true as shuffled ones; chance is 0.5."""
        return (self.true + self.shuffled) / 2


def discrimination(verdicts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Discrimination:
    """Mean shares over shuffles of logits (N,), of true and of shuffled encodings; 0 is half right.

    Above 0 a logit says true. Source: hardball.
    """
    shares = [
        (np.heaviside(z, 0.5).mean(), np.heaviside(-other, 0.5).mean()) for z, other in verdicts
    ]
    true, shuffled = np.mean(shares, axis=0)
    return Discrimination(float(true), float(shuffled))
