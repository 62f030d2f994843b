"""The compiled kernels as functions of JAX arrays on a CPU."""

import jax
import jax.numpy as jnp
from jax import Array

from hardball.arrays.on_jax.membership import Known
from hardball.methods.samplers.choice import Rule
from hardball.training.native import xla
from hardball.training.native.settings import RULES


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
    kernel: str,
    precision: str,
) -> tuple[Array, Array]:
    """One step: the table (N, W), changed in place, and four sums (4,).

    The arguments are those of `native.step.train`: ids are int32, the rest of the table's dtype;
    kernel and precision: see `native.settings.step_kernel` and `precision`.
    """
    given = (table, anchors, positives, shared, shared_weight, own, own_weight)
    told = (indptr, indices, powers, settings, codes)
    shapes = [jax.ShapeDtypeStruct(shape, table.dtype) for shape in (table.shape, (4,))]
    call = jax.ffi.ffi_call(xla.target(kernel, precision), shapes, input_output_aliases={0: 0})
    table, sums = call(*given, *told)
    return table, sums


def choose(
    table: Array,
    powers: Array,
    settings: Array,
    codes: Array,
    precision: str,
    rule: Rule,
    anchors: Array,
    positives: Array,
    candidates: Array,
    usable: Array,
    words: Array,
    known: Known | None,
    near: dict[str, Array] | None,
) -> tuple[Array, Array]:
    """What a rule chooses of candidates (B, C) or (1, C): ids (B, K), valid (B, K).

    table to precision: those of `train`, with codes up to the steps taken before. See
    `native.choice.choose`.
    """
    none = jnp.zeros(1, jnp.int32)
    positives_of = (known.indptr, known.indices) if known else (none, none)
    ranges = (near["indptr"], near["start"], near["stop"]) if near else (none, none, none)
    asked = jnp.array(
        [RULES[rule.choose], rule.top, known is not None, near is not None], jnp.int32
    )
    heat = jnp.array([rule.temperature], table.dtype)
    given = (table, anchors, positives, candidates, usable.astype(jnp.uint8), words)
    told = (powers, settings, jnp.concatenate([codes, asked]), heat)
    kinds = (jnp.int32, jnp.uint8)
    shapes = [jax.ShapeDtypeStruct((len(anchors), rule.negatives), kind) for kind in kinds]
    call = jax.ffi.ffi_call(xla.target("choose", precision), shapes)
    ids, fine = call(*given, *positives_of, *ranges, *told)
    return ids, fine > 0
