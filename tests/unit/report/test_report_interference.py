"""A loss and a sampler beside each alone: which runs make a square, and the arithmetic by hand."""

import pandas as pd
import pytest

from hardball.report import rows
from hardball.report.tables import interference

HARD = "similarity_hard(ratio=0.5)"
# Precision of seed 0; seed s has s hundredths more, and twice that where both are changed.
LEVELS = {
    ("fermi_dirac(radius=2.0)", "uniform"): 0.2,
    ("fermi_dirac(radius=5.0)", HARD): 0.3,
    ("focal(radius=5.0)", "uniform"): 0.5,
    ("focal(radius=9.0)", HARD): 0.4,
}


def made(levels=LEVELS, factor="interference") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "run_id": f"c{place}-s{seed}", "config_id": f"c{place}", "dataset": "d",
                "task": "link_prediction", "framework": "torch", "seed": seed, "status": "ok",
                "factor": factor, "loss": loss, "sampler": sampler, "lr": 0.1 * (1 + place),
                "global_precision_at_1000": level + seed / 100 * (2 if place == 3 else 1),
            }
            for place, ((loss, sampler), level) in enumerate(levels.items())
            for seed in range(2)
        ]
    )  # fmt: skip


def table(runs):
    return interference.interference_table(runs, rows.metrics_of(runs), "link_prediction")


def test_what_both_give_stands_beside_the_sum_of_each():
    (line,) = table(made()).lines
    told = line.cells
    assert (told["loss"], told["sampler"]) == ("focal", "similarity_hard")
    assert told["reference"] == "fermi_dirac, uniform"
    assert told["metric"] == "global precision@1000"
    assert told["loss_alone"].value == pytest.approx(0.3)
    assert told["sampler_alone"].value == pytest.approx(0.1)
    # .4 - .2 of seed 0 and .42 - .21 of seed 1.
    assert told["both"].value == pytest.approx((0.2 + 0.21) / 2)
    # .2 - (.3 + .1) and .21 - (.3 + .1).
    assert told["interference"].value == pytest.approx((-0.2 - 0.19) / 2)
    assert told["interference"].low == pytest.approx(-0.2)
    assert told["seeds"] == 2


def test_without_its_four_corners_there_is_no_table():
    assert table(made(factor="loss")) is None
    three = {key: level for key, level in LEVELS.items() if key[1] == "uniform" or key[0][0] == "f"}
    del three["focal(radius=5.0)", "uniform"]
    assert table(made(three)) is None
    assert table(made({**LEVELS, ("focal(radius=7.0)", "uniform"): 0.1})) is None
