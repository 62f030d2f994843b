"""CSV tables: every digit kept, and text read as the text that was written."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from hardball.core.files import replacing

FLOOR_KEYS = ("dataset", "task", "floor")
"""The text columns of floors.csv, which stand before those of metrics."""

EXTERNAL_KEYS = (
    "dataset", "task", "label", "space", "file", "file_sha256", "data_sha256",
)  # fmt: skip
"""The text columns of external.csv, which stand before those of metrics."""

EXTERNAL_MADE = (
    "framework", "settings", "source", "code_sha256", "train_seconds", "hardball", "git_commit",
    "python", "numpy", "jax", "torch", "platform", "cpu", "started", "author", "licence", "link",
)  # fmt: skip
"""Columns of external.csv on how points were made, and by whom; empty where that is not known."""

EXTERNAL_TEXT = (*EXTERNAL_KEYS, *(name for name in EXTERNAL_MADE if name != "train_seconds"))
"""Those columns of external.csv that hold text."""

_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "None"]


def read_table(path: Path, text: Iterable[str]) -> pd.DataFrame:
    """A CSV table whose columns `text` are strings, "" where a cell is empty.

    A data set called 2024, 1e3, null or NA keeps that name. Every other column is what its values
    are, and NaN where one is missing.
    """
    header = pd.read_csv(path, nrows=0).columns
    texts = set(text) & set(header)
    missing = {column: _MISSING for column in header if column not in texts}
    types = dict.fromkeys(texts, str)
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=missing)


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """A CSV table with all digits."""
    with replacing(path) as aside:
        frame.to_csv(aside, index=False)
