"""The compiled steps as functions of JAX arrays on a CPU."""

import jax
from jax import Array

from hardball.native import xla


def pool(
    table: Array,
    anchors: Array,
    positives: Array,
    ids: Array,
    weights: Array,
    indptr: Array,
    indices: Array,
    powers: Array,
    settings: Array,
    codes: Array,
) -> tuple[Array, Array]:
    """One step against a pool of nodes: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.pool`: ids are int32, the rest of the table's dtype.
    """
    given = (table, anchors, positives, ids, weights, indptr, indices, powers, settings, codes)
    return _call("pool", *given)


def pairs(
    table: Array,
    anchors: Array,
    positives: Array,
    ids: Array,
    valid: Array,
    indptr: Array,
    indices: Array,
    powers: Array,
    settings: Array,
    codes: Array,
) -> tuple[Array, Array]:
    """One step against each anchor's own negatives: as `pool`, with ids and valid (B, K)."""
    given = (table, anchors, positives, ids, valid, indptr, indices, powers, settings, codes)
    return _call("pairs", *given)


def _call(kernel: str, *given: Array) -> tuple[Array, Array]:
    table = given[0]
    shapes = [jax.ShapeDtypeStruct(shape, table.dtype) for shape in (table.shape, (4,))]
    name = xla.target(kernel, table.dtype.name)
    table, sums = jax.ffi.ffi_call(name, shapes, input_output_aliases={0: 0})(*given)
    return table, sums
