"""What to draw at the end of a run, so that its row can say what its negatives were like."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hardball import words
from hardball.metrics.hardness import hardness
from hardball.trainers.problem import Problem, curvature, words_per_step

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
    A row is floor(word P / 2^32) of P pairs.
    """
    spec = task.spec
    steps = max(STEPS, -(-DRAWS // spec.scored))
    count = int(np.clip(MOST_DRAWS // (steps * spec.scored), *PAIRS))
    word = words.words(spec.seed, "metrics/hardness/rows", 0, count).astype(np.uint64)
    rows = word * np.uint64(len(task.positives)) >> np.uint64(32)
    of_step = words_per_step(spec.model_copy(update={"batch_size": count}))
    drawn = words.block(spec.seed, "metrics/hardness/draws", 0, steps, of_step)
    return Plan(rows.astype(np.int32), drawn)


def negative_figures(task: Problem, points: np.ndarray, sample: Sample) -> dict[str, float]:
    """The `negative_...` metrics of a run that ended at `points`.

    sample: (rows (B,), words (W,)) -> ids (B, K), or (1, M) of a pool, and counts (B, K) or (B, M),
    0 for what is masked: what one step draws for these rows of Problem.positives.
    """
    asked = plan(task)
    steps = [sample(asked.rows, word) for word in asked.words]
    anchors, positives = task.positives[asked.rows].T
    return hardness(
        points,
        task.spec.manifold.name,
        curvature(task.spec),
        task.hierarchy,
        anchors,
        positives,
        np.stack([ids for ids, _ in steps]),
        np.stack([counts for _, counts in steps]),
        task.spec.seed,
        known=task.split.known,
    )
