"""Compiled kernels as custom calls of XLA on a CPU, through its C interface for foreign functions.

XLA hands a call over as one struct, whose fields are read by their place: a word is 8 bytes. The
interface is stable and says its version; the source is xla/ffi/api/c_api.h, which JAX ships.
"""

import ctypes
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from hardball.training.native import choice, lean, step
from hardball.training.native.compiled import callback, compiled

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
def _train(address, like, numbers, take):
    frame = _words(address, _FRAME)
    if _called(frame):
        given, out = frame[_ARGS], frame[_RETS]
        batch, shared = (_shape(given, 1, 0),), (_shape(given, 3, 0),)
        own = (_shape(given, 5, 0), _shape(given, 5, 1))
        take(
            # The table given is the one returned.
            carray(_data(out, 0), (_shape(given, 0, 0), _shape(given, 0, 1)), like.dtype),
            carray(_data(given, 1), batch, np.int32),
            carray(_data(given, 2), batch, np.int32),
            carray(_data(given, 3), shared, np.int32),
            carray(_data(given, 4), shared, like.dtype),
            carray(_data(given, 5), own, np.int32),
            carray(_data(given, 6), own, like.dtype),
            carray(_data(given, 7), (_shape(given, 7, 0),), np.int32),
            carray(_data(given, 8), (_shape(given, 8, 0),), np.int32),
            carray(_data(given, 9), (3, _shape(given, 9, 1)), like.dtype),
            carray(_data(given, 10), (_shape(given, 10, 0),), like.dtype),
            carray(_data(given, 11), (5,), np.int32),
            numbers,
            carray(_data(out, 1), (4,), like.dtype),
        )
    return 0


@compiled()
def _choose(address, like, numbers):
    frame = _words(address, _FRAME)
    if _called(frame):
        given, out = frame[_ARGS], frame[_RETS]
        batch, candidates = (_shape(given, 1, 0),), (_shape(given, 3, 0), _shape(given, 3, 1))
        choice.choose(  # type: ignore[call-arg]
            carray(_data(given, 0), (_shape(given, 0, 0), _shape(given, 0, 1)), like.dtype),
            carray(_data(given, 1), batch, np.int32),
            carray(_data(given, 2), batch, np.int32),
            carray(_data(given, 3), candidates, np.int32),
            carray(_data(given, 4), candidates, np.uint8),
            carray(_data(given, 5), (batch[0], _shape(given, 5, 1)), np.uint32),
            carray(_data(given, 6), (_shape(given, 6, 0),), np.int32),
            carray(_data(given, 7), (_shape(given, 7, 0),), np.int32),
            carray(_data(given, 8), (_shape(given, 8, 0),), np.int32),
            carray(_data(given, 9), (_shape(given, 9, 0),), np.int32),
            carray(_data(given, 10), (_shape(given, 10, 0),), np.int32),
            carray(_data(given, 11), (3, _shape(given, 11, 1)), like.dtype),
            carray(_data(given, 12), (_shape(given, 12, 0),), like.dtype),
            carray(_data(given, 13), (9,), np.int32),
            carray(_data(given, 14), (1,), like.dtype),
            numbers,
            carray(_data(out, 0), (batch[0], _shape(out, 0, 1)), np.int32),
            carray(_data(out, 1), (batch[0], _shape(out, 1, 1)), np.uint8),
        )
    return 0


def _train_float32(address):
    return _train(address, np.empty(0, np.float32), np.empty(0, np.float32), step.train)


def _train_float64(address):
    return _train(address, np.empty(0, np.float64), np.empty(0, np.float64), step.train)


def _train_wide(address):
    return _train(address, np.empty(0, np.float32), np.empty(0, np.float64), step.train)


def _lean_float32(address):
    return _train(address, np.empty(0, np.float32), np.empty(0, np.float32), lean.train)


def _lean_float64(address):
    return _train(address, np.empty(0, np.float64), np.empty(0, np.float64), lean.train)


def _lean_wide(address):
    return _train(address, np.empty(0, np.float32), np.empty(0, np.float64), lean.train)


def _choose_float32(address):
    return _choose(address, np.empty(0, np.float32), np.empty(0, np.float32))


def _choose_float64(address):
    return _choose(address, np.empty(0, np.float64), np.empty(0, np.float64))


def _choose_wide(address):
    return _choose(address, np.empty(0, np.float32), np.empty(0, np.float64))


# One function each, since a compiled closure would not be found in the cache again.
_CALLS = {
    "train": {"float32": _train_float32, "float64": _train_float64, "wide": _train_wide},
    "lean": {"float32": _lean_float32, "float64": _lean_float64, "wide": _lean_wide},
    "choose": {"float32": _choose_float32, "float64": _choose_float64, "wide": _choose_wide},
}
_HANDLERS: dict[str, Any] = {}


def target(kernel: str, precision: str) -> str:
    """Name of the custom call of a kernel, see `warm.ensure`, registered at first use.

    precision: one of `settings.PRECISIONS`.
    """
    import jax

    name = f"hardball_{kernel}_{precision}"
    if name not in _HANDLERS:
        handler = callback(_CALLS[kernel][precision])
        jax.ffi.register_ffi_target(
            name, jax.ffi.pycapsule(ctypes.c_void_p(handler.address)), platform="cpu"
        )
        _HANDLERS[name] = handler
    return name
