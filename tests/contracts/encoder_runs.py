"""Small runs of encoders, which tests take apart."""

from hardball.runs.spec import RunSpec
from hardball.training.encoders import run

SMALL = {"seed": 1, "batch_size": 16, "lr": 0.01, "lr_final": 1.0, "dtype": "float64"}


def prepared(h, framework, pretext, changes=(), **settings):
    """A run on h before its first step; changes: of the pretext's parameters."""
    heads = {"name": "hgat", "heads": 2, "hidden": settings.pop("hidden", 3)}
    given = {"pretext": {**pretext, **dict(changes)}, "encoder": heads, **SMALL, **settings}
    return run.prepare(RunSpec(dataset=h.name, framework=framework, **given), h)


def descended(made, steps):
    """Arrays after so many steps, and the losses before each."""
    ended, course = made.engine.train(made.begun, made.chunks(steps), lambda course: True)
    return ended, [float(loss) for losses in course.losses for loss in losses]
