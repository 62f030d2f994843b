"""Trains all nodes at once and asks how old and new ones fare, to compare with `online`."""

from pathlib import Path

from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.metrics import arrivals
from hardball.runs.spec import RunSpec
from hardball.training import loop, problem
from hardball.training.online.stages import rows_in, stage
from hardball.training.trained import Engines, Trained


def run(
    spec: RunSpec,
    h: Hierarchy,
    relations: Csr,
    engines: Engines,
    *,
    saved: Path | None = None,
    identity: str = "",
    progress: bool = True,
) -> Trained:
    """Trains all nodes at once; the arrivals only tell which of them are new.

    Raises HardballError as the strategy and `problem.build` do.
    """
    arrival = registry.builder("strategy", spec.strategy.name)(h, spec.seed, **spec.strategy.params)
    task = problem.build(spec, h, relations)
    engine = engines(task, loop.capacity(task))
    ended = loop.run(task, engine, saved=saved, identity=identity, progress=progress)
    if ended.diverged:
        return Trained(task, engine, ended, {})
    before = stage(h, relations, arrival, 0)
    now = stage(h, relations, arrival, int(arrival.max()))
    c = problem.curvature(spec)
    old = rows_in(now, before)
    found = arrivals.figures(ended.points, spec.manifold.name, c, h, before.here, old)
    found["seconds_a_node"] = ended.progressed.seconds / (h.n_nodes - before.here.n_nodes)
    return Trained(task, engine, ended, found)
