"""Writes the site: pages, and what they load, as files that need no server."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.core.files import explained
from hardball.core.text import slug
from hardball.report.quality import TASK
from hardball.report.site import claims, disk, elsewhere, evidence, picture, speed, suites, tasks
from hardball.report.site.configurations import configurations, name_of, specs, suite_name
from hardball.report.site.disk import Disk
from hardball.report.site.disks import disks
from hardball.report.site.pages import Pages
from hardball.report.site.suites import Shown
from hardball.report.site.views import View, view
from hardball.report.tables.quality_table import time_to_quality
from hardball.report.tables.render import Line

MARKER = ".hardball-site"
STYLE, SCRIPT = "site.css", "site.js"
ASSETS = (STYLE, SCRIPT, disk.STYLE, *disk.SCRIPTS)
# Columns of `time_to_quality` that are text, and the figures that they are sorted by.
TARGETS = ("map_090", "published")
READINGS = (("", "seconds"), ("_compiled", "seconds_compiled"), ("_scored", "scorings"))


def write(
    out: Path,
    places: Sequence[str | Path] = (),
    *,
    more: Sequence[Disk] = (),
    speed_results: Path | None = None,
) -> Path:
    """Writes the site of suites into a folder, in place of the site that was there.

    places: as `suites.found` takes them, all frozen versions where empty. more: disks beside those
    of the suites' data sets. speed_results: asv's results, benchmarks/.asv/results unless given.
    Returns the front page. Raises HardballError on a folder that holds anything but a site, on
    places without rows, and where Jinja is not installed.
    """
    pages = Pages()
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not _is_site(out))):
        raise HardballError(f"{out} is there and is no site of hardball: name another --out")
    shown = suites.found(places)
    measured = speed_results or paths.root() / "benchmarks" / ".asv" / "results"
    with explained("the site", out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            _fill(aside, pages, shown, [*more, *disks(shown)], measured)
            _replace(aside, out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return out / "index.html"


def _is_site(folder: Path) -> bool:
    return (folder / MARKER).is_file()


def _replace(aside: Path, out: Path) -> None:
    aside.chmod(0o755)
    if out.exists():
        shutil.rmtree(out)
    aside.replace(out)


def _fill(
    out: Path, pages: Pages, shown: Sequence[Shown], drawn: Sequence[Disk], measured: Path
) -> None:
    for name in ASSETS:
        _put(out / "assets" / name, disk.asset(name))
    _put(out / MARKER, "")
    ran = [suite for suite in shown if len(suite.runs)]
    found = evidence.ladder(ran)
    data: dict[str, dict[str, Any]] = {
        "index": {"ladder": found and _ladder(found), "tables": _tasks(ran)},
        "claims": {
            "claims": [claim for folder in _versions(shown) for claim in claims.read(folder)]
        },
        "quality": {"tables": _quality(ran)},
        "speed": {"tables": [view(table) for table in speed.tables(measured)]},
        "external": {
            "tables": [view(table) for table in elsewhere.external(shown)],
            "peers": [view(table) for table in elsewhere.peers(_versions(shown))],
        },
        "disks": {"disks": _disks(out, drawn)},
        "suites": {"suites": ran},
    }
    for name, given in data.items():
        _put(out / f"{name}.html", pages.page(name, **given))
    for suite in ran:
        for config, text in specs(suite).items():
            _put(out / "specs" / suite.key / f"{suite_name(config)}.yaml", text)
        given = {"suite": suite, "configurations": configurations(suite)}
        _put(out / "suites" / f"{suite.key}.html", pages.page("suite", home="../", **given))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _versions(shown: Sequence[Shown]) -> list[Path]:
    return list(dict.fromkeys(suite.folder.resolve().parent for suite in shown if suite.version))


def _ladder(found: evidence.Ladder) -> dict[str, Any]:
    return {
        "sentences": evidence.sentences(found),
        "wide": picture.svg(found, picture.WIDE),
        "narrow": picture.svg(found, picture.NARROW),
        "legend": [
            (mark, panel.title, f"suites/{panel.suite.key}.html", panel.suite.title)
            for (mark, _), panel in zip(picture.legend(found), found.panels, strict=True)
        ],
    }


def _links(line: Line) -> list[tuple[str, str]]:
    """Where a line's figures, command and environment stand, and its spec."""
    if line.kind != "ours":
        return []
    suite, config = line.cells["suite_key"], str(line.cells["config_id"])
    name = name_of(config, str(line.cells["framework"]))
    return [
        ("run", f"suites/{suite}.html#{name}"),
        ("spec", f"specs/{suite}/{suite_name(config)}.yaml"),
    ]


def _tasks(shown: Sequence[Shown]) -> list[View]:
    return [view(table, group=tasks.group, links=_links) for table in tasks.tables(shown)]


def _quality(shown: Sequence[Shown]) -> list[View]:
    """A table of each suite that ran a configuration with several budgets."""
    found = []
    for suite in shown:
        if TASK not in set(suite.runs["task"]):
            continue
        table = time_to_quality(suite.runs, None, suite.source.published)
        if table is not None:
            made = view(
                table,
                keys={f"{k}{tail}": f"{k}_{cost}" for k in TARGETS for tail, cost in READINGS},
            )
            found.append(View(suite.key, suite.title, made.heads, made.rows, made.notes))
    return found


def _disks(out: Path, drawn: Sequence[Disk]) -> list[tuple[str, Disk]]:
    """Writes the page and the data of each disk; (address, disk) of all."""
    found: dict[str, Disk] = {}
    for one in drawn:
        name = stem = slug(one.title)
        count = 1
        while name in found:
            count += 1
            name = f"{stem}-{count}"
        found[name] = one
        _put(out / "disks" / f"{name}.js", disk.script_of(one))
        page = disk.page(one, data=f"{name}.js", assets="../assets/", home="../index.html")
        _put(out / "disks" / f"{name}.html", page)
    return [(f"disks/{name}.html", one) for name, one in found.items()]
