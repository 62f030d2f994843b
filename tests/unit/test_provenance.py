"""What a row says of the machine it comes from."""

from types import SimpleNamespace

import pytest

from hardball.core.provenance import accelerator_name
from hardball.report import freeze, rows
from hardball.runs.row import Row
from hardball.runs.spec import RunSpec
from hardball.training.train import train


@pytest.fixture(scope="module")
def row(random_dag):
    settings = {"dim": 2, "batch_size": 8, "negatives": 4, "epochs": 1}
    spec = RunSpec(dataset="dag", framework="torch", seed=1, **settings)
    return train(spec, hierarchy=random_dag(20, 2), progress=False).row


def test_a_run_on_a_cpu_names_the_processor_and_no_accelerator(row):
    assert row.outcome.cpu
    assert row.outcome.accelerator == ""


def test_rows_older_than_the_column_name_none(row):
    old = row.to_flat()
    del old["accelerator"]
    assert Row.from_flat(old) == row
    text = row.to_json().replace('"accelerator": "", ', "")
    assert "accelerator" not in text
    assert Row.from_json(text) == row


@pytest.mark.parametrize(("platform", "named"), [("gpu", "NVIDIA H200"), ("cpu", "")])
def test_jax_names_its_device(platform, named):
    device = SimpleNamespace(platform=platform, device_kind="NVIDIA H200")
    assert accelerator_name("jax", device) == named


def test_torch_names_its_device(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card of {device}")
    assert accelerator_name("torch", torch.device("cuda")) == "card of cuda"
    assert accelerator_name("torch", torch.device("cpu")) == ""


def test_it_is_read_back_and_kept_with_frozen_results(tmp_path, row):
    import pandas as pd

    path = tmp_path / "runs.csv"
    with_gpu = row.to_flat() | {"run_id": "other", "accelerator": "a card"}
    pd.DataFrame([row.to_flat(), with_gpu]).to_csv(path, index=False)
    runs = rows.read_runs(path)
    assert list(runs["accelerator"]) == ["", "a card"]
    assert freeze.environment(runs)["rows_say"]["accelerator"] == ["a card"]
