"""Going on from a training of other settings, of the same pairs and the same seed."""

import dataclasses
import importlib

import numpy as np

from hardball.methods.starts.earlier import vectors
from hardball.training import heads, loop, problem
from hardball.training.problem import Problem


def continued(task: Problem, *, progress: bool = True) -> Problem:
    """The problem that begins where the training of its spec's `before` ends.

    Split, pairs and random bits are those of its own seed, so nothing that is held out is known to
    the training before. What terms own, and the optimiser, begin anew. Where that training
    diverges, the start is not finite, and neither is what follows.
    """
    spec = task.spec.earlier
    built = problem.build(spec, task.whole, task.closure, task.shared)
    module = importlib.import_module(f"hardball.training.engine_{spec.framework}")
    engine = module.Engine(built, loop.capacity(built))
    ended = loop.run(built, engine, progress=progress)
    c = heads.curvature(spec, ended.heads) or problem.curvature(spec)
    if ended.diverged:
        return dataclasses.replace(task, start=np.full_like(task.start, np.nan))
    return dataclasses.replace(task, start=vectors(ended.points, spec.manifold.name, c))
