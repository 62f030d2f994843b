"""The ways to get a file: HTTP that resumes, and the registries' own clients."""

import http.client
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hardball.data.cards import Source

TIMEOUT = 10.0  # seconds without a byte before a source counts as silent
CLIENT_TIMEOUT = 1800.0
CHUNK = 1 << 18
ATTEMPTS = 3

_BROKEN_OFF = (
    urllib.error.URLError,
    http.client.HTTPException,
    TimeoutError,
    ConnectionError,
)

Report = Callable[[int, int | None], None]


class Unavailable(Exception):
    """A source that did not serve, and why; the next one is tried."""


def download(url: str, part: Path, report: Report) -> bool:
    """Downloads `url` into `part`, going on from the bytes already there; True if it went on.

    A connection that breaks is taken up again while it brings bytes, `ATTEMPTS` times in all.
    Raises Unavailable; what had arrived is kept for the next call.
    """
    resumed = False
    for attempt in range(ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            resumed |= _download_once(url, part, report)
            return resumed
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:
                part.unlink()
                continue
            raise Unavailable(f"answered {error.code} {error.reason}") from None
        except _BROKEN_OFF as error:
            grew = part.exists() and part.stat().st_size > before
            if not grew or attempt == ATTEMPTS - 1:
                raise Unavailable(_reason(error)) from None
    raise Unavailable("the server answered a whole request with 416")


def _download_once(url: str, part: Path, report: Report) -> bool:
    offset = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "hardball"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        resumed = response.status == 206
        offset = offset if resumed else 0
        length = response.headers.get("Content-Length")
        total = offset + int(length) if length else None
        with part.open("ab" if resumed else "wb") as out:
            while chunk := response.read(CHUNK):
                out.write(chunk)
                offset += len(chunk)
                report(offset, total)
    if total is not None and offset < total:
        raise http.client.IncompleteRead(b"", total - offset)
    return resumed


def _reason(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"the connection ended {error.expected} bytes early (run again to resume)"
    reason = getattr(error, "reason", None) or error
    return f"no connection ({reason})"


def npm(source: Source, folder: Path) -> Path:
    """The package archive, by `npm pack`; no script of the package is run."""
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    command = ["npm", "pack", "--ignore-scripts", "--silent", "--fetch-retries=1"]
    _run([*command, f"{source.package}@{source.version}"], folder)
    return _only_file(folder)


def pypi(source: Source, folder: Path) -> Path:
    """The wheel, by `pip download`; nothing of it is installed or run."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "1"]
    _run([*command, "--dest", str(folder), f"{source.package}=={source.version}"], folder)
    return _only_file(folder)


CLIENTS: Mapping[str, Callable[[Source, Path], Path]] = {"npm": npm, "pypi": pypi}


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLIENT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"no answer within {CLIENT_TIMEOUT:.0f} s") from None
    if done.returncode != 0:
        raise Unavailable(_last_line(done.stderr) or f"exit code {done.returncode}")


def _last_line(text: str) -> str:
    """The first line that names an error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    return (errors or lines or [""])[-1][:200]


def _only_file(folder: Path) -> Path:
    files = [path for path in folder.iterdir() if path.is_file()]
    if len(files) != 1:
        raise Unavailable(f"the client left {len(files)} files instead of one")
    return files[0]
