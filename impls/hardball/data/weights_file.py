"""A person's own matrix of weights: a table of node, negative and weight, by id."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from hardball.core.errors import HardballError
from hardball.hierarchy.dag import Hierarchy

NODE, NEGATIVE, WEIGHT = "node", "negative", "weight"


def read(h: Hierarchy, file: str) -> np.ndarray:
    """How much each node weighs as a negative of each: float64 (N, N), 0 where it is not listed.

    .csv or .parquet with the columns node, negative and weight, the first two ids of the hierarchy.
    Weights of a pair that is listed twice add up. Raises HardballError on another kind of file,
    columns that are missing, an id that the hierarchy lacks, a node listed as its own negative, and
    a weight that is negative or no finite number.
    """
    table = _table(Path(file))
    rows = [_rows(h, file, table[column]) for column in (NODE, NEGATIVE)]
    weight = pd.to_numeric(table[WEIGHT], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if wrong.size:
        raise HardballError(
            f"weights: {file}, row {wrong[0] + 1}: weight {table[WEIGHT].iloc[wrong[0]]!r}; "
            "allowed are finite numbers from 0"
        )
    own = np.flatnonzero(rows[0] == rows[1])
    if own.size:
        raise HardballError(
            f"weights: {file}, row {own[0] + 1}: {table[NODE].iloc[own[0]]!r} is its own negative"
        )
    out = np.zeros((h.n_nodes, h.n_nodes))
    np.add.at(out, tuple(rows), weight)
    return out


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise HardballError(f"weights: no file {path}")
    if path.suffix not in (".csv", ".parquet"):
        raise HardballError(f"weights: {path}: allowed are .csv and .parquet")
    try:
        ids = {NODE: str, NEGATIVE: str}
        table = pd.read_csv(path, dtype=ids) if path.suffix == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise HardballError(f"weights: {path} is not readable ({error})") from None
    lacking = [name for name in (NODE, NEGATIVE, WEIGHT) if name not in table.columns]
    if lacking:
        raise HardballError(
            f"weights: {path} has the columns {', '.join(map(str, table.columns))} and lacks "
            f"{', '.join(lacking)}"
        )
    return table


def _rows(h: Hierarchy, file: str, column: pd.Series) -> np.ndarray:
    """The node of each id."""
    known = pd.Index(h.id_column.cast(pa.string()).to_pandas())
    found = known.get_indexer(pd.Index(column.astype(str)))
    missing = np.flatnonzero(found < 0)
    if missing.size:
        wrong = column.iloc[missing[0]]
        raise HardballError(
            f"weights: {file}, row {missing[0] + 1}: {h.name} has no node {wrong!r}"
        )
    return found
