"""Vectors of LANES numbers for compiled code: loops of numba over few columns stay scalar.

`load` reads LANES numbers of a flat array from a place on, `store` writes them; `fma(a, b, c)` is
a b + c, `total` the sum of the lanes in pairs. Vectors add, subtract and multiply.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 4


class Vector(types.Type):
    """LANES numbers of one type."""

    def __init__(self, number: Any) -> None:
        self.number = number
        super().__init__(name=f"Vector({number})")


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        number = manager.lookup(kind.number).get_value_type()
        super().__init__(manager, kind, ir.VectorType(number, LANES))


def _inline(function: Callable[..., Any]) -> Any:
    """`numba.extending.intrinsic`: the function gives a signature, and what builds the code."""
    return intrinsic(function)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    number = context.get_value_type(kind.dtype)
    return builder.bitcast(builder.gep(data, [place]), ir.VectorType(number, LANES).as_pointer())


@_inline
def load(typing_context: Any, array: Any, place: Any) -> Any:
    """array[place : place + LANES] of a flat array; place uint64."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        at = _pointer(context, builder, signature.args[0], *given)
        read = builder.load(at)
        read.align = array.dtype.bitwidth // 8
        return read

    return Vector(array.dtype)(array, place), build


@_inline
def store(typing_context: Any, array: Any, place: Any, vector: Any) -> Any:
    """Write a vector of the array's own type to array[place : place + LANES]."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        at = _pointer(context, builder, signature.args[0], *given[:2])
        builder.store(given[2], at).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, place, vector), build


@_inline
def splat(typing_context: Any, number: Any) -> Any:
    """A vector of one number."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        empty = ir.Constant(context.get_value_type(signature.return_type), ir.Undefined)
        first = builder.insert_element(empty, given[0], ir.IntType(32)(0))
        return builder.shuffle_vector(
            first, empty, ir.VectorType(ir.IntType(32), LANES)([0] * LANES)
        )

    return Vector(number)(number), build


@_inline
def cast(typing_context: Any, vector: Any, like: Any) -> Any:
    """The vector as numbers of the type of the array `like`."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        wanted = context.get_value_type(signature.return_type)
        if like.dtype.bitwidth > vector.number.bitwidth:
            return builder.fpext(given[0], wanted)
        if like.dtype.bitwidth < vector.number.bitwidth:
            return builder.fptrunc(given[0], wanted)
        return given[0]

    return Vector(like.dtype)(vector, like), build


@_inline
def only(typing_context: Any, vector: Any, mask: Any) -> Any:
    """The vector with 0 in the lanes where the vector `mask` has 0, whatever stood there."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        zero = ir.Constant(given[1].type, [0.0] * LANES)
        kept = builder.fcmp_unordered("!=", given[1], zero)
        return builder.select(kept, given[0], ir.Constant(given[0].type, [0.0] * LANES))

    return vector(vector, mask), build


@_inline
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """a b + c of three vectors, rounded once where the processor can."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kind = given[0].type
        name = f"llvm.fmuladd.v{LANES}f{a.number.bitwidth}"
        call = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind] * 3), name
        )
        return builder.call(call, given)

    return a(a, b, c), build


@_inline
def total(typing_context: Any, vector: Any) -> Any:
    """The sum of the lanes, in pairs: (0 + 2) + (1 + 3)."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        lanes = [builder.extract_element(given[0], ir.IntType(32)(k)) for k in range(LANES)]
        even, odd = builder.fadd(lanes[0], lanes[2]), builder.fadd(lanes[1], lanes[3])
        return builder.fadd(even, odd)

    return vector.number(vector), build


@_inline
def like(typing_context: Any, number: Any, value: Any) -> Any:
    """A float64 as a number of the type of `number`, so that a constant widens nothing."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.cast(builder, given[1], types.float64, number)

    return number(number, types.float64), build


@_inline
def as_real(typing_context: Any, bits: Any) -> Any:
    """The float32 of 32 bits, an int32."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], ir.FloatType())

    return types.float32(types.int32), build


@_inline
def as_bits(typing_context: Any, number: Any) -> Any:
    """The 32 bits of a float32, as an int32."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.bitcast(given[0], ir.IntType(32))

    return types.int32(types.float32), build


@_inline
def prefetch(typing_context: Any, array: Any, place: Any) -> Any:
    """Ask for the cache line of array[place], which need not exist."""

    def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        at = builder.bitcast(builder.gep(data, [given[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(ask, [at, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, place), build


def _operator(name: str, does: Any) -> None:
    @_inline
    def work(typing_context: Any, a: Any, b: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            return getattr(builder, name)(*given)

        return a(a, b), build

    @overload(does)
    def choose(a, b):
        if isinstance(a, Vector) and a == b:
            return lambda a, b: work(a, b)
        return None


_operator("fadd", operator.add)
_operator("fsub", operator.sub)
_operator("fmul", operator.mul)
