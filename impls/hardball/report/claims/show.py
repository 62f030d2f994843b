"""Verdicts as a table on the screen, as CSV, as LaTeX and as a page of the documents."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table as Shown

from hardball.core.text import without_brackets
from hardball.report.claims.cells import Cell
from hardball.report.claims.judge import VERDICTS, Verdict
from hardball.report.claims.verdicts import Judged
from hardball.report.tables import render
from hardball.report.tables.render import Column, Line, Table
from hardball.runs.tables import write_table

CSV, PARTS = "claims.csv", "claims-parts.csv"
COLORS = {"supported": "green", "refuted": "red", "undecided": "yellow", "not run": "dim"}
HEADINGS = {
    "supported": "Supported", "refuted": "Refuted", "undecided": "Undecided", "not run": "Not run",
}  # fmt: skip
# What a reader of the page is told before the table.
INTRODUCTION = """\
Each sentence was written down with a test: what is compared, where the effect has to lie, and what
refutes it. `hardball claims {version}` judges them from the committed rows alone and writes this
page; [how to read it](../use/claims.md). Of {total} sentences {counts}.

The part of a sentence that decides is shown: where it is refuted, the data set that speaks most
clearly against it; else the one that speaks least clearly for it."""


def ordered(found: Sequence[Judged]) -> list[Judged]:
    """By verdict, those of one verdict as the ledger has them."""
    return sorted(found, key=lambda one: VERDICTS.index(one.verdict))


def counts(found: Sequence[Judged]) -> str:
    """`5 are supported, 3 refuted, 12 undecided and 40 not run`."""
    number_of = Counter(one.verdict for one in found)
    said = [f"{number_of[verdict]} {verdict}" for verdict in VERDICTS if number_of[verdict]]
    first = said[0].replace(" ", " is " if said[0].startswith("1 ") else " are ", 1)
    return " and ".join(filter(None, [", ".join([first, *said[1:-1]]), *said[1:][-1:]]))


def screen(found: Sequence[Judged], console: Console) -> None:
    """The verdicts as a table, and what each undecided one lacks; then the counts."""
    table = Shown(box=None, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("claim", overflow="fold")
    table.add_column("effect", justify="right")
    table.add_column("asked", no_wrap=True)
    table.add_column("p, Holm", justify="right", no_wrap=True)
    table.add_column("seeds", justify="right")
    for one in ordered(found):
        color = COLORS[one.verdict]
        said = one.claim.sentence + (f" [dim]({one.why})[/]" if one.why else "")
        table.add_row(
            f"[{color}]{one.verdict}[/]", said, _effect(one), _asked(one), _p(one.p_holm),
            _seeds(one.cell),
        )  # fmt: skip
    console.print(table)
    console.print(f"{len(found)} claims: {counts(found)}", highlight=False)


def _effect(one: Judged) -> str:
    return "" if one.cell is None else render.text(one.effect)


def _asked(one: Judged) -> str:
    cell = one.cells[0] if one.cell is None else one.cell
    return str(cell.test.region)


def _p(value: float) -> str:
    return "" if math.isnan(value) else "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def _seeds(cell: Cell | None) -> str:
    return "" if cell is None else str(len(cell.values))


def frame(found: Sequence[Judged]) -> pd.DataFrame:
    """claims.csv: one claim a row, in the order of the ledger."""
    return pd.DataFrame([_record(one) for one in found])


def _record(one: Judged) -> dict[str, object]:
    cell = one.cell
    return {
        "id": one.claim.id,
        "sentence": one.claim.sentence,
        "verdict": one.verdict,
        "effect": one.effect.value,
        "low": one.effect.low,
        "high": one.effect.high,
        "asked": _asked(one),
        "p": one.p,
        "p_holm": one.p_holm,
        "seeds": 0 if cell is None else len(cell.values),
        "resolvable": one.resolvable,
        "seeds_needed": one.needed if one.verdict == "undecided" else None,
        "decided_on": "" if cell is None else cell.named,
        "rows": "" if cell is None else cell.source,
        "parts": len(one.cells),
        "parts_run": len(one.ran),
        "older_rows": any(each.older for each in one.ran),
        "evaluations": sum(each.evaluations for each in one.ran),
        "seconds": sum(each.seconds for each in one.ran),
        "why": one.why,
        "refuted_by": one.claim.refuted,
        "source": one.claim.source,
        "fixed": "" if one.claim.fixed is None else one.claim.fixed.isoformat(),
    }


def parts(found: Sequence[Judged]) -> pd.DataFrame:
    """claims-parts.csv: one test on one data set a row."""
    return pd.DataFrame([_part(one, cell) for one in found for cell in one.cells])


def _part(one: Judged, cell: Cell) -> dict[str, object]:
    effect = None if cell.evidence is None else cell.evidence.effect
    nothing = math.nan
    return {
        "id": one.claim.id,
        "metric": cell.test.metric,
        "kind": cell.test.kind,
        "part": cell.named,
        "asked": str(cell.test.region),
        "effect": nothing if effect is None else effect.value,
        "low": nothing if effect is None else effect.low,
        "high": nothing if effect is None else effect.high,
        "p_inside": nothing if cell.evidence is None else cell.evidence.inside,
        "p_outside": nothing if cell.evidence is None else cell.evidence.outside,
        "seeds": len(cell.values),
        "rows": cell.source or f"not run: {' or '.join(cell.test.suites)}",
        "framework": cell.framework,
        "older_rows": cell.older,
        "decides_nothing": cell.wrong,
    }


def table(found: Sequence[Judged], version: str) -> Table:
    """The verdicts as a table of the report, one part a verdict."""
    columns = [
        Column("sentence", "sentence", text=True),
        Column("effect", "effect"),
        Column("asked", "asked", text=True),
        Column("on", "decided on", text=True),
        Column("p_holm", "p, Holm", text=True),
        Column("seeds", "seeds"),
        Column("resolvable", "resolvable"),
        Column("evaluations", "evaluations"),
        Column("seconds", "seconds"),
        Column("why", "what is missing", text=True),
    ]
    notes = [
        "Effect: interquartile mean over seeds [95 % bootstrap interval], paired by seed. p: "
        f"paired t-test about the bound, corrected by Holm over all {len(found)} claims; those "
        "that are not run count as p = 1. Resolvable: the smallest distance from the bound that so "
        "many seeds tell four times in five, at the strictest step of the correction. Evaluations, "
        "seconds: of all rows that a claim uses.",
        "†: the rows are older than the sentence, or of its day.",
    ]
    return Table(
        "claims", f"Claims, {version}", columns, [_line(one) for one in ordered(found)], notes,
        {key: HEADINGS[key] for key in VERDICTS}, ranked=False,
    )  # fmt: skip


def _line(one: Judged) -> Line:
    ran = one.cell is not None
    older = any(cell.older for cell in one.ran)
    mark = " †" if older else ""
    return Line(
        {
            "sentence": one.claim.sentence + mark,
            "effect": one.effect if ran else None,
            "asked": _asked(one),
            "on": _on(one.cell),
            "p_holm": _p(one.p_holm),
            "seeds": len(one.cell.values) if one.cell is not None else None,
            "resolvable": None if math.isnan(one.resolvable) else one.resolvable,
            "evaluations": sum(cell.evaluations for cell in one.ran) or None,
            "seconds": sum(cell.seconds for cell in one.ran) or None,
            "why": one.why,
        },
        one.verdict,
    )


def _on(cell: Cell | None) -> str:
    return "" if cell is None else f"{without_brackets(cell.named)} ({cell.test.metric})"


def page(found: Sequence[Judged], version: str) -> str:
    """docs/findings/claims.md: the table of each verdict under its own heading."""
    said = INTRODUCTION.format(version=version, total=len(found), counts=counts(found))
    whole = table(found, version)
    pages = []
    for verdict in VERDICTS:
        lines = [line for line in whole.lines if line.kind == verdict]
        if lines:
            part = Table(
                whole.name, HEADINGS[verdict], _columns(whole, verdict),
                [Line(line.cells) for line in lines], ranked=False,
            )  # fmt: skip
            pages.append(render.to_markdown(part, "##"))
    notes = "\n\n".join(whole.notes)
    return "\n".join([f"# {whole.title}", "", said, "", *pages, notes, ""])


def _columns(whole: Table, verdict: Verdict) -> list[Column]:
    """Those that say something of a verdict: one that is not run has no figures."""
    kept = ("sentence", "asked", "why") if verdict == "not run" else ()
    return [column for column in whole.columns if not kept or column.key in kept]


def write_csv(found: Sequence[Judged], out: Path) -> list[Path]:
    """claims.csv and claims-parts.csv below a folder."""
    written = []
    for name, content in ((CSV, frame(found)), (PARTS, parts(found))):
        write_table(out / name, content)
        written.append(out / name)
    return written
