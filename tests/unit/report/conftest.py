"""A made-up suite: two data sets, both frameworks, known differences between its methods."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

MAP = {"uniform": 0.80, "siblings": 0.70, "cousins": 0.75, "pool": 0.95}
DATASETS = ("wordnet_mammals", "ncbi_primates")
RING = "(relative_to=anchor,replace=True)"


def made_up_runs(seeds: int = 5, *, diverged: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row a run. PyTorch's figures are JAX's plus 1e-6; `diverged` names run_ids."""
    rng = np.random.default_rng(7)
    records = []
    for dataset in DATASETS:
        for sampler, level in MAP.items():
            for seed in range(seeds):
                noise = float(rng.normal(scale=0.01))
                for framework, shift in (("jax", 0.0), ("torch", 1e-6)):
                    records.append(
                        _record(dataset, sampler, framework, seed, level + noise + shift)
                    )
    runs = pd.DataFrame(records)
    lost = runs["run_id"].isin(diverged)
    runs.loc[lost, "status"] = "diverged"
    runs.loc[lost, ["mean_rank", "map", "depth_spearman"]] = np.nan
    return runs


def _record(dataset: str, sampler: str, framework: str, seed: int, score: float) -> dict:
    config = f"{dataset}-{sampler}"
    return {
        "run_id": f"{config}-{framework}-s{seed}",
        "config_id": config,
        "suite": "made_up",
        "factor": "base;sampler" if sampler == "uniform" else "sampler",
        "label": f"base;{sampler}" if sampler == "uniform" else sampler,
        "dataset": dataset,
        "task": "reconstruction",
        "framework": framework,
        "seed": seed,
        "manifold": "tangent(c=1.0)",
        "dim": 5,
        "sampler": sampler + (RING if sampler in ("siblings", "cousins") else ""),
        "negatives": 512 if sampler == "pool" else 50,
        "loss": "infonce(temperature=1.0)",
        "regularizers": "",
        "optimizer": "adam(b1=0.9,b2=0.99,eps=1e-08)",
        "lr": 0.4,
        "epochs": 40,
        "dtype": "float32",
        "status": "ok",
        "mean_rank": 1 + 10 * (1 - score),
        "map": score,
        "depth_spearman": score - 0.2,
        "scorings": 6540 * 40 * (513 if sampler == "pool" else 51),
        "train_seconds": 2.0 if framework == "jax" else 4.0,
    }


@pytest.fixture
def make_runs() -> Callable[..., pd.DataFrame]:
    return made_up_runs


@pytest.fixture
def runs() -> pd.DataFrame:
    return made_up_runs()


@pytest.fixture
def floors() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"dataset": d, "task": "reconstruction", "floor": f, "mean_rank": r, "map": m}
            for d in DATASETS
            for f, r, m in (("popularity", 22.5, 0.62), ("tree_distance", 2.0, 0.9))
        ]
    )


@pytest.fixture
def published() -> pd.DataFrame:
    source = "Nickel & Kiela 2017, Table 1"
    rows = [
        (source, "wordnet_mammals", "reconstruction", "poincare", 5, "mean_rank", 1.26),
        (source, "wordnet_mammals", "reconstruction", "poincare", 5, "map", 0.927),
        (source, "wordnet_mammals", "reconstruction", "poincare", 100, "map", 0.99),
        (source, "wordnet_nouns", "reconstruction", "poincare", 5, "map", 0.823),
    ]
    keys = ["source", "dataset", "task", "manifold", "dim", "metric", "value"]
    return pd.DataFrame(rows, columns=keys)


@pytest.fixture
def work(tmp_path: Path, runs: pd.DataFrame) -> Path:
    """A suite's results folder as the workflow leaves it."""
    folder = tmp_path / "made_up"
    folder.mkdir()
    runs.to_csv(folder / "runs.csv", index=False)
    return folder
