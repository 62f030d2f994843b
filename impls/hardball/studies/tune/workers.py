"""Processes that carry trials out, or this one where one trial at a time is enough."""

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import Any

from hardball.core import processes
from hardball.core.errors import HardballError

Submit = Callable[..., "Future[Any]"]


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[Submit]:
    """What takes a function and its arguments: in one of `jobs` processes of one thread each.

    With jobs=1 it is called at once, in this process. Workers end when this process does, however
    it ends.
    """
    if jobs == 1:
        yield _at_once
        return
    with _environment(dict.fromkeys(processes.THREADS, "1")):
        pool = ProcessPoolExecutor(
            jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
        )
        try:
            yield pool.submit
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def result(done: "Future[Any]") -> Any:
    """What a worker returned; raises what it raised, and HardballError where it was killed."""
    try:
        return done.result()
    except BrokenProcessPool:
        raise HardballError(
            "a worker was killed while it trained, perhaps for want of memory: the same command "
            "goes on from here, with fewer --jobs"
        ) from None


def _at_once(function: Callable[..., Any], *given: Any) -> "Future[Any]":
    done: Future[Any] = Future()
    try:
        done.set_result(function(*given))
    except Exception as error:
        done.set_exception(error)
    return done


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Variables for processes that are started in the block; those a person has set stay."""
    fresh = {name: value for name, value in changes.items() if name not in os.environ}
    os.environ.update(fresh)
    try:
        yield
    finally:
        for name in fresh:
            os.environ.pop(name, None)


def _begin() -> None:
    """Has a worker end with the process that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
