"""What to draw at the end of a run, so that its row can say what its negatives were like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hardball.core import random_bits
from hardball.metrics.hardness import hardness
from hardball.metrics.similarity import negative_similarity
from hardball.runs.negatives import samplers
from hardball.training.problem import Problem, batches_of, curvature
from hardball.training.shared import by_features
from hardball.training.words import replayed, words_per_step

MOST_DRAWS = 2**19
PAIRS = (32, 256)
STEPS = 8
DRAWS = 1024

Sample = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Plan:
    """rows: int32 (B,), of Problem.positives, some twice; words: uint32 (S, words a step of B)."""

    rows: np.ndarray
    words: np.ndarray


def plan(task: Problem) -> Plan:
    """Pairs and words to draw for: S >= STEPS steps of about DRAWS draws an anchor in all.

    B lies within PAIRS and falls where a step scores much, so that B S K stays near MOST_DRAWS.
    A row is floor(word P / 2^32) of P pairs. A queue holds what it held at the end of the run.
    """
    spec = task.spec
    steps = max(STEPS, -(-DRAWS // spec.scored))
    count = int(np.clip(MOST_DRAWS // (steps * spec.scored), *PAIRS))
    word = random_bits.words(spec.seed, "metrics/hardness/rows", 0, count).astype(np.uint64)
    rows = word * np.uint64(len(task.positives)) >> np.uint64(32)
    of_step = words_per_step(spec, count)
    drawn = random_bits.block(spec.seed, "metrics/hardness/draws", 0, steps, of_step)
    last = max(task.total_steps - steps, 0)
    drawn = replayed(task, batches_of(task), last, drawn, count)
    return Plan(rows.astype(np.int32), drawn)


def negative_figures(
    task: Problem, points: np.ndarray, sample: Sample, c: float | None = None
) -> dict[str, float]:
    """The `negative_...` metrics of a run that ended at `points`; c: None is the manifold's.

    sample: (rows (B,), words (W,)) -> ids (B, K), or (1, M) of a pool, and counts (B, K) or (B, M),
    0 for what is masked: what one step draws for these rows of Problem.positives.
    """
    asked = plan(task)
    steps = [sample(asked.rows, word) for word in asked.words]
    anchors, positives = task.positives[asked.rows].T
    figures = hardness(
        points,
        task.spec.manifold.name,
        curvature(task.spec) if c is None else c,
        task.hierarchy,
        anchors,
        positives,
        np.stack([ids for ids, _ in steps]),
        np.stack([counts for _, counts in steps]),
        task.spec.seed,
        known=task.known,
    )
    return figures | likeness(task, anchors, steps)


def likeness(
    task: Problem, anchors: np.ndarray, steps: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[str, float]:
    """Mean cosines of the features that a sampler draws by, see `negative_similarity`.

    steps: ids and counts as `sample` gave them. Empty where no sampler draws by features.
    """
    kinds = by_features(samplers(task.spec))
    if not kinds:
        return {}
    blocks = task.shared.features(*kinds[0])
    ids = np.concatenate([np.broadcast_to(i, counts.shape) for i, counts in steps], axis=1)
    used = np.concatenate([counts > 0 for _, counts in steps], axis=1)
    return negative_similarity(blocks, anchors, ids, used, task.spec.seed)
