"""The site of the documents: every page is in it, and it needs no other host."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SETTINGS = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
# What a browser loads by itself to show a page; links that a reader follows are no part of it.
LOADED = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="(https?:[^"]+)"')


def pages(nav) -> list[str]:
    """The files that a navigation names, in its order."""
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages(entry)]


def test_every_document_has_one_place_in_the_navigation() -> None:
    listed = pages(SETTINGS["nav"])
    assert len(listed) == len(set(listed))
    assert set(listed) == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


def test_the_order_is_the_one_to_read_in() -> None:
    rooms = dict.fromkeys(page.partition("/")[0] for page in pages(SETTINGS["nav"]))
    order = ["index.md", "learn", "use", "extend", "reference", "findings", "architecture.md"]
    assert list(rooms) == order


def test_no_font_comes_from_elsewhere() -> None:
    assert SETTINGS["theme"]["font"] is False
    assert "extra_javascript" not in SETTINGS
    assert "extra_css" not in SETTINGS


@pytest.mark.full
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    if importlib.util.find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed: pip install 'hardball[docs]'")
    build = ["mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(
        [sys.executable, "-m", *build],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    made = {page.relative_to(tmp_path / "site"): page for page in tmp_path.rglob("*.html")}
    assert {Path(page).with_suffix(".html") for page in pages(SETTINGS["nav"])} <= set(made)
    loaded = {name: LOADED.findall(page.read_text(encoding="utf-8")) for name, page in made.items()}
    assert not {str(name): urls for name, urls in loaded.items() if urls}
    # What pages link to outside docs/ is in it too: a table as a page, code as a page.
    assert Path("results/v0.1/samplers/tables/samplers-reconstruction-map.html") in made
    assert Path("impls/hardball/methods/samplers/rings.py.html") in made
