"""What was measured beside what a step needs, as a table."""

from collections.abc import Sequence

from hardball.methods import registry
from hardball.report.tables.render import Cell, Column, Line, Table, number
from hardball.runs.spec import RunSpec
from hardball.studies.roofline import losses
from hardball.studies.roofline.cost import floor
from hardball.studies.roofline.measure import Measured

SHOWN = {
    "form": "form",
    "shape": "pairs × negatives",
    "framework": "framework",
    "bytes": "bytes",
    "flops": "operations",
    "roots": "roots",
    "memory_ms": "traffic, ms",
    "compute_ms": "arithmetic, ms",
    "bound": "bound by",
    "exp_log_ms": "exp and log, ms",
    "gather_ms": "a gather, ms",
    "measured_ms": "measured, ms",
    "gap": "gap",
    "rate": "scorings a second",
    "floor_rate": "at the floor",
}
TEXT = ("form", "shape", "framework", "bound", "dataset", "manifold", "optimizer", "dtype", "cpu")
NOTE = (
    "Traffic and arithmetic are the least that a step needs at these rates; the floor is the "
    "larger of them, the gap measured over floor. Not in the floor, since a step can do without: "
    "an exponential and a logarithm for each cell, one copy of the rows it names."
)


def table_of(found: Sequence[tuple[RunSpec, Measured]]) -> Table:
    """One line a framework and form: traffic, arithmetic, floor, measured time, and the gap."""
    lines = [Line(_cells(spec, measured)) for spec, measured in found]
    hidden = [key for key in lines[0].cells if key not in SHOWN]
    columns = [Column(key, header, text=key in TEXT) for key, header in SHOWN.items()]
    columns += [Column(key, key, only_csv=True, text=key in TEXT) for key in hidden]
    notes = [_machine_note(*found[0]), NOTE]
    return Table("roofline", "Where a step's time goes", columns, lines, notes, ranked=False)


def _cells(spec: RunSpec, measured: Measured) -> dict[str, Cell]:
    step, machine = measured.step, measured.machine
    least = floor(step, machine)
    return {
        "form": registry.entry("sampler", spec.sampler.name).form,
        "shape": f"{step.batch} × {step.shared or step.own}",
        "framework": spec.framework,
        "dataset": spec.dataset,
        "nodes": step.nodes,
        "manifold": spec.manifold.name,
        "dim": spec.dim,
        "optimizer": spec.optimizer.name,
        "dtype": spec.dtype,
        "bytes": step.bytes,
        "flops": step.flops,
        "roots": float(step.roots),
        "memory_ms": 1e3 * least.memory,
        "compute_ms": 1e3 * least.compute,
        "bound": least.bound,
        "exp_log_ms": 1e3 * least.exp_log,
        "gather_ms": 1e3 * least.gather,
        "measured_ms": 1e3 * measured.step_seconds,
        "median_ms": 1e3 * measured.median_seconds,
        "calls": measured.calls,
        "compile_seconds": measured.compile_seconds,
        "gap": measured.step_seconds / least.seconds,
        "rate": step.cells / measured.step_seconds,
        "floor_rate": step.cells / least.seconds,
        "cpu": machine.cpu,
        "threads": machine.threads,
        "copy_rate": machine.copy,
        "memory_rate": machine.memory,
        "matmul_rate": machine.matmul,
        "root_rate": machine.root,
        "exp_log_rate": machine.exp_log,
        "gather_rate": machine.gather,
    }


def _machine_note(spec: RunSpec, measured: Measured) -> str:
    machine, step = measured.machine, measured.step
    rates = [
        f"{number(machine.memory / 1e9)} GB/s beyond the caches",
        f"{number(machine.copy / 1e9)} GB/s for tables of {number(step.table_bytes / 1e6)} MB",
        f"{number(machine.matmul / 1e9)} G operations/s in a matrix product",
        f"{number(machine.root / 1e9)} G roots with a division/s",
        f"{number(machine.exp_log / 1e9)} G exponentials with a logarithm/s",
    ]
    return (
        f"{spec.dataset}, {spec.manifold.name}, d = {spec.dim}, {spec.optimizer.name}, "
        f"{spec.dtype}. {machine.cpu}, threads: {machine.threads}. Measured: {', '.join(rates)}."
    )


LOSSES = {
    "loss": "loss",
    "framework": "framework",
    "bytes": "bytes",
    "floor_ms": "floor, ms",
    "measured_ms": "measured, ms",
    "gap": "gap",
    "rate": "scorings a second",
}


def losses_table(found: Sequence[losses.Measured], batch: int, negatives: int) -> Table:
    """One line a loss and framework: bytes that must move, time for that, measured time, gap."""
    text = ("loss", "framework")
    columns = [Column(key, header, text=key in text) for key, header in LOSSES.items()]
    lines = [Line(_loss_cells(each, batch * (1 + negatives))) for each in found]
    first = found[0]
    notes = [
        f"{batch} × {negatives}, float32. {first.cpu}, one thread. Measured: "
        f"{number(first.copy / 1e9)} GB/s for copies of {number(first.bytes / 1e6)} MB. The floor "
        "is the time to read every argument, and to write the losses and the gradients of the "
        "distances, once."
    ]
    return Table(
        "roofline_losses", "Losses, forward and backward", columns, lines, notes, ranked=False
    )


def _loss_cells(each: losses.Measured, scorings: int) -> dict[str, Cell]:
    least = each.bytes / each.copy
    return {
        "loss": each.loss,
        "framework": each.framework,
        "bytes": each.bytes,
        "floor_ms": 1e3 * least,
        "measured_ms": 1e3 * each.seconds,
        "gap": each.seconds / least,
        "rate": scorings / each.seconds,
    }
