"""The least that a step needs, by hand, and one measurement from end to end."""

import math

import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli import main
from hardball.methods import registry
from hardball.report.tables import render
from hardball.runs.plan import make_spec
from hardball.studies.roofline import losses
from hardball.studies.roofline.cost import Machine, Step, floor
from hardball.studies.roofline.measure import Measured, fastest
from hardball.studies.roofline.table import losses_table, table_of

POOL = Step(batch=100, shared=50, own=0, coordinates=17, nodes=10**6)
PAIRS = Step(batch=100, shared=0, own=50, coordinates=17, nodes=10**6)
MACHINE = Machine(
    "a processor", threads=1, copy=1e9, memory=5e8, matmul=1e9, root=1e6, exp_log=5e5, gather=1e6
)


def test_a_pool_is_shared_and_draws_are_not():
    # Both score 100 positives and 100 x 50 negatives; the rows are 200 + 50 and 200 + 100 x 50.
    assert POOL.cells == PAIRS.cells == 100 + 5000
    assert (POOL.gathered, PAIRS.gathered) == (250, 5200)


def test_a_row_drawn_twice_is_moved_once():
    # Three draws of two rows: 2 (1 - (1/2)^3) = 1.75 different ones.
    few = Step(batch=1, shared=1, own=0, coordinates=2, nodes=2)
    assert few.gathered == 3
    assert few.rows == pytest.approx(1.75, rel=1e-12)


def test_bytes_are_whole_lines_of_the_point_and_of_its_state():
    # Adam: a row of 17 x 4 = 68 bytes lies on 1 + 64/64 = 2 lines, its moments on as many, its
    # second moment and count on one each: 6 lines of 64 bytes, read and written. Then the words of
    # 50 draws, and the number and two nodes of 100 pairs, 4 bytes each.
    assert POOL.bytes == pytest.approx(2 * POOL.rows * 6 * 64 + 4 * (50 + 300), rel=1e-12)
    plain = Step(batch=100, shared=0, own=50, coordinates=17, nodes=10**6, optimizer="rsgd")
    assert plain.bytes == pytest.approx(2 * plain.rows * 2 * 64 + 4 * (5000 + 300), rel=1e-12)


def test_the_table_holds_points_and_moments():
    # 17 coordinates, 17 first moments, a second moment and a count: 36 numbers of 4 bytes a node.
    assert POOL.table_bytes == 10**6 * 36 * 4


def test_operations_are_three_products_of_the_cells_and_the_optimiser():
    # 2 D a cell forward, 2 D back to either side; 12 D a row for Adam.
    assert POOL.flops == pytest.approx(6 * 17 * 5100 + 12 * 17 * POOL.rows, rel=1e-12)


def test_the_floor_is_the_larger_of_traffic_and_arithmetic():
    least = floor(POOL, MACHINE)
    assert least.memory == pytest.approx(POOL.bytes / 1e9)
    # 5,100 roots at a million a second are 5.1 ms, the products about 0.57 ms.
    assert least.compute == pytest.approx(5.1e-3 + POOL.flops / 1e9)
    assert least.seconds == least.compute > least.memory
    assert least.bound == "arithmetic"
    assert least.exp_log == pytest.approx(5100 / 5e5)
    assert least.gather == pytest.approx(250 / 1e6)


def test_the_gap_is_the_measured_time_over_the_floor():
    spec = make_spec({"dataset": "wordnet_mammals", "sampler": "pool"}, "jax", 0)
    least = floor(POOL, MACHINE)
    measured = Measured(MACHINE, POOL, 4 * least.seconds, 5 * least.seconds, 9, 1.0)
    table = table_of([(spec, measured)])
    cells = table.lines[0].cells
    assert cells["gap"] == pytest.approx(4)
    assert cells["rate"] == pytest.approx(5100 / (4 * least.seconds))
    assert cells["floor_rate"] == pytest.approx(5100 / least.seconds)
    assert "a processor, threads: 1" in render.to_markdown(table)


def test_the_fastest_call_counts_and_the_first_does_not():
    seen: list[int] = []

    def call() -> None:
        seen.append(1)
        if len(seen) == 1:
            sum(range(2_000_000))

    # The first call takes tens of milliseconds, the others next to nothing.
    assert fastest(call, seconds=0.0) < 0.01
    assert len(seen) == 4


def test_a_loss_reads_its_arguments_and_writes_losses_and_gradients():
    def loss(d_pos, d_neg, weight, hops, temperature=1.0):
        return d_pos

    arrays = losses.given(loss, batch=3, negatives=5)
    shapes = {"d_pos": (3,), "d_neg": (3, 5), "weight": (3, 5), "hops": (3,)}
    assert {name: array.shape for name, array in arrays.items()} == shapes
    # Read: 3 + 15 + 15 + 3; written: gradients of 3 + 15 distances and 3 losses; 4 bytes each.
    assert losses.least_bytes(arrays) == 4 * (36 + 18 + 3)


def test_the_gap_of_a_loss_is_its_time_over_that_of_its_bytes():
    found = losses.Measured("margin", "jax", bytes=8000, copy=1e9, seconds=4e-5, cpu="a processor")
    cells = losses_table([found], batch=10, negatives=9).lines[0].cells
    assert cells["floor_ms"] == pytest.approx(8e-3)
    assert cells["gap"] == pytest.approx(5)
    # Each of 10 positives and 90 negatives in 40 us.
    assert cells["rate"] == pytest.approx(100 / 4e-5)


@pytest.mark.full
def test_one_command_measures_every_loss(tmp_path):
    small = ["--seconds", "0.001", "--batch", "8", "--negatives", "4"]
    said = CliRunner().invoke(
        main.app, ["roofline", "--losses", "-f", "torch", *small, "--out", str(tmp_path)]
    )
    assert said.exit_code == 0, said.output
    table = pd.read_csv(tmp_path / "roofline_losses.csv")
    assert list(table["loss"]) == [e.name for e in registry.entries("loss") if not e.owns]
    assert (table["measured_ms"] > 0).all()


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("roofline")
    small = ["--seconds", "0.2", "--batch", "64", "--pool", "32", "--negatives", "4"]
    said = CliRunner().invoke(main.app, ["roofline", "-f", "jax", *small, "--out", str(out)])
    assert said.exit_code == 0, said.output
    return pd.read_csv(out / "roofline.csv")


@pytest.mark.full
def test_one_command_measures_both_forms(measured):
    assert list(measured["form"]) == ["pool", "pairs"]
    assert list(measured["threads"]) == [1, 1]
    assert (measured["calls"] >= 3).all()


def test_a_step_takes_longer_than_its_floor(measured):
    assert (measured["gap"] > 1).all()
    assert (measured["rate"] < measured["floor_rate"]).all()
    assert all(math.isfinite(v) and v > 0 for v in measured["measured_ms"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-f", "numpy"], "allowed are jax, torch"),
        (["--threads", "0"], "both must be above 0"),
        (["-d", "nowhere", "-f", "jax"], "nowhere"),
    ],
)
def test_mistakes_are_one_line(arguments, said):
    result = CliRunner().invoke(main.app, ["roofline", *arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
