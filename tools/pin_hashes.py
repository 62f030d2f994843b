"""Writes constraints-hashed.txt from a lock of uv: every pin with the checksums of its files.

uv pip compile pyproject.toml --extra dev -c constraints.txt --universal --python-version 3.11 \
    --format pylock.toml -o build/pylock.toml
python tools/pin_hashes.py build/pylock.toml

`make pins` does both. Kept are the files of Linux and macOS, on x86-64 and ARM, for Python 3.11 to
3.13: those of all platforms would be seven times as many. A source archive stands where there is no
wheel for any platform.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import parse_wheel_filename

OUT = Path(__file__).resolve().parents[1] / "constraints-hashed.txt"
HEAD = """\
# The pins of constraints.txt, and what PyTorch adds on Linux, with the sha256 of their files.
# Written by `make pins`; `make install-hashed` installs nothing else.
"""
MINORS = (11, 12, 13)
WINDOWS = ("sys_platform == 'win32'", "os_name == 'nt'")
MACHINES = ("x86_64", "aarch64", "arm64", "universal2")


def kept(wheel: str) -> bool:
    """Whether a wheel is for a Python and a platform that hardball is for.

    >>> kept("numpy-2.4.6-cp312-cp312-manylinux_2_28_x86_64.whl")
    True
    >>> kept("numpy-2.4.6-cp314-cp314-manylinux_2_28_x86_64.whl")
    False
    """
    return any(
        _python(tag.interpreter, tag.abi) and _platform(tag.platform)
        for tag in parse_wheel_filename(wheel)[3]
    )


def _python(interpreter: str, abi: str) -> bool:
    if interpreter.startswith("py3"):
        return abi == "none"
    minor = interpreter.removeprefix("cp3")
    if not interpreter.startswith("cp3") or not minor.isdigit():
        return False
    if abi == "abi3":
        return int(minor) <= MINORS[-1]
    return int(minor) in MINORS and abi in (interpreter, "none")


def _platform(platform: str) -> bool:
    system = platform.startswith(("manylinux", "linux", "macosx"))
    return platform == "any" or (system and platform.endswith(MACHINES))


def lines(lock: dict[str, Any]) -> Iterator[str]:
    """The requirements of a lock's packages, without those of Windows alone."""
    for package in sorted(lock["packages"], key=lambda each: each["name"]):
        marker = package.get("marker", "")
        if " or " not in marker and any(text in marker for text in WINDOWS):
            continue
        wheels = [w for w in package.get("wheels", []) if kept(w["url"].rpartition("/")[2])]
        found = wheels or [package["sdist"]]
        hashes = sorted(file["hashes"]["sha256"] for file in found)
        stated = f"{package['name']}=={package['version']}" + (f" ; {marker}" if marker else "")
        yield " \\\n    ".join([stated, *(f"--hash=sha256:{digest}" for digest in hashes)])


if __name__ == "__main__":
    read = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    OUT.write_text(HEAD + "\n".join(lines(read)) + "\n", encoding="utf-8")
    print(OUT)
