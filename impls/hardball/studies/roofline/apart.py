"""Measurements of the roofline in processes of their own."""

from collections.abc import Sequence
from dataclasses import asdict

from hardball.core import processes
from hardball.report.tables.render import Table
from hardball.runs.spec import RunSpec
from hardball.studies.roofline import losses as of_losses
from hardball.studies.roofline.cost import Machine, Step
from hardball.studies.roofline.measure import Measured, Request
from hardball.studies.roofline.table import losses_table


def losses(names: Sequence[str], batch: int, negatives: int, seconds: float) -> Table:
    """The table of every loss by itself, each framework measured in a process of its own."""
    found = []
    for name in names:
        request = of_losses.Request(name, batch, negatives, seconds)
        module = "hardball.studies.roofline.losses"
        found += processes.measured(module, asdict(request), 1, name)
    return losses_table([of_losses.Measured(**each) for each in found], batch, negatives)


def steps(specs: Sequence[RunSpec], threads: int, seconds: float) -> list[Measured]:
    """What a process of its own measured; raises HardballError with its last line."""
    request = Request([spec.model_dump(mode="json") for spec in specs], threads, seconds)
    found = processes.measured(
        "hardball.studies.roofline.measure", asdict(request), threads, specs[0].framework
    )
    return [
        Measured(**{**said, "machine": Machine(**said["machine"]), "step": Step(**said["step"])})
        for said in found
    ]
