"""A person's own features of nodes: .npy in node order, or a table with a column of ids."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from hardball.core.array_files import BROKEN
from hardball.core.errors import HardballError, brief
from hardball.data.headers import ID
from hardball.hierarchy.dag import Hierarchy


def read(h: Hierarchy, file: str) -> np.ndarray:
    """The numbers in a file, one row a node: (N, F), finite.

    .npy: an array (N, F) in node order. .csv or .parquet: a column of raw ids, called id or node,
    and columns of numbers; rows in any order, ids that are not in the hierarchy are left out.
    Raises HardballError on another kind of file, another shape, the first id that is missing, an id
    given twice, and what is no finite number.
    """
    path = Path(file)
    if not path.is_file():
        raise HardballError(f"features: no file {file}")
    ending = path.suffix.lower()
    if ending == ".npy":
        table = _array(h, path)
    elif ending in (".csv", ".parquet"):
        table = _matched(h, path, _table(path, ending))
    else:
        raise HardballError(f"features: {file}: allowed are .npy, .csv and .parquet")
    wrong = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if wrong.size:
        raise HardballError(
            f"features: {file}: the row of {h.ids[wrong[0]]!r} has a value that is missing or not "
            "finite: give numbers, or zeros for a node without features"
        )
    return table


def _array(h: Hierarchy, path: Path) -> np.ndarray:
    try:
        table = np.load(path, allow_pickle=False)
    except BROKEN as error:
        said = brief(error)
        raise HardballError(f"features: {path} is no array of numbers ({said})") from None
    if table.ndim != 2 or table.shape[0] != h.n_nodes or table.dtype.kind not in "fiub":
        raise HardballError(
            f"features: {path} has shape {table.shape} and type {table.dtype}; {h.name} takes "
            f"numbers of shape ({h.n_nodes}, F), in the order of its nodes"
        )
    return table


def _table(path: Path, ending: str) -> pa.Table:
    try:
        if ending == ".parquet":
            return pq.read_table(path)
        with arrow_csv.open_csv(path) as reader:
            ids = {label: pa.string() for label in reader.schema.names if _is_id(label)}
        return arrow_csv.read_csv(
            path, convert_options=arrow_csv.ConvertOptions(column_types=ids, null_values=[""])
        )
    except (pa.ArrowException, *BROKEN) as error:
        said = brief(error)
        raise HardballError(f"features: {path} is not readable ({said})") from None


def _matched(h: Hierarchy, path: Path, table: pa.Table) -> np.ndarray:
    """The rows of a table in the order of the nodes."""
    labels = [label for label in table.column_names if _is_id(label)]
    if len(labels) != 1:
        raise HardballError(
            f"features: {path} has {len(labels)} columns of ids among "
            f"{', '.join(table.column_names)}: name one of them id"
        )
    ids = table[labels[0]].combine_chunks().cast(pa.string())
    if h.moved:
        known = set(map(str, h.ids))
        texts = ids.to_pylist()
        ids = pa.array([t if t in known else h.moved.get(t, t) for t in texts], pa.string())
    repeated = len(ids) - len(ids.unique())
    if repeated:
        raise HardballError(f"features: {path} repeats {repeated} ids: list every id once")
    found = pc.index_in(h.id_column.cast(pa.string()), value_set=ids)
    if found.null_count:
        missing = h.ids[pc.index(found.is_null(), True).as_py()]
        raise HardballError(
            f"features: {path} lacks {found.null_count} ids of {h.name}, first {missing!r}: "
            "give every node a row, zeros where there is nothing to say"
        )
    numbers = table.drop_columns(labels).take(found)
    for field in numbers.schema:
        if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)):
            raise HardballError(
                f"features: {path}: column {field.name!r} is of type {field.type}: allowed are "
                "numbers beside one column of ids"
            )
    if not numbers.num_columns:
        raise HardballError(f"features: {path} has ids and nothing else: add columns of numbers")
    columns = [column.cast(pa.float64()).to_numpy() for column in numbers.columns]
    return np.stack(columns, axis=1)


def _is_id(label: str) -> bool:
    return label.lower() in ID
