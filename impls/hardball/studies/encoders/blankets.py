"""Telling a whole Markov blanket from a broken one: the task, its words, and how it is scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from hardball.core import random_bits
from hardball.core.errors import HardballError
from hardball.hierarchy import blankets
from hardball.hierarchy.blankets import Blankets
from hardball.hierarchy.dag import Hierarchy
from hardball.methods.encoders import hgat
from hardball.studies.encoders.descent import Arrays

TABLE = "table"
RESAMPLES = 2000


@dataclass(frozen=True)
class Settings:
    """Of one training: sizes, rates and what is dropped.

    width: members of a blanket at most. breaks: broken views of each anchor in a step. others: the
    batch's other blankets are negatives too. scale: standard deviation of the table's first tangent
    vectors. heldout: share of the nodes whose breaks are never trained on, and again as many that
    are no anchors at all.
    """

    dim: int = 16
    steps: int = 2000
    batch: int = 128
    drop: str = "parent"
    breaks: int = 1
    others: bool = True
    width: int = 16
    heads: int = 4
    hidden: int = 8
    layers: int = 2
    lr: float = 0.01
    temperature: float = 0.5
    scale: float = 0.1
    heldout: float = 0.1
    manifold: str = "tangent"
    c: float = 1.0
    dtype: Literal["float32", "float64"] = "float32"


class Task(NamedTuple):
    """blankets of all nodes; alike (N,): equal numbers for equal blankets.

    Of the nodes whose blanket has something to drop, int32 ids in random order: anchors are trained
    on; unbroken, some of them, against other nodes' blankets alone, never their own broken one;
    unseen are no anchors, so that their rows are trained as members of other blankets only.
    """

    blankets: Blankets
    alike: np.ndarray
    anchors: np.ndarray
    unbroken: np.ndarray
    unseen: np.ndarray


class Distances(NamedTuple):
    """From nodes' own rows, (n,) each: to the whole blanket's encoding, and to the broken one's."""

    whole: np.ndarray
    broken: np.ndarray


class Score(NamedTuple):
    """auc: P(d_broken > d_whole) over all pairs of n nodes; share: over each node's own pair.

    Ties count half; chance is 0.5 for both. low and high: 95 % bootstrap intervals over nodes.
    """

    n: int
    auc: float
    auc_low: float
    auc_high: float
    share: float
    share_low: float
    share_high: float


def build(h: Hierarchy, seed: int, how: Settings) -> Task:
    """The blankets, and which nodes are trained on, by a random order of those with a drop.

    Raises HardballError where that leaves one of the three parts empty.
    """
    found = blankets.blankets(h, width=how.width, seed=seed)
    able = np.flatnonzero(blankets.droppable(found, how.drop)).astype(np.int32)
    order = able[random_bits.permutation(seed, "blankets/heldout", 0, able.size)]
    kept_out = round(how.heldout * able.size)
    if not 0 < 2 * kept_out < able.size:
        raise HardballError(
            f"{h.name}: twice heldout={how.heldout} of the {able.size} nodes with a {how.drop} to "
            f"drop: some must be held out and some left, so change heldout, drop or the hierarchy"
        )
    unseen, anchors = order[:kept_out], order[kept_out:]
    return Task(found, blankets.alike(found), anchors, anchors[:kept_out], unseen)


def start(task: Task, seed: int, how: Settings) -> Arrays:
    """First values, float64: the table normal of deviation `scale`, the encoder's `hgat.start`."""
    shape = task.alike.size, how.dim
    table = how.scale * random_bits.normal(seed, "blankets/table", shape)
    return {TABLE: table, **hgat.start(seed, how.dim, how.heads, how.hidden, how.layers)}


def encoder_arrays(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """All but the table."""
    return {name: array for name, array in arrays.items() if name != TABLE}


def step_words(seed: int, how: Settings, first: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Words of `steps` steps: uint32 (steps, B) that draw anchors, (steps, B, breaks) members."""
    anchors = random_bits.block(seed, "blankets/anchors", first, steps, how.batch)
    dropped = random_bits.block(seed, "blankets/breaks", first, steps, how.batch * how.breaks)
    return anchors, dropped.reshape(steps, how.batch, how.breaks)


def strangers(nodes: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """For each node the next of `nodes`, in a circle, whose blanket is not equal; else itself."""
    out = nodes.copy()
    equal = np.ones(nodes.size, bool)
    for shift in range(1, nodes.size):
        out[equal] = np.roll(nodes, -shift)[equal]
        equal = alike[out] == alike[nodes]
        if not equal.any():
            break
    return np.where(equal, nodes, out)


def score(far: np.ndarray, near: np.ndarray, seed: int = 0) -> Score:
    """How surely `far` exceeds `near`, (n,) each, a node an entry; NaN without one, or interval.

    AUC = (1 / n^2) sum_ij [far_i > near_j] + [far_i = near_j] / 2, which is Mann & Whitney's U over
    n^2; share the same over i = j. Percentile bootstrap of RESAMPLES resamples of the nodes.
    Source: Hanley & McNeil 1982, The Meaning and Use of the Area under a ROC Curve; Efron 1979.
    """
    found = [number for figure in (_auc, _share) for number in _estimate(figure, far, near, seed)]
    return Score(len(far), *found)


def _estimate(
    figure: Callable[..., np.ndarray], far: np.ndarray, near: np.ndarray, seed: int
) -> tuple[float, float, float]:
    """A figure with its interval."""
    if len(far) == 0:
        return np.nan, np.nan, np.nan
    value = float(figure(far, near))
    if len(far) == 1:
        return value, np.nan, np.nan
    low, high = stats.bootstrap(
        (far, near),
        figure,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.Generator(np.random.Philox(seed)),
    ).confidence_interval
    return value, float(low), float(high)


def _auc(far: np.ndarray, near: np.ndarray, axis: int = -1) -> np.ndarray:
    u = stats.mannwhitneyu(far, near, axis=axis, method="asymptotic").statistic
    return u / (far.shape[axis] * near.shape[axis])


def _share(far: np.ndarray, near: np.ndarray, axis: int = -1) -> np.ndarray:
    return ((far > near) + (far == near) / 2).mean(axis=axis)
