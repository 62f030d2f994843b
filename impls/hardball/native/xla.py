"""Compiled kernels as custom calls of XLA on a CPU, through its C interface for foreign functions.

XLA hands a call over as one struct, whose fields are read by their place: a word is 8 bytes. The
interface is stable and says its version; the source is xla/ffi/api/c_api.h, which JAX ships.
"""

import ctypes
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from hardball.native import step
from hardball.native.compiled import callback, compiled

# XLA_FFI_CallFrame, then XLA_FFI_Args and XLA_FFI_Rets inside it, XLA_FFI_Buffer,
# XLA_FFI_Metadata_Extension, XLA_FFI_Metadata, XLA_FFI_Api: places in words.
_FRAME, _EXTENSION, _API, _STAGE, _ARGS, _RETS = 15, 1, 2, 4, 9, 14
_BUFFER, _DATA, _SHAPE = 6, 3, 5
_METADATA_KIND, _METADATA, _METADATA_VERSION, _API_VERSION = 1, 3, 3, 4
_EXECUTE = 3


@intrinsic
def _pointer(typing_context: Any, address: Any) -> Any:
    def cast(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.intp), cast


@compiled()
def _words(address, count):
    return carray(_pointer(address), (count,), np.int64)  # type: ignore[call-arg]


@compiled()
def _asked_for_version(frame):
    """Whether the call asks for the version of the interface only, which it then gets."""
    if frame[_EXTENSION] == 0:
        return False
    extension = _words(frame[_EXTENSION], 4)
    if np.int32(extension[1]) != _METADATA_KIND:
        return False
    _words(extension[_METADATA], 4)[_METADATA_VERSION] = _words(frame[_API], 5)[_API_VERSION]
    return True


@compiled()
def _shape(buffers, place, axis):
    return _words(_words(_words(buffers, place + 1)[place], _BUFFER)[_SHAPE], axis + 1)[axis]


@compiled()
def _data(buffers, place):
    return _pointer(_words(_words(buffers, place + 1)[place], _BUFFER)[_DATA])  # type: ignore[call-arg]


@compiled()
def _called(frame):
    """Whether the call is one to work on, not a question about the interface."""
    return not _asked_for_version(frame) and np.int32(frame[_STAGE]) == _EXECUTE


@compiled()
def _told(given, like):
    """indptr, indices, powers, settings, codes of a call, floats in the dtype of `like`."""
    return (
        carray(_data(given, 5), (_shape(given, 5, 0),), np.int32),
        carray(_data(given, 6), (_shape(given, 6, 0),), np.int32),
        carray(_data(given, 7), (3, _shape(given, 7, 1)), like.dtype),
        carray(_data(given, 8), (6,), like.dtype),
        carray(_data(given, 9), (3,), np.int32),
    )


@compiled()
def _batch(given, out, like):
    """Table, anchors and positives of a call: the table given is the one returned."""
    size = _shape(given, 1, 0)
    return (
        carray(_data(out, 0), (_shape(given, 0, 0), _shape(given, 0, 1)), like.dtype),
        carray(_data(given, 1), (size,), np.int32),
        carray(_data(given, 2), (size,), np.int32),
    )


@compiled()
def _pool(address, like):
    frame = _words(address, _FRAME)
    if _called(frame):
        given, out = frame[_ARGS], frame[_RETS]
        drawn = (_shape(given, 3, 0),)
        step.pool(  # type: ignore[call-arg]
            *_batch(given, out, like),
            carray(_data(given, 3), drawn, np.int32),
            carray(_data(given, 4), drawn, like.dtype),
            *_told(given, like),
            carray(_data(out, 1), (4,), like.dtype),
        )
    return 0


@compiled()
def _pairs(address, like):
    frame = _words(address, _FRAME)
    if _called(frame):
        given, out = frame[_ARGS], frame[_RETS]
        drawn = (_shape(given, 3, 0), _shape(given, 3, 1))
        step.pairs(  # type: ignore[call-arg]
            *_batch(given, out, like),
            carray(_data(given, 3), drawn, np.int32),
            carray(_data(given, 4), drawn, like.dtype),
            *_told(given, like),
            carray(_data(out, 1), (4,), like.dtype),
        )
    return 0


def _pool_float32(address):
    return _pool(address, np.empty(0, np.float32))


def _pool_float64(address):
    return _pool(address, np.empty(0, np.float64))


def _pairs_float32(address):
    return _pairs(address, np.empty(0, np.float32))


def _pairs_float64(address):
    return _pairs(address, np.empty(0, np.float64))


# One function each, since a compiled closure would not be found in the cache again.
_CALLS = {
    ("pool", "float32"): _pool_float32,
    ("pool", "float64"): _pool_float64,
    ("pairs", "float32"): _pairs_float32,
    ("pairs", "float64"): _pairs_float64,
}
_HANDLERS: dict[str, Any] = {}


def target(kernel: str, dtype: str) -> str:
    """Name of the custom call of step `kernel`, "pool" or "pairs", registered at first use."""
    import jax

    name = f"hardball_{kernel}_{dtype}"
    if name not in _HANDLERS:
        handler = callback(_CALLS[kernel, dtype])
        jax.ffi.register_ffi_target(
            name, jax.ffi.pycapsule(ctypes.c_void_p(handler.address)), platform="cpu"
        )
        _HANDLERS[name] = handler
    return name
