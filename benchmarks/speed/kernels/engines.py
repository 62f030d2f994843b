"""Whole steps of training: draw, loss, gradient, update."""

import functools
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardball.methods import registry

from . import trees
from .kernel import FRAMEWORKS, Call, Kernel

if TYPE_CHECKING:
    from hardball.runs.spec import RunSpec

BATCH, DIM = 1024, 10


@dataclass(frozen=True)
class Form:
    """How negatives come, and how many steps one call takes."""

    sampler: str
    negatives: int
    steps: int


FORMS = {"pool": Form("pool", 1024, 8), "pairs": Form("uniform", 50, 4)}
# Passes over the pairs: as many as make a run of either size one that is worth compiling.
EPOCHS = {1_000: 300, trees.NOUNS: 3}
DEFAULT = "tangent"
# Spaces that have a compiled step; importing the package's own list would import numba.
COMPILED = ("tangent", "poincare", "lorentz")


def kernels() -> Iterator[Kernel]:
    for space in registry.entries("manifold"):
        for name, form in FORMS.items():
            for code in ("native", "plain") if space.name in COMPILED else ("plain",):
                # Fewer nodes than a batch touches is another path through the engine.
                for n in EPOCHS if space.name == DEFAULT else [trees.NOUNS]:
                    for half in FRAMEWORKS:
                        yield Kernel(
                            family="engines",
                            name=f"{name}.{space.name}.{code}",
                            size=n,
                            framework=half,
                            units=form.steps * BATCH * form.negatives,
                            unit="scorings",
                            build=functools.partial(build, space.name, form, code, n, half),
                            entry=(space.kind, space.name),
                            memory=space.name == DEFAULT and n == trees.NOUNS,
                        )

    # The compiled step of rows without first moments.
    for name, form in FORMS.items():
        for half in FRAMEWORKS:
            yield Kernel(
                family="engines",
                name=f"{name}.{DEFAULT}.lean",
                size=trees.NOUNS,
                framework=half,
                units=form.steps * BATCH * form.negatives,
                unit="scorings",
                build=functools.partial(build, DEFAULT, form, "lean", trees.NOUNS, half),
                entry=("optimizer", "rmsprop"),
                memory=True,
            )

    # How the main loss and a regulariser share a step: `sum` is what the others are held against.
    for entry in registry.entries("objective"):
        for n in EPOCHS:
            for half in FRAMEWORKS:
                yield Kernel(
                    family="engines",
                    name=f"objective.{entry.name}",
                    size=n,
                    framework=half,
                    units=FORMS["pairs"].steps * BATCH * FORMS["pairs"].negatives,
                    unit="scorings",
                    build=functools.partial(
                        build, DEFAULT, FORMS["pairs"], "plain", n, half, entry.name
                    ),
                    entry=(entry.kind, entry.name),
                )


def spec_of(space: str, form: Form, code: str, n: int, half: str, objective: str = "") -> "RunSpec":
    """The run whose steps are measured; code: "plain", "native", or "lean": native with RMSProp.

    objective: how a second term, the Laplacian, shares them; "" for the loss alone.
    """
    from hardball.runs.spec import RunSpec

    return RunSpec.model_validate(
        {
            "dataset": f"tree-{n}",
            "framework": half,
            "seed": 0,
            "manifold": space,
            "dim": DIM,
            "sampler": form.sampler,
            "negatives": form.negatives,
            "batch_size": BATCH,
            "epochs": EPOCHS[n],
            "lr": 0.05,
            "kernels": "plain" if code == "plain" else "native",
            "optimizer": "rmsprop" if code == "lean" else "adam",
            **({"objective": objective, "regularizers": ["laplacian"]} if objective else {}),
        }
    )


def build(space: str, form: Form, code: str, n: int, half: str, objective: str = "") -> Call:
    """One chunk of steps, as the training loop takes it, and its totals read."""
    from hardball.training import problem

    spec = spec_of(space, form, code, n, half, objective)
    made = problem.build(spec, trees.tree(n), trees.known(n))
    engine = importlib.import_module(f"hardball.training.engine_{half}").Engine(made, form.steps)
    chunk = problem.chunk(made, problem.batches_of(made), 0, form.steps)
    table = engine.start()
    engine.compile(table, chunk)

    def run() -> dict[str, float]:
        # The engine reuses the old table's memory, and a row's own count of steps must not lag.
        nonlocal table, chunk
        table, totals = engine.run(table, chunk)
        chunk = chunk._replace(first=chunk.first + form.steps)
        return engine.read(totals)

    return run
