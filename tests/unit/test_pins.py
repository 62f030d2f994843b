"""The pinned set: every pin has checksums, and nothing else is installed with them."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
HASHED = (ROOT / "constraints-hashed.txt").read_text(encoding="utf-8")
# What PyTorch of the public index adds on Linux for graphics cards.
OF_TORCH = re.compile(r"nvidia-.*|cuda-.*|triton")


def pins(text: str) -> dict[str, str]:
    """Versions by name, of lines that may carry hashes."""
    read = [line for line in text.splitlines() if re.match(r"[\w.-]+==", line)]
    listed = [Requirement(line.removesuffix("\\").strip()) for line in read]
    named = {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in listed
    }
    assert len(named) == len(listed)
    return named


PINS = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
TOOL = importlib.util.spec_from_file_location("pin_hashes", ROOT / "tools" / "pin_hashes.py")
tool = importlib.util.module_from_spec(TOOL)
TOOL.loader.exec_module(tool)


def test_every_pin_has_checksums_and_the_same_version() -> None:
    hashed = pins(HASHED)
    assert {name: hashed.get(name) for name in PINS} == PINS
    assert all(OF_TORCH.fullmatch(name) for name in set(hashed) - set(PINS))


def test_every_requirement_has_a_checksum() -> None:
    for stated in re.split(r"\n(?=\w)", HASHED.partition("\n\n")[0])[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}$", stated), stated


def test_no_address_stands_in_it() -> None:
    assert "://" not in HASHED
    assert "--index" not in HASHED
    assert len(HASHED) < 300_000


def test_what_the_package_requires_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: list for name, list in project["optional-dependencies"].items() if name != "gpu"
    }
    wanted = [*project["dependencies"], *(text for each in extras.values() for text in each)]
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        if name != "hardball":
            assert requirement.specifier.contains(PINS[name]), requirement


@pytest.mark.parametrize(
    ("wheel", "kept"),
    [
        ("numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", True),
        ("numpy-2.4.6-cp313-cp313-macosx_14_0_arm64.whl", True),
        ("rich-15.0.0-py3-none-any.whl", True),
        ("six-1.17.0-py2.py3-none-any.whl", True),
        ("ruff-0.17.6-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", True),
        ("rpds_py-1.0-cp310-abi3-manylinux_2_17_x86_64.whl", True),
        ("numpy-2.4.6-cp314-cp314-manylinux_2_27_x86_64.whl", False),
        ("numpy-2.4.6-cp313-cp313t-manylinux_2_27_x86_64.whl", False),
        ("numpy-2.4.6-cp312-cp312-win_amd64.whl", False),
        ("numpy-2.4.6-cp312-cp312-musllinux_1_2_x86_64.whl", False),
        ("numpy-2.4.6-cp312-cp312-manylinux_2_31_riscv64.whl", False),
    ],
)
def test_files_are_those_of_the_platforms_that_hardball_is_for(wheel: str, kept: bool) -> None:
    assert tool.kept(wheel) is kept


def test_a_source_archive_stands_where_there_is_no_wheel() -> None:
    lock = {
        "packages": [
            {
                "name": "hnswlib",
                "version": "0.8.0",
                "sdist": {"url": "https://x/hnswlib-0.8.0.tar.gz", "hashes": {"sha256": "ab"}},
            },
            {"name": "pywin32", "version": "312", "marker": "sys_platform == 'win32'"},
        ]
    }
    assert list(tool.lines(lock)) == ["hnswlib==0.8.0 \\\n    --hash=sha256:ab"]
