"""A run whose subtrees arrive: a table of the rest, what places new nodes, what is asked of it."""

import dataclasses
import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardball.core import optional
from hardball.hierarchy.arrived import arrived
from hardball.hierarchy.closure import Csr, pairs
from hardball.hierarchy.closure import closure as closure_of
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.strategies.few_shot import ASK, CHOOSE, LEARN, read_rates
from hardball.metrics import few_shot as metrics
from hardball.metrics.arrivals import ranked
from hardball.metrics.few_shot import SHOTS
from hardball.runs.spec import RunSpec
from hardball.training import heads, loop, problem
from hardball.training.few_shot import parameters, rules
from hardball.training.few_shot.batches import Batch, Maker, asking, learning
from hardball.training.few_shot.bodies import Begun
from hardball.training.few_shot.outer import Arrays, Outer
from hardball.training.few_shot.subtrees import Subtree, subtrees
from hardball.training.loop import Engine, Outcome
from hardball.training.progress import Progress
from hardball.training.trained import Engines, Trained, at_once

# By what is learned through inner steps: whether exactly. What is learned without has none.
THROUGH = {"maml": True, "first_order": False}

# (batch) -> where its nodes begin.
Begin = Callable[[Batch], Begun]


@dataclass(frozen=True, eq=False)
class Data:
    """What placing reads: the table, the subtrees by part, and where either lies.

    h, closure: of the whole; vectors (N, D): tangent vectors by its rows, NaN for what is not in
    the table; known (n,): rows of the table; parts: the subtrees of LEARN, CHOOSE and ASK.
    """

    spec: RunSpec
    h: Hierarchy
    closure: Csr
    vectors: np.ndarray
    known: np.ndarray
    c: float
    lengths: rules.Lengths
    parts: dict[int, list[Subtree]]
    maker: Maker

    @property
    def given(self) -> dict[str, Any]:
        """The parameters of the strategy."""
        return self.spec.strategy.params


@dataclass(frozen=True, eq=False)
class Placer:
    """What places nodes: where they begin, and the rate of the inner steps that follow."""

    begin: Begin
    rate: float


@dataclass
class Spent:
    """What learning and placing took: of the processor, and by the clock with compiling apart."""

    learning: float = 0.0
    placing: float = 0.0
    compiling_clock: float = 0.0
    learning_clock: float = 0.0


def run(
    spec: RunSpec,
    h: Hierarchy,
    closure: Csr,
    engines: Engines,
    *,
    saved: Path | None = None,
    identity: str = "",
    progress: bool = True,
) -> Trained:
    """Trains the table and what places new nodes, and asks it; arguments as of `online.run`.

    An interrupted run goes on from the table's last checkpoint. Points are those of the table and,
    with 20 nodes of each shown, of all subtrees. Raises HardballError as the strategy does, and
    where a package that the initialiser needs is not installed.
    """
    arrival = registry.builder("strategy", spec.strategy.name)(h, spec.seed, **spec.strategy.params)
    frame = Framework(spec)
    here, rows = arrived(h, closure, arrival == 0)
    plain = at_once(spec)
    task = problem.build(plain, here)
    engine = engines(task, loop.capacity(task))
    ended = loop.run(task, engine, saved=saved, identity=identity, progress=progress)
    whole = problem.build(plain, h, closure)
    points = np.full((h.n_nodes, ended.points.shape[1]), np.nan)
    if ended.diverged:
        return Trained(whole, engine, dataclasses.replace(ended, points=points), {}, alone=True)
    c = heads.curvature(spec, ended.heads) or problem.curvature(spec)
    data = _data(spec, h, closure, arrival, here, rows, ended.points.astype(np.float64), c)
    spent = Spent()
    placer = _chosen(data, frame, spent, progress)
    found = _asked(data, frame, placer, ASK, spent)
    told = {name: value for figures, _ in found.values() for name, value in figures.items()}
    nodes = sum(len(one.nodes) for one in data.parts[ASK])
    asked = sum(len(one.asked) for one in data.parts[ASK])
    told |= metrics.costs(spent.learning, placer.rate, asked)
    told |= {"seconds_a_node": spent.placing / (len(SHOTS) * nodes)}
    told |= ranked("old", ended.points, "tangent", c, here, np.ones(here.n_nodes, bool))
    points = _everywhere(data, frame, placer)
    told |= {"share_at_limit": engine.touching(points) / h.n_nodes}
    return Trained(whole, engine, _outcome(ended, engine, points, spent), told, alone=True)


def _data(
    spec: RunSpec, h: Hierarchy, closure: Csr, arrival: np.ndarray, here: Hierarchy,
    rows: np.ndarray, points: np.ndarray, c: float,
) -> Data:  # fmt: skip
    vectors = np.full((h.n_nodes, points.shape[1]), np.nan)
    vectors[rows] = points
    given = spec.strategy.params
    parts = {
        part: subtrees(h, closure, arrival, part, spec.seed, points.shape[1])
        for part in (LEARN, CHOOSE, ASK)
    }
    depth = int(np.diff(closure.indptr).max())
    maker = Maker(vectors, rows, int(given["largest"]), depth, int(given["candidates"]))
    known = rules.lengths(here, points)
    return Data(spec, h, closure, vectors, rows, c, known, parts, maker)


class Framework:
    """The modules of a run's framework; that of the initialiser where one is learned."""

    def __init__(self, spec: RunSpec) -> None:
        place = f"hardball.training.few_shot.{{}}_{spec.framework}"
        self.engine: Any = importlib.import_module(place.format("engine"))
        by = str(spec.strategy.params["by"])
        self.meta: Any = None
        if by not in rules.SAID and by not in rules.BEGUN:
            what = f"by={by} with framework={spec.framework}"
            self.meta = optional.load(place.format("meta"), what)


def _chosen(data: Data, frame: Framework, spent: Spent, progress: bool) -> Placer:
    """Of the inner rates the one by which validation subtrees are placed best.

    The mean of their MAP with 1, 5 and 20 nodes shown; a rate whose points are not finite loses.
    """
    tried = list(_tried(data, frame, spent, progress))
    scores = []
    for placer in tried if len(tried) > 1 else ():
        found = _asked(data, frame, placer, CHOOSE, Spent())
        scores.append(np.mean([told[f"query_map_{k}"] for k, (told, _) in found.items()]))
    return tried[int(np.argmax(scores))] if scores else tried[0]


def _tried(data: Data, frame: Framework, spent: Spent, progress: bool) -> Iterator[Placer]:
    """A placer for each inner rate; one where there are no inner steps."""
    given, by = data.given, str(data.given["by"])
    steps = int(given["inner_steps"])
    tried = read_rates(str(given["rates"])) if steps else [0.0]
    if by in rules.BEGUN:
        yield from (Placer(lambda batch: rules.BEGUN[by](batch, data.lengths), r) for r in tried)
        return
    if by in rules.SAID:
        yield from (Placer(_ruled(data, frame, by), rate) for rate in tried)
        return
    learned = None
    for rate in tried:
        if by in THROUGH or learned is None:
            through = steps if by in THROUGH else 0
            outer = Outer(through, rate, THROUGH.get(by, False), float(given["outer_rate"]), data.c)
            learned = _learned(data, frame, outer, spent, progress)
        yield Placer(_said(data, frame, learned), rate)


def _ruled(data: Data, frame: Framework, by: str) -> Begin:
    return lambda batch: frame.engine.begin(rules.SAID[by](batch, data.lengths), batch, data.c)


def _said(data: Data, frame: Framework, arrays: Arrays) -> Begin:
    return lambda batch: frame.meta.begin(arrays, batch, data.c)


def _learned(data: Data, frame: Framework, outer: Outer, spent: Spent, progress: bool) -> Arrays:
    """The initialiser's arrays after the outer steps, on the subtrees to learn from alone."""
    spec, given = data.spec, data.given
    known = data.parts[LEARN]
    count = int(given["outer_steps"])
    width = known[0].features.shape[1]
    begun = parameters.start(spec.seed, width, int(given["hidden"]), spec.dim, data.lengths)
    size = int(given["subtrees"])
    batches = (
        batch
        for step in range(count)
        for batch in learning(data.maker, known, spec.seed, step, 1, size)
    )
    # The first step is taken twice, so that compiling it is told apart.
    began = time.perf_counter()
    first = learning(data.maker, known, spec.seed, 0, 1, size)
    frame.meta.train(begun, first, outer, lambda *_: None)
    spent.compiling_clock += time.perf_counter() - began
    with Progress(f"{spec.run_id}, outer steps", count, progress) as shown:
        done = 0

        def watch(loss: float, seconds: float) -> None:
            nonlocal done
            done += 1
            spent.learning += seconds
            shown.update(done, loss)

        began = time.perf_counter()
        learned: Arrays = frame.meta.train(begun, batches, outer, watch)
        spent.learning_clock += time.perf_counter() - began
    return learned


def _placed(
    data: Data, frame: Framework, placer: Placer, known: Sequence[Subtree], shots: int, spent: Spent
) -> np.ndarray:
    """Tangent vectors (N, D) by rows of the whole: those of the table and of these subtrees."""
    out = data.vectors.copy()
    size, steps = int(data.given["subtrees"]), int(data.given["inner_steps"])
    for number, batch in enumerate(asking(data.maker, known, data.spec.seed, shots, size)):
        began = time.process_time()
        found = frame.engine.place(placer.begin(batch), batch, placer.rate, steps, data.c)
        spent.placing += time.process_time() - began
        for one, vectors in zip(known[number * size : (number + 1) * size], found, strict=False):
            out[one.nodes] = data.maker.placed(one, shots, vectors)
    return out


def _asked(
    data: Data, frame: Framework, placer: Placer, part: int, spent: Spent
) -> dict[int, tuple[dict[str, float], np.ndarray]]:
    """By how many nodes are shown: the figures of the nodes that are not, and all points.

    Figures of points that are not finite are the worst that there are.
    """
    known = data.parts[part]
    there = np.zeros(data.h.n_nodes, bool)
    there[data.known] = True
    asked = np.zeros(data.h.n_nodes, bool)
    for one in known:
        there[one.nodes] = True
        asked[one.asked] = True
    here, rows = arrived(data.h, data.closure, there)
    relations = closure_of(here)
    every = pairs(relations)
    wanted = every[asked[rows[every[:, 0]]]]
    found = {}
    for shots in SHOTS:
        points = _placed(data, frame, placer, known, shots, spent)
        if np.isfinite(points[rows]).all():
            told = metrics.figures(points[rows], data.c, here, relations, wanted, shots)
        else:
            told = {f"query_map_{shots}": 0.0, f"query_mean_rank_{shots}": float(here.n_nodes)}
        found[shots] = told, points
    return found


def _everywhere(data: Data, frame: Framework, placer: Placer) -> np.ndarray:
    """Points of all nodes: those of the subtrees with the most shown."""
    every = [one for part in data.parts.values() for one in part]
    return _placed(data, frame, placer, every, max(SHOTS), Spent())


def _outcome(ended: Outcome, engine: Engine, points: np.ndarray, spent: Spent) -> Outcome:
    """The table's outcome with the points of all nodes and the seconds of all training."""
    state = dataclasses.replace(
        ended.progressed,
        seconds=ended.progressed.seconds + spent.learning_clock,
        compile_seconds=ended.progressed.compile_seconds + spent.compiling_clock,
    )
    finite = bool(np.isfinite(points).all())
    return dataclasses.replace(
        ended,
        points=points,
        touching=engine.touching(points) if finite else 0,
        diverged=not finite,
        progressed=state,
    )
