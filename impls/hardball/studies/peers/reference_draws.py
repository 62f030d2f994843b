"""Three epochs of the reference code's negatives, run by its own interpreter inside its checkout.

python reference_draws.py TASK_FOLDER NEGATIVES BATCH_SIZE reads data.npz, leaves draws.npy
(E, S, B, K), whole batches only. It imports nothing of this project, whose interpreter may be
another one.
"""

import os
import sys
from pathlib import Path

import numpy as np

EPOCHS = 3
DAMPENING = 0.75


def main(folder: Path, negatives: int, batch_size: int) -> None:
    """Writes what BatchedDataset gives for the folder's pairs, with one loading thread."""
    sys.path.insert(0, os.getcwd())
    from hype.graph_dataset import BatchedDataset

    with np.load(folder / "data.npz", allow_pickle=False) as file:
        pairs, nodes = file["pairs"].astype("int"), len(file["indptr"]) - 1
    settings = (negatives, batch_size, 1, False, DAMPENING)
    data = BatchedDataset(pairs, list(range(nodes)), np.ones(len(pairs)), *settings)
    epochs = []
    for _ in range(EPOCHS):
        batches = [np.array(batch)[:, 2:] for batch, _ in data]
        epochs.append(np.stack([batch for batch in batches if len(batch) == batch_size]))
    np.save(folder / "draws.npy", np.stack(epochs))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
