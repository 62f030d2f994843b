"""The compiled step as a function of JAX arrays on a CPU."""

import jax
from jax import Array

from hardball.native import xla


def train(
    table: Array,
    anchors: Array,
    positives: Array,
    shared: Array,
    shared_weight: Array,
    own: Array,
    own_weight: Array,
    indptr: Array,
    indices: Array,
    powers: Array,
    settings: Array,
    codes: Array,
) -> tuple[Array, Array]:
    """One step: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.train`: ids are int32, the rest of the table's dtype.
    """
    given = (table, anchors, positives, shared, shared_weight, own, own_weight)
    told = (indptr, indices, powers, settings, codes)
    shapes = [jax.ShapeDtypeStruct(shape, table.dtype) for shape in (table.shape, (4,))]
    call = jax.ffi.ffi_call(xla.target(table.dtype.name), shapes, input_output_aliases={0: 0})
    table, sums = call(*given, *told)
    return table, sums
