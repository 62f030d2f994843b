"""Raw ids, names and groups as Arrow columns: checked, numbered, put in order."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardball.core.errors import HardballError
from hardball.hierarchy.graph import Int32

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_null)


def _arrow(values: Any) -> pa.Array:
    given = pa.array(values, from_pandas=True)
    if isinstance(given, pa.ChunkedArray):
        given = given.combine_chunks()
    return given.dictionary_decode() if pa.types.is_dictionary(given.type) else given


def column(values: Any, what: str) -> pa.Array:
    """Raw ids as an int64 or string Arrow array without missing ones."""
    try:
        given = _arrow(values)
        kind = given.type
        if pa.types.is_integer(kind) and given.null_count == 0:
            return given.cast(pa.int64())
        if not any(is_kind(kind) for is_kind in _TEXTS):
            raise HardballError(f"{what} are of type {kind}: allowed are strings or integers")
        texts = given.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise HardballError(f"{what}: {error}: allowed are strings or integers") from error
    missing = pc.fill_null(pc.equal(pc.binary_length(texts), 0), True)
    if pc.any(missing).as_py():
        row = pc.index(missing, True).as_py()
        raise HardballError(f"{what}: entry {row + 1} is empty: give every node an id")
    return texts


def codes_of(
    name: str, listed: pa.Array | None, children: pa.Array, parents: pa.Array
) -> tuple[pa.Array, Int32, Int32]:
    """Distinct raw ids in order of appearance, and both columns as positions among them."""
    given = [children, parents] if listed is None else [listed, children, parents]
    # An empty column is text by default and must not turn integer ids into strings.
    kinds = {ids.type for ids in given if len(ids)}
    kind = kinds.pop() if len(kinds) == 1 else pa.string()
    encoded = pa.concat_arrays([ids.cast(kind) for ids in given]).dictionary_encode()
    unique, codes = encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False)
    if listed is not None:
        _check_listed(name, unique, codes, len(listed))
    child, parent = np.split(codes[codes.size - 2 * len(children) :], 2)
    return unique, child, parent


def _check_listed(name: str, unique: pa.Array, codes: Int32, n: int) -> None:
    """`nodes` lists every id, once."""
    repeated = np.flatnonzero(codes[:n] != np.arange(n))
    if repeated.size:
        value = unique[codes[repeated[0]]].as_py()
        raise HardballError(f"{name}: nodes lists {value!r} twice: list every id once")
    if len(unique) > n:
        raise HardballError(
            f"{name}: unknown id {unique[n].as_py()!r} in an edge: add it to nodes or mend the edge"
        )


def attribute(
    name: str, what: str, values: Any, unique: pa.Array, listed: pa.Array | None
) -> pa.Array:
    """Texts of all nodes in the order of `unique`, null where there is none."""
    if not isinstance(values, Mapping):
        if listed is None or len(values) != len(listed):
            count = "no nodes" if listed is None else f"{len(listed)} nodes"
            raise HardballError(
                f"{name}: {len(values)} {what} beside {count}: give one for each, or a mapping"
            )
        return _text(values)
    keys = column(list(values), what)
    if keys.type != unique.type:
        keys, unique = keys.cast(pa.string()), unique.cast(pa.string())
    found = pc.index_in(keys, value_set=unique)
    if found.null_count:
        value = keys[pc.index(found.is_null(), True).as_py()].as_py()
        raise HardballError(f"{name}: unknown id {value!r} in {what}: use ids of the hierarchy")
    position = np.full(len(unique), -1)
    position[found.to_numpy(zero_copy_only=False)] = np.arange(len(keys))
    return _text(list(values.values())).take(pa.array(position, mask=position < 0))


def _text(values: Any) -> pa.Array:
    """Strings; an empty one counts as missing."""
    texts = _arrow(values).cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def grouped(
    name: str,
    groups: Mapping[str, Any],
    unique: pa.Array,
    listed: pa.Array | None,
    by_level: Int32,
) -> tuple[dict[str, Int32], dict[str, list[str]]]:
    """Codes in level order and sorted label names of every group."""
    codes: dict[str, Int32] = {}
    labels: dict[str, list[str]] = {}
    for label, values in groups.items():
        texts = attribute(name, f"groups {label}", values, unique, listed).dictionary_encode()
        present = texts.dictionary.to_numpy(zero_copy_only=False).astype(object)
        ordered = np.argsort(present, kind="stable")
        rank = np.full(len(present) + 1, -1, np.int32)
        rank[ordered] = np.arange(len(present))
        raw = pc.fill_null(texts.indices, len(present)).to_numpy(zero_copy_only=False)
        codes[label] = rank[raw][by_level]
        labels[label] = present[ordered].tolist()
    return codes, labels


def characters(texts: pa.Array) -> bytes:
    """The characters of a string column, one after the other."""
    joined = pa.concat_arrays([texts.cast(pa.large_string())])
    offsets = np.frombuffer(joined.buffers()[1], np.int64)[joined.offset :]
    start, end = offsets[0], offsets[len(joined)]
    return bytes(memoryview(joined.buffers()[2] or b"")[start:end])
