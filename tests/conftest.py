"""Hierarchies that many tests share, steps of a run taken one by one, and how tests are spread."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Two processes share two cores, so each takes one thread; numba can have two, for tests that ask.
# What JAX compiles is kept for the next process, of this run or another, of any checkout. Set
# before numba and either framework are imported.
for name, count in (("OMP", 1), ("OPENBLAS", 1), ("MKL", 1), ("NUMBA", 2)):
    os.environ.setdefault(f"{name}_NUM_THREADS", str(count))
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
# What runs for a moment need not be fast: half the time of compiling. `make test-all` sets it to 0.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
try:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hardball-tests"
    cache.mkdir(parents=True, exist_ok=True)
except (OSError, RuntimeError):
    cache = Path(__file__).resolve().parents[1] / ".pytest_cache"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")

import numba
import numpy as np
import pytest

from hardball.hierarchy.dag import Hierarchy, from_edges
from hardball.methods import registry
from hardball.metrics import charts
from hardball.training import problem

numba.set_num_threads(1)

Edges = tuple[list[str], list[str]]

# The files that take longest, which begin first.
LONGEST = (
    "tests/contracts/test_methods.py",
    "tests/contracts/test_mutants.py",
    "tests/workflow/test_workflow.py",
    "tests/unit/test_wheel.py",
    "tests/pairs/test_native_step.py",
    "tests/unit/test_docs.py",
    "tests/contracts/test_runs.py",
    "tests/unit/test_rows.py",
    "tests/unit/test_workers.py",
    "tests/unit/test_training.py",
    "tests/contracts/test_kernels.py",
    "tests/pairs/test_trajectories.py",
    "tests/pairs/test_hgat.py",
    "tests/library/test_embedding.py",
)
# Files that compare with the same values, which are then computed once.
TOGETHER = {"tests/contracts/test_mutants.py": "tests/contracts/test_methods.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no process is left with one at the end."""
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.nodeid.split("::")[0], len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Whole files go to a process, and those of TOGETHER to the same."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            name = super()._split_scope(nodeid)
            return TOGETHER.get(name, name)

    return Files(config, log)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    registry.entries()
    kept = (registry._ENTRIES, charts.CHARTS)
    before = [dict(each) for each in kept]
    yield
    for each, entries in zip(kept, before, strict=True):
        each.clear()
        each.update(entries)


@pytest.fixture(scope="module", autouse=True)
def _few_programs() -> Iterator[None]:
    """Drop what JAX has compiled after each module.

    Each is a few maps of memory, of which Linux gives a process 65,530: beyond them it dies.
    """
    yield
    if "jax" in sys.modules:
        if "hardball.training.engine_jax" in sys.modules:
            sys.modules["hardball.training.engine_jax"]._COMPILED.clear()
        sys.modules["jax"].clear_caches()
        gc.collect()


def edges_of(text: str) -> Edges:
    """Child ids and parent ids of "b>a c>a", a child before its parent."""
    split = [edge.split(">") for edge in text.split()]
    return [child for child, _ in split], [parent for _, parent in split]


def draw_edges(n: int, seed: int, *, roots: float = 0.1, extra: float = 0.3) -> Edges:
    """A random DAG over x0..x{n-1}: about `roots` roots and `extra` second parents a node.

    Nodes are listed in no topological order and may stay without any edge.
    """
    rng = np.random.default_rng(seed)
    label = rng.permutation(n)
    edges = set()
    for i in range(1, n):
        if rng.random() >= roots:
            edges.add((i, int(rng.integers(i))))
            while rng.random() < extra:
                edges.add((i, int(rng.integers(i))))
    listed = sorted((int(label[i]), int(label[j])) for i, j in edges)
    order = rng.permutation(len(listed))
    children = [f"x{listed[i][0]}" for i in order]
    return children, [f"x{listed[i][1]}" for i in order]


@pytest.fixture
def tree() -> Hierarchy:
    """One root a; b and c below it; d, e, f below b; g below c; h below d; i below g."""
    children, parents = edges_of("b>a c>a d>b e>b f>b g>c h>d i>g")
    names = {"a": "Anna", "d": "Dora"}
    kind = {"b": "left", "d": "left", "c": "right"}
    return from_edges("tree", children, parents, names=names, groups={"kind": kind})


@pytest.fixture
def dag() -> Hierarchy:
    """f has the parents d and e; g has e and, needlessly, a; h has g (3 or 2 down) and c (1 down).

    a > b > d > f, a > c > e > f, e > g, a > g, g > h, c > h.
    """
    return from_edges("dag", *edges_of("b>a c>a d>b e>c f>d f>e g>e g>a h>g h>c"))


@pytest.fixture
def forest() -> Hierarchy:
    """Two trees, a > b, c; b > d and p > q > r, and the node z alone."""
    return from_edges("forest", *edges_of("b>a c>a d>b q>p r>q"), nodes=list("abcdpqrz"))


@pytest.fixture(scope="session")
def random_dag() -> Callable[..., Hierarchy]:
    """(n, seed, roots=0.1, extra=0.3) -> a random DAG; extra=0 gives a forest, roots=0 one root."""

    def make(n: int, seed: int, *, roots: float = 0.1, extra: float = 0.3) -> Hierarchy:
        children, parents = draw_edges(n, seed, roots=roots, extra=extra)
        return from_edges("random", children, parents, nodes=[f"x{i}" for i in range(n)])

    return make


@pytest.fixture(scope="session")
def step_by_step() -> Callable[..., Iterator[tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]]]:
    """(problem, count, endless=False) -> of its first steps: engine, points before, after, totals.

    endless: batches go on after the last step of the run.
    """

    def steps(
        task: problem.Problem, count: int, *, endless: bool = False
    ) -> Iterator[tuple[Any, np.ndarray, np.ndarray, dict[str, Any]]]:
        module = importlib.import_module(f"hardball.training.engine_{task.spec.framework}")
        engine, batches = module.Engine(task, 1), problem.batches_of(task)
        table = engine.start()
        for step in range(count):
            chunk = problem.chunk(task, batches, step, 1, endless=endless)
            if not step:
                engine.compile(table, chunk)
            before = engine.points(table, step)
            table, totals = engine.run(table, chunk)
            yield engine, before, engine.points(table, step + 1), engine.read(totals)

    return steps
