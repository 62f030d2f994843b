"""What drawing costs: the figures by hand, and one measurement from end to end."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli import main
from hardball.core import processes
from hardball.hierarchy.closure import closure
from hardball.studies.draws.measure import Built, Drawn, index_of, seconds_each
from hardball.studies.draws.table import table_of


def test_rounds_take_turns_and_the_first_of_each_does_not_count():
    seen: list[str] = []

    def call(name):
        def made() -> None:
            seen.append(name)
            if seen.count(name) <= 2:
                sum(range(2_000_000))

        return made

    one, other = seconds_each([[call("a"), call("a")], [call("b")]], 0.0)
    assert seen == ["a", "a", "b"] * 4
    # The first calls take tens of milliseconds, the others next to nothing.
    assert one < 0.01
    assert other < 0.01


TOUCHES = """
import numpy as np
from hardball.studies.draws.measure import extra_memory

def touched(megabytes):
    # Ones are written, so that each page is there.
    return int(np.ones(megabytes * 2**20, np.uint8)[-1])

touched(256)
print(*extra_memory(lambda: touched(64)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets the peak back")
def test_memory_that_a_call_gave_back_is_seen_and_that_of_earlier_calls_is_not():
    # As samplers are measured: in a process of its own, whose freed memory goes back.
    said = subprocess.run(
        [sys.executable, "-c", TOUCHES],
        env={**os.environ, **processes.GIVEN_BACK},
        capture_output=True,
        text=True,
        check=True,
    )
    given, extra = (int(number) for number in said.stdout.split())
    assert given == 1
    assert 60 * 2**20 < extra < 100 * 2**20


def test_figures_of_a_line():
    # A batch of 2 ms in a step of 40 ms is 5 %; 3 of 4 million draws a second are 0.75.
    built = Built(nodes=10, seconds=1.5, arrays=8_000_000, extra=2_000_000)
    drawn = Drawn(small=4e6, large=3e6, numpy=4e4, draw_seconds=2e-3, step_seconds=40e-3)
    (line,) = table_of(["siblings"], [built], {"jax": [drawn]}, "here").lines
    assert line.cells["share_percent"] == pytest.approx(5)
    assert line.cells["large_to_small"] == pytest.approx(0.75)
    assert line.cells["to_numpy"] == pytest.approx(100)
    assert (line.cells["arrays_mb"], line.cells["extra_mb"]) == (8.0, 2.0)


def test_arrays_without_positives_are_those_of_a_run(random_dag):
    """Structural samplers do not read the positives, so measuring can do without the closure."""
    from hardball.methods import registry
    from hardball.studies.draws.command import STRUCTURAL

    h = random_dag(60, 3)
    for name in STRUCTURAL:
        params = registry.parameters("sampler", name, {})
        real = registry.builder("sampler", name)(h, closure(h), negatives=5, **params)
        for key, array in index_of(h, name, 5).items():
            np.testing.assert_array_equal(array, real[key])


@pytest.mark.full
def test_one_command_measures_all(tmp_path):
    tiny = ["--small", "wordnet_mammals", "--large", "ncbi_primates", "-d", "wordnet_mammals"]
    few = ["--seconds", "0.05", "--batch", "64", "--negatives", "4", "--sampler", "multi_hop"]
    said = CliRunner().invoke(
        main.app, ["draws", "-f", "torch", *tiny, *few, "--out", str(tmp_path)]
    )
    assert said.exit_code == 0, said.output
    found = pd.read_csv(tmp_path / "draws.csv")
    assert list(found["sampler"]) == ["multi_hop"]
    assert list(found["framework"]) == ["torch"]
    figures = found[["build_seconds", "small_rate", "large_rate", "to_numpy", "share_percent"]]
    assert (figures > 0).all(axis=None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-f", "numpy"], "allowed are jax, torch"),
        (["--seconds", "0"], "both must be above 0"),
        (["--sampler", "matrix"], "allowed are uniform"),
        (["--sampler", "nephews"], "unknown sampler 'nephews'"),
        (["--large", "nowhere"], "nowhere"),
    ],
)
def test_mistakes_are_one_line(arguments, said):
    result = CliRunner().invoke(main.app, ["draws", *arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
