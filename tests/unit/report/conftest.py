"""A made-up suite: two data sets, both frameworks, known differences between its methods."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hardball.core import paths
from hardball.data.points import save_points
from hardball.hierarchy import dag, stored
from hardball.report.site import build

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
    return pd.DataFrame(rows, columns=keys).assign(protocol="all closure pairs")


@pytest.fixture
def work(tmp_path: Path, runs: pd.DataFrame) -> Path:
    """A suite's results folder as the workflow leaves it."""
    folder = tmp_path / "made_up"
    folder.mkdir()
    runs.to_csv(folder / "runs.csv", index=False)
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of one frozen suite; of the data sets only those that are bundled are at hand."""
    out = tmp_path_factory.mktemp("site") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARDBALL_CACHE", str(tmp_path_factory.mktemp("empty")))
        return build.write(out, [paths.results() / "v0.2" / "temporal"]).parent


@pytest.fixture
def toy_suite(tmp_path: Path) -> Path:
    """A suite's folder: runs on a tree of 13 nodes, with the curves and points that they left."""
    parents = {"a": "root", "b": "root", "c": "root", "c0": "c"}
    parents |= {f"a{k}": "a" for k in range(5)} | {f"b{k}": "b" for k in range(3)}
    h = dag.from_edges("toy", list(parents), list(parents.values()), groups=None)
    stored.save(h, tmp_path / "toy")
    folder = tmp_path / "toy_suite"
    (folder / "curves").mkdir(parents=True)
    runs = made_up_runs(2)
    runs = runs[runs["dataset"] == "wordnet_mammals"].assign(dataset=str(tmp_path / "toy"))
    runs.to_csv(folder / "runs.csv", index=False)
    rng = np.random.default_rng(6)
    for run in runs["run_id"]:
        points = rng.normal(size=(h.n_nodes, 5)) * h.depth[:, None]
        save_points(folder / "points" / f"{run}.npz", points, "tangent", 1.0, h.ids)
    epochs = np.arange(1, 6)
    for (config, framework), part in runs.groupby(["config_id", "framework"]):
        curves = [
            pd.DataFrame(
                {
                    "run_id": run,
                    "epoch": epochs,
                    "seconds": epochs * 0.1,
                    "loss": 5.0 / epochs,
                    "scorings": epochs * 1000,
                    "masked_share": 0.01,
                }
            )
            for run in part["run_id"]
        ]
        pd.concat(curves).to_parquet(folder / "curves" / f"{config}-{framework}.parquet")
    return folder


@pytest.fixture
def finished(work: Path, runs: pd.DataFrame) -> Path:
    """A suite's folder with a table, two pictures, and the curves and points of one run."""
    for folder in ("tables", "plots", "curves", "points"):
        (work / folder).mkdir()
    (work / "tables" / "parity.md").write_text("table")
    (work / "tables" / "parity.tex").write_text("table")
    for name in ("metrics.png", "training.png"):
        noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
        Image.fromarray(noise).save(work / "plots" / name)
    run = runs.iloc[0]
    (work / "curves" / f"{run['config_id']}-{run['framework']}.parquet").write_bytes(b"curve")
    (work / "points" / f"{run['run_id']}.npz").write_bytes(b"array")
    (work / "points" / "of-no-row.npz").write_bytes(b"array")
    return work


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose README links one picture of the suite; returns its results folder."""
    monkeypatch.setenv("HARDBALL_ARCHIVES", str(tmp_path / "archives"))
    root = tmp_path / "checkout"
    (root / "results").mkdir(parents=True)
    link = "results/v0.1/made_up/plots/training.png"
    (root / "README.md").write_text(f"![curves]({link})\n", encoding="utf-8")
    return root / "results"
