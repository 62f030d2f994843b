"""The files that the documents link: README.md, CONTRIBUTING.md and every page below docs/."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

_FENCED = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)"  # [text](target) and ![picture](target "title")
    r"|^\s*\[[^\]]+\]:\s*(\S+)"  # [name]: target
    r"""|<(?:img|a)\s[^>]*?(?:src|href)=["']([^"']+)""",
    re.MULTILINE,
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)


def pages(root: Path) -> list[Path]:
    """README.md, CONTRIBUTING.md and docs/**/*.md of a checkout, those that are there."""
    first = [root / "README.md", root / "CONTRIBUTING.md"]
    return [*filter(Path.is_file, first), *sorted((root / "docs").rglob("*.md"))]


def links(page: Path) -> Iterator[tuple[str, Path]]:
    """(target as written, file it names) of each link of a page to a file of the checkout.

    Code is passed over, and so are addresses of other sites and links within the page.
    """
    text = _CODE.sub("", _FENCED.sub("", page.read_text(encoding="utf-8")))
    for found in _LINK.finditer(text):
        target = next(group for group in found.groups() if group)
        if not _ELSEWHERE.match(target):
            yield target, page.parent / unquote(target.partition("#")[0])


def linked(root: Path) -> set[Path]:
    """Every file that a page of the checkout links, as an absolute path."""
    return {file.resolve() for page in pages(root) for _, file in links(page)}
