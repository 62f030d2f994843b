"""Templates of the site's pages, filled by Jinja."""

import html
import re
from pathlib import Path
from typing import Any

from hardball import __version__
from hardball.core import optional

TEMPLATES = Path(__file__).parent / "templates"
NAV = (
    ("index", "Answer"),
    ("claims", "Claims"),
    ("quality", "Time to quality"),
    ("speed", "Speed"),
    ("external", "Elsewhere"),
    ("disks", "Disks"),
    ("suites", "Suites"),
)


class Pages:
    """Fills templates. Raises HardballError where Jinja is not installed."""

    def __init__(self) -> None:
        jinja2 = optional.load("jinja2", "the site")
        self._markup = jinja2.utils.markupsafe.Markup
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._environment.filters["said"] = lambda text: self._markup(said(text))

    def page(self, name: str, *, home: str = "", **given: Any) -> str:
        """The page of a template; home: what leads from it to the front page's folder."""
        template = self._environment.get_template(f"{name}.html")
        text: str = template.render(
            given, page=name, home=home, nav=NAV, hardball_version=__version__
        )
        return text


def said(text: str) -> str:
    """A sentence as HTML: **bold**, `code`, all else as it stands.

    >>> said("**a < b** in `c`")
    '<strong>a &lt; b</strong> in <code>c</code>'
    """
    escaped = html.escape(text, quote=False)
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped)
    return re.sub(r"`(.+?)`", r"<code>\1</code>", bold)
