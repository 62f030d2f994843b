"""What results may weigh in the repository, in bytes; `hardball freeze` and a test hold it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from hardball.core.errors import HardballError

KB, MB = 2**10, 2**20
PICTURE = 200 * KB
SUITE = 2 * MB
VERSION = 12 * MB
TREE = 20 * MB


def within(sizes: Mapping[str, int], most: int, what: str, way_out: str) -> None:
    """Raises HardballError where files weigh more than `most`: the sum and the largest of them."""
    total = sum(sizes.values())
    if total > most:
        name, size = max(sizes.items(), key=lambda item: (item[1], item[0]))
        raise HardballError(
            f"{what} would have {total:,} bytes, allowed are {most:,}; the largest file is {name} "
            f"({size:,}): {way_out}"
        )


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file below a folder, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def tracked(root: Path) -> dict[str, int]:
    """Bytes of every file that git tracks in a checkout; empty where there is no git or none."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    files = [name for name in listed.stdout.split("\0") if name]
    return {name: (root / name).lstat().st_size for name in files if (root / name).exists()}
