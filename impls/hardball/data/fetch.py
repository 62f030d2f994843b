"""Downloads: a card's sources in order, checked, written aside and renamed.

A file that is in place is complete and has the expected sha256; an interrupted download stays as
<file>.part and is resumed.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import archives, cards, sources


@dataclass(frozen=True)
class Fetched:
    """A file in the cache and what served it."""

    path: Path
    served_by: str


def downloads() -> Path:
    """Folder of downloaded files, where a file put by hand is found too."""
    return paths.cache() / "downloads"


def fetch(name: str, progress: bool = True, force: bool = False) -> Fetched:
    """The full source file of a dataset, from the first of its sources that serves it.

    Returns at once when the file is there and its sha256 is right; `force` downloads it again.
    Raises HardballError: no source answered, wrong sha256, no disk space, unknown name.
    """
    card = cards.load(name)
    if not card.sources:
        raise HardballError(f"{name} has no source to fetch from: it is bundled with hardball")
    target = downloads() / card.file
    with files.explained(name, target.parent), files.locked(target):
        if target.exists() and not force:
            _check(target, card.sha256, f"{target} is not the file of {name}", "delete it")
            return Fetched(target, "the cache")
        return _from_sources(name, card.sources, target, card.sha256, progress)


def fetch_url(what: str, url: str, target: Path, sha256: str, progress: bool = True) -> None:
    """Downloads `what` to a file that is not there yet; an interrupted download is resumed.

    Raises HardballError: the address does not answer, wrong sha256, no disk space.
    """
    with files.explained(what, target.parent), files.locked(target):
        if not target.exists():
            source = cards.Source(kind="url", url=url, sha256=None)
            _from_sources(what, [source], target, sha256, progress)


def _from_sources(
    what: str, offered: Sequence[cards.Source], target: Path, sha256: str | None, progress: bool
) -> Fetched:
    failures = []
    part = target.with_name(target.name + ".part")
    for source in offered:
        try:
            with _watched(f"{target.name} from {source}", progress) as report:
                _serve(source, part, sha256, report)
        except sources.Unavailable as error:
            failures.append(f"{source}: {error}")
            continue
        part.replace(target)
        return Fetched(target, str(source))
    known = f" (sha256 {sha256})" if sha256 else ""
    raise HardballError(
        f"cannot fetch {what}: {'; '.join(failures)}. Connect to a network, or put "
        f"{target.name}{known} into {target.parent} by hand"
    )


def _serve(source: cards.Source, part: Path, sha256: str | None, report: sources.Report) -> None:
    """Leaves checked bytes in `part`, or raises Unavailable; wrong bytes are deleted."""
    if source.kind == "url":
        resumed = sources.download(source.url, part, report)
        if resumed and sha256 and files.sha256(part) != sha256:
            # What was there may stem from another version of the file: start afresh once.
            part.unlink()
            sources.download(source.url, part, report)
    else:
        part.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=part.parent, prefix=".package-") as folder:
            package = sources.CLIENTS[source.kind](source, Path(folder))
            _verify(package, source.sha256)
            if source.member:
                member = archives.read_members(package, [source.member])[source.member]
                package.write_bytes(member)
            shutil.move(package, part)
    _verify(part, sha256)


def _verify(path: Path, expected: str | None) -> None:
    """Deletes a file of another sha256 and raises Unavailable with both."""
    actual = files.sha256(path)
    if expected is not None and actual != expected:
        path.unlink()
        raise sources.Unavailable(f"sha256 mismatch: expected {expected}, got {actual}")


def _check(path: Path, expected: str | None, what: str, way_out: str) -> None:
    actual = files.sha256(path)
    if expected is not None and actual != expected:
        raise HardballError(f"{what}: sha256 {actual}, expected {expected}: {way_out}")


@contextlib.contextmanager
def _watched(text: str, progress: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A progress line on stderr; yields report(bytes so far, total or None)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    hidden = not (progress and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(text, total=None)

        def report(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield report
