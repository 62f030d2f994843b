"""Measures samplers: run as a process of its own, one for the host and one a framework.

Reads a `Request` as JSON from stdin and writes a list of `Built` or of `Drawn` to stdout.
"""

import importlib
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from hardball.core import random_bits
from hardball.data import store
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import facts, registry
from hardball.runs import settings
from hardball.runs.spec import Framework
from hardball.studies.roofline.measure import fastest, measure_step
from hardball.training import problem

# Batches that a timed round draws, each with anchors of its own.
ROUND = 16
# What compiles the code of the samplers' arrays, before it is timed.
TINY = "wordnet_mammals"


@dataclass(frozen=True)
class Request:
    """framework: jax or torch, or host for the samplers' arrays.

    train: values of a RunSpec, whose steps the draws are compared with. seconds: of a timing.
    """

    framework: str
    samplers: list[str]
    small: str
    large: str
    train: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Built:
    """A sampler's arrays on the large data set, in bytes; `extra`: peak memory beyond them.

    extra is None where the system does not tell.
    """

    nodes: int
    seconds: float
    arrays: int
    extra: int | None


@dataclass(frozen=True)
class Drawn:
    """Draws a second on either data set, and by NumPy's choice from a dense row of the small one.

    draw_seconds, step_seconds: of one batch and of one whole step, on the data that is trained on.
    """

    small: float
    large: float
    numpy: float
    draw_seconds: float
    step_seconds: float


def index_of(h: Hierarchy, name: str, negatives: int) -> dict[str, np.ndarray]:
    """A sampler's arrays, at its defaults; those of the structural ones do not read positives."""
    known = Csr(np.zeros(h.n_nodes + 1, np.int64), np.zeros(0, np.int32))
    params = registry.parameters("sampler", name, {})
    return registry.builder("sampler", name)(h, known, negatives=negatives, **params)


def calls(
    h: Hierarchy, index: dict[str, np.ndarray], name: str, framework: str, shape: tuple[int, int]
) -> list[Callable[[], object]]:
    """`ROUND` batches of (anchors, negatives) draws, one call each."""
    batch, negatives = shape
    draw = registry.load("sampler", name, framework)
    draw = partial(draw, **facts.options(draw, registry.parameters("sampler", name, {})))
    nodes = (random_bits.words(0, "draws/nodes", 0, ROUND * batch) % h.n_nodes).astype(np.int32)
    drawn = random_bits.words(0, "draws/words", 0, ROUND * batch * negatives)
    half = importlib.import_module(f"hardball.studies.draws.batches_{framework}")
    return half.batches(
        draw, index, nodes.reshape(ROUND, batch), drawn.reshape(ROUND, batch, negatives)
    )


def seconds_each(rounds: Sequence[Sequence[Callable[[], object]]], seconds: float) -> list[float]:
    """Seconds a call in the fastest run through each round; the rounds take turns."""
    best = [float("inf")] * len(rounds)
    end, done = time.perf_counter() + seconds, 0
    while done < 4 or time.perf_counter() < end:
        for which, round_ in enumerate(rounds):
            began = time.perf_counter()
            for call in round_:
                call()
            # The first time compiles.
            if done:
                took = (time.perf_counter() - began) / len(round_)
                best[which] = min(best[which], took)
        done += 1
    return best


def choice_rate(n: int, draws: int, seconds: float) -> float:
    """Draws a second of NumPy's choice, `draws` at once by a dense row of n probabilities."""
    generator, row = np.random.default_rng(0), np.full(n, 1 / n)
    return draws / fastest(lambda: generator.choice(n, draws, p=row), seconds)


def extra_memory(call: Callable[[], Any]) -> tuple[Any, int | None]:
    """What the call gave, and how far memory rose above what was there before, in bytes."""
    before = _memory("VmRSS")
    try:
        # Sets the peak back to what is held now: man 5 proc.
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return call(), None
    given, peak = call(), _memory("VmHWM")
    return given, None if before is None or peak is None else peak - before


def _memory(what: str) -> int | None:
    status = Path("/proc/self/status")
    found = re.search(rf"{what}:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 if found else None


def build(request: Request) -> list[Built]:
    """Each sampler's arrays, made once on the large data set."""
    negatives = request.train["negatives"]
    tiny, large = store.open_hierarchy(TINY), store.open_hierarchy(request.large)
    found = []
    for name in request.samplers:
        index_of(tiny, name, negatives)
        began = time.perf_counter()
        index, risen = extra_memory(partial(index_of, large, name, negatives))
        took = time.perf_counter() - began
        # Arrays that belong to the hierarchy, such as its preorder, cost nothing.
        arrays = sum(a.nbytes for a in index.values() if not _shared(large, a))
        extra = None if risen is None else max(risen - arrays, 0)
        found.append(Built(large.n_nodes, took, arrays, extra))
    return found


def _shared(h: Hierarchy, array: np.ndarray) -> bool:
    return any(array is given for given in vars(h).values())


def draw(request: Request) -> list[Drawn]:
    """Each sampler's draws on either data set, and a step of training with it."""
    framework = cast(Framework, request.framework)
    small, large = (store.open_hierarchy(name) for name in (request.small, request.large))
    found = []
    for name in request.samplers:
        spec = settings.make_spec({**request.train, "sampler": name}, framework, 0)
        shape = spec.batch_size, spec.negatives
        task = problem.build(spec, store.open_hierarchy(spec.dataset))
        rounds = [
            calls(h, index_of(h, name, spec.negatives), name, framework, shape)
            for h in (small, large, task.hierarchy)
        ]
        *each, own = seconds_each(rounds, request.seconds)
        rates = [spec.batch_size * spec.negatives / seconds for seconds in each]
        choice = choice_rate(small.n_nodes, spec.negatives, request.seconds / 5)
        step = min(measure_step(task, request.seconds)[0])
        found.append(Drawn(rates[0], rates[1], choice, own, step))
    return found


if __name__ == "__main__":
    given = Request(**json.load(sys.stdin))
    answers = build(given) if given.framework == "host" else draw(given)
    print(json.dumps([asdict(answer) for answer in answers]))
