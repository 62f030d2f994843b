"""Fetching: sources in order, resumed, checked, whole or not at all. No network is used."""

import errno
import hashlib
import io
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from hardball.core.errors import HardballError
from hardball.data import fetch, sources

BODY = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server:
    """Serves BODY at any path; keeps what was asked for; can break off after some bytes."""

    def __init__(self) -> None:
        self.ranges: list[str | None] = []
        self.break_after: list[int] = []
        self.body = BODY
        self.ignore_ranges = False
        self.refusal = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                outer.ranges.append(asked)
                start = 0
                if outer.refusal:
                    self.send_error(outer.refusal)
                    return
                if asked and not outer.ignore_ranges:
                    start = int(asked.removeprefix("bytes=").removesuffix("-"))
                    if start >= len(outer.body):
                        self.send_error(416)
                        return
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(outer.body) - start))
                self.end_headers()
                stop = start + outer.break_after.pop(0) if outer.break_after else None
                self.wfile.write(outer.body[start:stop])

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/file.bin"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    yield served
    served.http.shutdown()
    served.http.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The downloads folder of an empty cache; also the checkout that `card` writes to."""
    (tmp_path / "datasets").mkdir()
    monkeypatch.setenv("HARDBALL_ROOT", str(tmp_path))
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "TIMEOUT", 2.0)
    return tmp_path / "cache" / "downloads"


def card(folder: Path, *served: dict[str, str], sha256: str | None = SHA256) -> str:
    fields = {
        "title": "t", "licence": "l", "notice": "n", "citation": "c", "reader": {"name": "files"},
        "file": "file.bin", "sha256": sha256, "sources": list(served),
    }  # fmt: skip
    (folder.parents[1] / "datasets" / "mine.yaml").write_text(yaml.safe_dump(fields))
    fetch.cards._load.cache_clear()
    return "mine"


def url(at: str) -> dict[str, str]:
    return {"kind": "url", "url": at}


def left(folder: Path) -> list[str]:
    """What lies in the downloads folder, the lock aside."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_downloaded_checked_and_named(folder: Path, server: Server) -> None:
    fetched = fetch.fetch(card(folder, url(server.url)), progress=False)
    assert fetched.path.read_bytes() == BODY
    assert fetched.served_by == server.url
    assert left(folder) == ["file.bin"]


def test_a_second_fetch_asks_nobody(folder: Path, server: Server) -> None:
    name = card(folder, url(server.url))
    fetch.fetch(name, progress=False)
    assert fetch.fetch(name, progress=False).served_by == "the cache"
    assert len(server.ranges) == 1


def test_force_asks_again(folder: Path, server: Server) -> None:
    name = card(folder, url(server.url))
    fetch.fetch(name, progress=False)
    assert fetch.fetch(name, progress=False, force=True).served_by == server.url
    assert len(server.ranges) == 2


def test_a_broken_connection_goes_on_where_it_stopped(folder: Path, server: Server) -> None:
    server.break_after = [300_000]
    fetched = fetch.fetch(card(folder, url(server.url)), progress=False)
    assert fetched.path.read_bytes() == BODY
    assert server.ranges == [None, "bytes=300000-"]


def test_a_download_cut_for_good_is_taken_up_by_the_next_fetch(
    folder: Path, server: Server
) -> None:
    name = card(folder, url(server.url))
    server.break_after = [100_000, 0]
    with pytest.raises(HardballError, match="run again to resume"):
        fetch.fetch(name, progress=False)
    assert left(folder) == ["file.bin.part"]
    assert (folder / "file.bin.part").stat().st_size == 100_000
    assert fetch.fetch(name, progress=False).path.read_bytes() == BODY
    assert server.ranges[-1] == "bytes=100000-"
    assert left(folder) == ["file.bin"]


def test_a_server_without_ranges_sends_all_again(folder: Path, server: Server) -> None:
    server.ignore_ranges = True
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(BODY[:1000])
    assert fetch.fetch(card(folder, url(server.url)), progress=False).path.read_bytes() == BODY


def test_the_beginning_of_another_version_is_thrown_away(folder: Path, server: Server) -> None:
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(b"x" * 1000)
    assert fetch.fetch(card(folder, url(server.url)), progress=False).path.read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_a_part_longer_than_the_file_is_thrown_away(folder: Path, server: Server) -> None:
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(BODY + b"more")
    assert fetch.fetch(card(folder, url(server.url)), progress=False).path.read_bytes() == BODY


def test_wrong_bytes_are_deleted_and_both_hashes_said(folder: Path, server: Server) -> None:
    server.body = BODY + b"!"
    wrong = hashlib.sha256(server.body).hexdigest()
    with pytest.raises(HardballError, match=f"expected {SHA256}, got {wrong}"):
        fetch.fetch(card(folder, url(server.url)), progress=False)
    assert left(folder) == []


def test_after_wrong_bytes_the_next_source_is_tried(folder: Path, server: Server) -> None:
    other = Server()
    other.body = b"something else"
    name = card(folder, url(other.url), url(server.url))
    assert fetch.fetch(name, progress=False).served_by == server.url
    other.http.shutdown()
    other.http.server_close()


def test_a_file_put_there_by_hand_is_checked(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "file.bin").write_bytes(b"not it")
    found = hashlib.sha256(b"not it").hexdigest()
    with pytest.raises(HardballError, match=f"sha256 {found}, expected {SHA256}"):
        fetch.fetch(card(folder, url("http://127.0.0.1:9/file.bin")), progress=False)
    (folder / "file.bin").write_bytes(BODY)
    assert fetch.fetch("mine", progress=False).served_by == "the cache"


def test_without_a_network_the_error_says_what_to_do(folder: Path) -> None:
    name = card(folder, url("http://127.0.0.1:9/file.bin"))
    with pytest.raises(HardballError) as error:
        fetch.fetch(name, progress=False)
    text = str(error.value)
    assert "cannot fetch mine: http://127.0.0.1:9/file.bin: no connection" in text
    assert f"put file.bin (sha256 {SHA256}) into {folder} by hand" in text
    assert "\n" not in text
    assert left(folder) == []


def test_a_refusal_of_the_server_is_quoted(folder: Path, server: Server) -> None:
    server.refusal = 404
    with pytest.raises(HardballError, match="answered 404 Not Found"):
        fetch.fetch(card(folder, url(server.url)), progress=False)
    assert left(folder) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "no disk space left in"), (errno.EACCES, "may not write in")],
)
def test_a_full_or_closed_disk_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(*_: object) -> bool:
        raise OSError(number, "refused")

    monkeypatch.setattr(sources, "download", refuse)
    with pytest.raises(HardballError, match=message):
        fetch.fetch(card(folder, url("http://127.0.0.1:9/file.bin")), progress=False)
    assert left(folder) == []


def test_a_full_disk_in_mid_download_leaves_no_file(
    folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(done: int, total: int | None) -> None:
        if done > 200_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = sources.download
    monkeypatch.setattr(sources, "download", lambda at, part, report: real(at, part, full))
    with pytest.raises(HardballError, match="no disk space left"):
        fetch.fetch(card(folder, url(server.url)), progress=False)
    assert "file.bin" not in left(folder)


def package_with(member: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(BODY)
        archive.addfile(info, io.BytesIO(BODY))
    return out.getvalue()


def client(
    monkeypatch: pytest.MonkeyPatch, leave: bytes | None, stderr: str = ""
) -> list[list[str]]:
    """A registry client that leaves a file; returns the commands that it is given."""
    commands: list[list[str]] = []

    def run(command: list[str], cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        if leave is not None:
            (Path(cwd) / "package.tgz").write_bytes(leave)
        return subprocess.CompletedProcess(command, 0 if leave is not None else 1, "", stderr)

    monkeypatch.setattr(sources.subprocess, "run", run)
    monkeypatch.setattr(sources.shutil, "which", lambda name: f"/usr/bin/{name}")
    return commands


def test_npm_packs_and_the_member_is_taken_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = client(monkeypatch, package_with("package/file.bin"))
    source = {"kind": "npm", "package": "p", "version": "1.0", "member": "package/file.bin"}
    fetched = fetch.fetch(card(folder, source), progress=False)
    assert fetched.path.read_bytes() == BODY
    assert fetched.served_by == "the npm package p 1.0"
    assert commands[0][:3] == ["npm", "pack", "--ignore-scripts"]
    assert commands[0][-1] == "p@1.0"
    assert left(folder) == ["file.bin"]


def test_pip_downloads_a_wheel_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = client(monkeypatch, BODY)
    source = {"kind": "pypi", "package": "p", "version": "1.0"}
    assert fetch.fetch(card(folder, source), progress=False).path.read_bytes() == BODY
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:"} <= set(commands[0])
    assert commands[0][-1] == "p==1.0"


def test_a_changed_package_is_not_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client(monkeypatch, package_with("package/file.bin"))
    source = {
        "kind": "npm", "package": "p", "version": "1.0", "member": "package/file.bin",
        "sha256": "0" * 64,
    }  # fmt: skip
    with pytest.raises(HardballError, match="sha256 mismatch: expected 0000"):
        fetch.fetch(card(folder, source), progress=False)
    assert left(folder) == []


def test_a_client_that_fails_is_quoted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client(monkeypatch, None, stderr="WARNING: slow\nERROR: No matching distribution\n")
    source = {"kind": "pypi", "package": "p", "version": "1.0"}
    with pytest.raises(
        HardballError, match=r"pypi package p 1\.0: ERROR: No matching distribution"
    ):
        fetch.fetch(card(folder, source), progress=False)


def test_a_missing_client_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.shutil, "which", lambda name: None)
    with pytest.raises(HardballError, match="npm is not installed"):
        fetch.fetch(card(folder, {"kind": "npm", "package": "p", "version": "1"}), progress=False)
