"""Hands one command to a worker: a process that has its framework imported and runs many commands.

    python -m hardball.runs.client FOLDER FRAMEWORK COMMAND ...

runs `hardball COMMAND ...` and ends with its exit code; what it prints goes to this process's
output. FOLDER keeps the workers' sockets. Workers are used inside a Snakemake run on this machine
(its workflow sets OWNER), and not where HARDBALL_WORKERS=0. Whenever no worker can be had, the
command runs in this process, as it would without them.

This module starts in a tenth of a second: it imports the standard library alone.

A worker belongs to one slot of one framework. A client locks a slot, so that it has the worker for
itself, and says who it is (`hello`). A worker of other code, another environment or another owner
answers that it is stale and ends; the client starts a new one. The client listens on the socket and
hands it to the worker, so that it can connect before the worker has imported anything.
"""

import contextlib
import hashlib
import json
import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

PACKAGE = Path(__file__).parents[1]
OWNER = "HARDBALL_WORKERS_OF"
"""Environment variable: the process that workers belong to; they end when it has."""
SWITCH = "HARDBALL_WORKERS"
PLUGINS = "HARDBALL_PLUGINS"
SLOTS = 256
# What a shell changes between two commands of one environment.
_PASSING = ("PWD", "OLDPWD", "SHLVL", "_")


def source_state() -> str:
    """A hash of the names, sizes and times of change of the package's files and of plug-ins."""
    files = [path for path in _plugins() if path.is_file()]
    for folder, _, names in os.walk(PACKAGE):
        files += [Path(folder, name) for name in names if name.endswith(".py")]
    found = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def environment_state(environment: Mapping[str, str]) -> str:
    """A hash of what else a command's results may depend on: interpreter, variables, processors."""
    kept = sorted(item for item in environment.items() if item[0] not in _PASSING)
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return hashlib.sha256(repr((sys.executable, kept, allowed)).encode()).hexdigest()


def hello() -> dict[str, str]:
    """What a client and its worker must have in common."""
    environment = environment_state(os.environ)
    return {"source": source_state(), "environment": environment, "folder": os.getcwd()}


def _plugins() -> list[Path]:
    """The files that the environment names as plug-ins."""
    named = os.environ.get(PLUGINS, "").split(os.pathsep)
    return [Path(name) for name in named if name.endswith(".py")]


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """One message, a line of JSON."""
    connection.sendall((json.dumps(message) + "\n").encode())


def receive(lines: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None where the other side has ended."""
    try:
        line = lines.readline()
    except OSError:
        return None
    return json.loads(line) if line.endswith(b"\n") else None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[str]:
    """Work in a folder: the path of a socket may have no more than about 100 characters."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield before
    finally:
        os.chdir(before)


def wanted(environment: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """Whether a worker is to be used: in a workflow, unless they are switched off.

    A command that names a plug-in has a process of its own: what it declares would stay.
    """
    known = hasattr(socket, "AF_UNIX") and hasattr(socket, "send_fds")
    alone = any(argument.startswith("--plugin") for argument in arguments)
    on = environment.get(SWITCH, "1") != "0" and bool(environment.get(OWNER))
    return known and on and not alone


def run(folder: Path, framework: str, arguments: list[str]) -> int | None:
    """The exit code of a command that a worker ran; None where there is no worker to be had."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with slot(folder, framework) as name:
            for _ in range(2):
                code = _ask(folder, name, framework, arguments)
                if code is not None:
                    return code
                # One that ends may still listen: the next has a socket of its own.
                (folder / f"{name}.sock").unlink(missing_ok=True)
    except OSError as error:
        print(f"no worker, the command runs by itself: {error}", file=sys.stderr)
    return None


@contextlib.contextmanager
def slot(folder: Path, framework: str) -> Iterator[str]:
    """The name of the first slot that nobody uses, locked until the block ends."""
    import fcntl

    for number in range(SLOTS):
        name = f"{framework}-{number}"
        with open(folder / f"{name}.lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield name
            return
    raise OSError(f"all {SLOTS} workers of {framework} are at work")


def _ask(folder: Path, name: str, framework: str, arguments: list[str]) -> int | None:
    """The exit code; None where the worker was stale, or ended before it took the command."""
    with _connected(folder, name, framework) as connection, connection.makefile("rb") as lines:
        try:
            send(connection, hello())
        except OSError:
            return None
        answer = receive(lines)
        if answer is None or answer.get("stale"):
            return None
        sys.stdout.flush()
        sys.stderr.flush()
        socket.send_fds(connection, [b"\n"], [1, 2])
        send(connection, {"arguments": arguments})
        ended = receive(lines)
        if ended is None:
            print(
                f"hardball: worker {answer['pid']} was killed while it ran this command, perhaps "
                f"for want of memory; {SWITCH}=0 gives each command a process of its own",
                file=sys.stderr,
            )
            return 1
        return int(ended["code"])


def _connected(folder: Path, name: str, framework: str) -> socket.socket:
    """A connection to the slot's worker, which is started where there is none."""
    path = f"{name}.sock"
    connection = socket.socket(socket.AF_UNIX)
    with _inside(folder) as before:
        try:
            connection.connect(path)
            return connection
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen(1)
            _start(name, framework, listening, before)
            connection.connect(path)
    return connection


def _start(name: str, framework: str, listening: socket.socket, where: str) -> None:
    """A worker that outlives this process and hears no keyboard; it alone keeps the socket open."""
    handle = str(listening.fileno())
    command = [sys.executable, "-m", "hardball.cli.worker", framework, handle]
    with open(f"{name}.log", "wb") as log:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=where,
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )


def main(argv: list[str]) -> int:
    folder, framework, *arguments = argv
    if wanted(os.environ, arguments):
        code = run(Path(folder), framework, arguments)
        if code is not None:
            return code
    sys.argv = ["hardball", *arguments]
    runpy.run_module("hardball", run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
