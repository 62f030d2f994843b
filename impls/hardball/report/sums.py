"""SHA256SUMS of a frozen suite, in the form that `sha256sum -c` reads."""

from collections.abc import Mapping
from pathlib import Path

from hardball.core import files
from hardball.core.errors import HardballError
from hardball.core.files import replacing

FILE = "SHA256SUMS"
SUMMED = ("runs.csv", "floors.csv", "external.csv", "environment.json")


def write(folder: Path) -> Path | None:
    """Writes the sums of a suite's rows; None where it has none."""
    found = {name: files.sha256(folder / name) for name in SUMMED if (folder / name).is_file()}
    if not found:
        return None
    text = "".join(f"{digest}  {name}\n" for name, digest in found.items())
    with replacing(folder / FILE) as aside:
        aside.write_text(text, encoding="utf-8")
    return folder / FILE


def read(folder: Path) -> Mapping[str, str] | None:
    """{file: sha256} of a suite, None where it has no sums; raises HardballError on other text."""
    path = folder / FILE
    if not path.is_file():
        return None
    found = {}
    for place, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        digest, space, name = line.partition("  ")
        if not space or len(digest) != 64 or name not in SUMMED:
            raise HardballError(f"{path}:{place}: write a sha256, two spaces and one of {SUMMED}")
        found[name] = digest
    return found
