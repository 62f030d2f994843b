"""A process that runs many commands: what each would pay for imports and compiling, it pays once.

`hardball.runs.client` starts it, hands it the socket on which it listens, and describes the rest.
It ends when its owner has ended, when nobody asked for a while, when a client's code or environment
is another than its own, and, in the middle of a command, when the client has gone.

A command finds what it would find in a process of its own: output and error go to the client's, no
compiled program and no cached file of an earlier command is left, the peak of memory begins anew.
"""

import gc
import importlib
import os
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from hardball.core import provenance
from hardball.runs import client

IDLE_SECONDS = 60.0
_POLL_SECONDS = 0.5


def serve(framework: str, handle: int) -> None:
    """Run the commands of one client after another.

    framework: jax or torch; handle: the file descriptor of a listening socket.
    """
    known = client.hello()
    owner = int(os.environ[client.OWNER])
    with socket.socket(fileno=handle) as listening:
        importlib.import_module(f"hardball.training.engine_{framework}")
        app = importlib.import_module("hardball.cli.main").app
        listening.settimeout(_POLL_SECONDS)
        idle = 0.0
        while idle < IDLE_SECONDS and _lives(owner):
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                idle += _POLL_SECONDS
                continue
            idle = 0.0
            with connection:
                if not _answer(connection, known, app):
                    return


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _answer(connection: socket.socket, known: dict[str, str], app: Any) -> bool:
    """Run a client's command; False where this worker is not what the client needs."""
    connection.settimeout(None)
    with connection.makefile("rb") as lines:
        said = client.receive(lines)
        if said is None:
            return True
        if said != known:
            client.send(connection, {"stale": True})
            return False
        client.send(connection, {"pid": os.getpid()})
        # The client's output and error come with one byte, before the command.
        byte, files, _, _ = socket.recv_fds(connection, 1, 2)
        job = client.receive(lines) if byte else None
    if job is None:
        return True
    done = threading.Event()
    watching = threading.Thread(target=_leave_with, args=(connection, done), daemon=True)
    watching.start()
    provenance.begin_peak_memory()
    code = _run(app, job["arguments"], *files)
    done.set()
    client.send(connection, {"code": code})
    connection.shutdown(socket.SHUT_RDWR)
    watching.join()
    _forget()
    return True


def _leave_with(connection: socket.socket, done: threading.Event) -> None:
    """End this process when the client does, as a command of its own would have ended."""
    if not connection.recv(1) and not done.is_set():
        os._exit(1)


def _run(app: Any, arguments: Sequence[str], output: int, error: int) -> int:
    """The exit code of `hardball ARGUMENTS`, which prints to two open files."""
    own = [os.dup(stream) for stream in (1, 2)]
    try:
        _redirect(output, error)
        return _called(app, arguments)
    finally:
        _redirect(*own)


def _redirect(output: int, error: int) -> None:
    """Let these open files be output and error from now on; they are closed under other numbers."""
    sys.stdout.flush()
    sys.stderr.flush()
    for stream, target in ((output, 1), (error, 2)):
        os.dup2(stream, target)
        os.close(stream)


def _called(app: Any, arguments: Sequence[str]) -> int:
    try:
        app(list(arguments), prog_name="hardball")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _forget() -> None:
    """Drop what a command left: compiled programs, cached files, memory that is in no use.

    Compiled programs are maps of memory, of which Linux gives a process 65,530.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("hardball."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_info") and value.__module__.startswith("hardball."):
                    value.cache_clear()
    for name in ("jax", "torch"):
        engine = sys.modules.get(f"hardball.training.engine_{name}")
        if engine is not None:
            engine._COMPILED.clear()
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    if "torch._dynamo" in sys.modules:
        sys.modules["torch._dynamo"].reset()
    gc.collect()
    provenance.begin_peak_memory()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
