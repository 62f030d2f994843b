"""What one setting changes: who is compared with whom, and the differences by hand."""

import pandas as pd
import pytest

from hardball.report import rows
from hardball.report.tables import effects, render


def runs_of(*settings: dict, seeds: int = 3) -> pd.DataFrame:
    """One configuration a dict, seed s scoring s hundredths more; `map` is that of seed 0."""
    records = []
    for place, given in enumerate(settings):
        for seed in range(seeds):
            records.append(
                {
                    "run_id": f"c{place}-s{seed}",
                    "config_id": f"c{place}",
                    "dataset": "wordnet_mammals",
                    "task": "reconstruction",
                    "framework": "jax",
                    "seed": seed,
                    "status": "ok",
                    "sampler": "uniform",
                    "loss": "infonce(temperature=1.0)",
                    "lr": 0.4,
                    "epochs": 2,
                    **given,
                    "map": given["map"] + seed / 100,
                }
            )
    return pd.DataFrame(records)


def lines(runs: pd.DataFrame) -> list[dict]:
    table = effects.effects_table(runs, rows.metrics_of(runs), "reconstruction")
    return [line.cells for line in table.lines]


def test_each_value_stands_against_the_usual_one_all_else_the_same():
    margin = {"loss": "margin(margin=0.5)"}
    runs = runs_of(
        {"map": 0.5}, {"map": 0.6, **margin},
        {"map": 0.5, "epochs": 12}, {"map": 0.9, "epochs": 12, **margin}, {"map": 0.7, "lr": 0.1},
    )  # fmt: skip
    # Most have infonce, 2 epochs and lr 0.4.
    found = [(c["setting"], c["value"], c["beside"], c["map"].value) for c in lines(runs)]
    assert found == [
        ("loss", "margin", "", pytest.approx(0.1)),
        ("loss", "margin", "epochs 12", pytest.approx(0.4)),
        ("lr", "0.1", "", pytest.approx(0.2)),
        ("epochs", "12", "", pytest.approx(0.0)),
        ("epochs", "12", "loss margin", pytest.approx(0.3)),
    ]


def test_a_loss_may_come_with_its_own_rate_and_that_is_said():
    focal = {"loss": "focal(gamma=2.0)", "lr": 0.05}
    (found,) = lines(runs_of({"map": 0.5}, {"map": 0.4, **focal}))
    assert (found["setting"], found["beside"]) == ("loss", "lr 0.05 / 0.4")
    assert found["map"].value == pytest.approx(-0.1)


def test_the_same_rate_goes_before_another():
    focal = {"loss": "focal(gamma=2.0)", "lr": 0.05}
    slow = {"map": 0.3, "lr": 0.05}
    found = lines(runs_of({"map": 0.5}, {"map": 0.45}, slow, {"map": 0.4, **focal}))
    (of_loss,) = [c for c in found if c["setting"] == "loss"]
    assert of_loss["beside"] == "lr 0.05"
    assert of_loss["map"].value == pytest.approx(0.1)


def test_two_settings_at_once_say_nothing_of_either():
    runs = runs_of({"map": 0.5}, {"map": 0.9, "loss": "margin(margin=0.5)", "epochs": 12})
    assert effects.effects_table(runs, rows.metrics_of(runs), "reconstruction") is None


def test_differences_are_paired_and_data_sets_stay_apart():
    here = runs_of({"map": 0.5}, {"map": 0.6, "epochs": 12})
    there = runs_of({"map": 0.2}, {"map": 0.1, "epochs": 12}).assign(dataset="ncbi_primates")
    there["config_id"] = there["config_id"] + "-there"
    found = lines(pd.concat([here, there], ignore_index=True))
    # The seeds' own hundredths cancel: an interval of no width.
    assert [render.text(c["map"]) for c in found] == [
        "0.100 [0.100, 0.100]", "-0.100 [-0.100, -0.100]",
    ]  # fmt: skip
    assert [c["seeds"] for c in found] == [3, 3]
