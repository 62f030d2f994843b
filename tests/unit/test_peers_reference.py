"""The reference code's adapter against a stand-in with its command line and its files.

The stand-in is not the reference code, which is CC BY-NC and not here: it takes the options that
embed.py documents, leaves the checkpoints and prints the lines that embed.py does, and places
node n at (n + 1) / 100 on the first axis.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hardball.hierarchy import closure as closures
from hardball.studies.peers import adapter_reference
from hardball.studies.peers.adapter_reference import Log
from hardball.studies.peers.clock import Clock, Finished
from hardball.studies.peers.task import Data, Task, write

pytest.importorskip("torch", reason="PyTorch is not installed: [peers]")

EMBED = """
import argparse, csv, json, pathlib, shutil, sys, time
import torch

parser = argparse.ArgumentParser()
for name, kind in {"checkpoint": str, "dset": str, "manifold": str, "dim": int, "lr": float,
                   "epochs": int, "batchsize": int, "negs": int, "burnin": int, "ndproc": int,
                   "burnin_multiplier": float, "eval_each": int, "gpu": int,
                   "train_threads": int}.items():
    parser.add_argument("-" + name, type=kind, required=True)
for name in ("sparse", "fresh", "quiet"):
    parser.add_argument("-" + name, action="store_true", required=True)
opt = parser.parse_args()
assert "csv" in opt.dset and opt.manifold == "poincare"
rows = list(csv.DictReader(open(opt.dset)))
objects = list(dict.fromkeys(int(row[key]) for row in rows for key in ("id1", "id2")))
print("json_conf: " + json.dumps(vars(opt)), flush=True)
if opt.lr > 9:
    sys.exit("ValueError: lr")
time.sleep(0.2)
last = None
for epoch in range(opt.epochs):
    time.sleep(0.1)
    table = torch.zeros(len(objects), opt.dim, dtype=torch.float64)
    table[:, 0] = (torch.tensor(objects, dtype=torch.float64) + 1) / 100
    table[:, 1] = 0.001 * epoch
    path = pathlib.Path(f"{opt.checkpoint}.{epoch}")
    torch.save({"conf": vars(opt), "objects": objects, "model": {"lt.weight": table},
                "embeddings": table, "epoch": epoch}, path)
    if last:
        shutil.move(last, opt.checkpoint)
        shutil.copy(opt.checkpoint, opt.checkpoint + ".best")
    last = path
    stats = {"epoch": epoch, "elapsed": 0.1, "loss": 1.5, "mean_rank": 2.5, "map_rank": 0.75}
    print("json_stats: " + json.dumps(stats), flush=True)
"""

DATASET = '''
import numpy as np
import torch

class BatchedDataset:
    """The same negatives at the same place of every epoch."""

    def __init__(self, idx, objects, weights, nnegs, batch_size, num_workers, burnin, dampening):
        self.idx, self.n, self.k, self.size = idx, len(objects), nnegs, batch_size

    def __iter__(self):
        for first in range(0, len(self.idx), self.size):
            batch = self.idx[first : first + self.size]
            drawn = np.random.default_rng(first).integers(self.n, size=(len(batch), self.k))
            yield torch.as_tensor(np.concatenate([batch, drawn], axis=1)), torch.zeros(len(batch))
'''


@pytest.fixture
def checkout(tmp_path):
    root = tmp_path / "stand-in"
    (root / "hype").mkdir(parents=True)
    (root / "embed.py").write_text(EMBED)
    (root / "hype" / "__init__.py").write_text("")
    (root / "hype" / "graph_dataset.py").write_text(DATASET)
    return root


@pytest.fixture
def data(tree):
    relations = closures.closure(tree)
    return Data(closures.pairs(relations)[::-1].copy(), relations.indptr, relations.indices)


def task_of(checkout: Path, **changes) -> Task:
    settings = {"dim": 2, "negatives": 3, "batch_size": 4, "lr": 0.3, "seconds": 1.0}
    where = {"checkout": str(checkout), "interpreter": sys.executable}
    return Task(system="reference", dataset="tree", **{**settings, **where, **changes})


def test_checkpoints_become_snapshots_in_level_order(checkout, data, tmp_path):
    task = task_of(checkout, threads=2)
    folder = tmp_path / "run"
    write(folder, task, data)
    clock, found = Clock(folder, task.seconds), {}
    began = time.perf_counter()
    with pytest.raises(Finished):
        adapter_reference.train(task, data, clock, found)
    # Busy machines have taken 31 s, most of it to start processes; one that hangs never ends.
    assert time.perf_counter() - began < 120
    # The clock begins with the first epoch, not with the process: 0.1 s an epoch, whole epochs.
    assert 0.5 < clock.seconds <= 1.2
    last = np.load(folder / clock.snapshots[-1].file)["points"]
    assert last[:, 0] == pytest.approx((np.arange(9) + 1) / 100)
    epoch = round(last[0, 1] / 0.001)
    # Two processes go through all 16 pairs in each epoch; each pair is scored 1 + 3 times.
    assert clock.pairs == (epoch + 1) * 16 * 2
    assert clock.scorings == clock.pairs * 4
    seconds = [snapshot.seconds for snapshot in clock.snapshots]
    assert seconds == sorted(seconds)
    assert len(seconds) >= 3
    assert found["printed"]["mean_rank"] == 2.5
    assert found["printed"]["map_rank"] == 0.75
    assert found["peak_memory_mb"] > 10
    # 4 batches of 4 x 3 draws of 9 nodes, the same in all of 3 epochs.
    assert found["coverage"] == pytest.approx((1 - (8 / 9) ** 12) / (1 - (8 / 9) ** 36), abs=0.2)


def test_its_end_before_the_time_is_a_failure_that_says_why(checkout, data, tmp_path):
    clock, found = Clock(tmp_path, 60.0), {}
    adapter_reference.train(task_of(checkout, lr=10.0, seconds=60.0), data, clock, found)
    assert found["failed"].startswith("embed.py ended by itself, 1: ")
    assert "ValueError: lr" in found["failed"]
    assert not clock.snapshots


def test_training_begins_before_the_first_checkpoint_by_the_epochs_until_then():
    log = Log()
    log.read('json_conf: {"lr": 0.3}', 10.0)
    assert log.begun({}) == 10
    log.read('json_stats: {"epoch": 0, "elapsed": 1.5, "loss": 2.0, }', 13.0)
    log.read('json_stats: {"epoch": 1, "elapsed": 1.25, "mean_rank": 4.0, "map_rank": 0.5}', 15.0)
    # Epochs 0 and 1 took 2.75 s, and the checkpoint after them was there at 14.
    assert log.begun({1: 14.0}) == 14.0 - 2.75
    assert log.begun({3: 14.0}) == 10  # nothing is known of epoch 2


def test_evaluations_come_about_twice_a_second(tmp_path):
    task = task_of(tmp_path, negatives=9, batch_size=10)
    given = adapter_reference.command(task, tmp_path / "closure.csv", tmp_path / "model", 6540)
    # 6,540 x 10 scorings an epoch at 0.9 million a second: 6.9 epochs in half a second.
    assert given[given.index("-eval_each") + 1] == "7"
    assert given[given.index("-negs") + 1] == "9"


def test_the_checkpoint_that_may_be_half_written_is_left_out():
    appeared = {epoch: 100.0 + epoch for epoch in range(1, 31)}
    chosen = adapter_reference._thinned(appeared, 100.0, 20.0)
    assert chosen[0] == (1, 101.0)
    assert chosen[-1] == (29, 129.0)
    assert (20, 120.0) in chosen
