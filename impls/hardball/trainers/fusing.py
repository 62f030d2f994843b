"""The pieces of a step in PyTorch: as they are written, or compiled to fewer kernels."""

import functools
import os
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from hardball.optimizers import rows_torch
from hardball.trainers.draws_torch import Draws, current, draw
from hardball.trainers.methods import Methods, identity
from hardball.trainers.problem import Problem
from hardball.trainers.step_torch import loss, measure, optimise

# Compiling takes seconds and saves some 20 ns a scoring, and nothing where negatives come in pairs.
_COMPILE_FROM_SCORINGS = 1e9


class Pieces(NamedTuple):
    """The pieces of a step: plain, or each compiled to fewer kernels."""

    draw: Callable[..., Draws]
    coast: Callable[..., tuple[torch.Tensor, rows_torch.State]]
    loss: Callable[..., tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]]
    optimise: Callable[..., torch.Tensor]
    measure: Callable[..., tuple[torch.Tensor, torch.Tensor]]


def plain(how: Methods) -> Pieces:
    """The pieces as they are written."""
    given = functools.partial
    return Pieces(
        given(draw, how), given(current, how), given(loss, how), given(optimise, how), measure
    )


def _fuse(piece: Callable[..., Any]) -> Callable[..., Any]:
    """`piece` as torch.compile fuses it, compiled for the arguments of the first call."""

    def fused(*given: Any, **told: Any) -> Any:
        return piece(*given, **told)

    # What is compiled is kept with the code, for few sets of arguments: each piece has its own.
    fused.__code__ = fused.__code__.replace()
    return torch.compile(fused, fullgraph=True, dynamic=False)


def compiled(problem: Problem, how: Methods) -> Pieces:
    """The pieces fused; problems of one configuration and one size share them, as seeds do."""
    drawn_from = [array for index in problem.indexes for array in index.values()]
    arrays = problem.start, problem.positives, problem.known_indices, *drawn_from
    key = identity(how), tuple(np.shape(array) for array in arrays)
    if key not in _COMPILED:
        written = plain(how)
        fused = Pieces(*map(_fuse, written))
        # A compiled kernel among the draws is nothing that can be fused.
        _COMPILED[key] = fused._replace(draw=written.draw) if how.chooses else fused
    return _COMPILED[key]


_COMPILED: dict[tuple[Any, ...], Pieces] = {}


def worth_compiling(problem: Problem, how: Methods) -> bool:
    """Whether a run scores a pool by plain code, long enough to compile it, with a compiler there.

    A run's digits depend on it, so it follows from the spec and the machine, not from timings. What
    is compiled has one backward pass for all of its results, so terms apart are not.
    """
    spec = problem.spec
    if how.apart:
        return False
    found = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    scorings = problem.total_steps * spec.batch_size * spec.scored
    return bool(found) and how.shared > 0 and not how.native and scorings >= _COMPILE_FROM_SCORINGS
