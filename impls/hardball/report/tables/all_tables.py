"""All tables of a suite: written as CSV and Markdown, and as LaTeX where asked to."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hardball.core.files import replacing
from hardball.report import rows
from hardball.report.tables import (
    contrasts,
    effects,
    ensemble_table,
    equal_time,
    interference,
    latex,
    parity,
    quality_table,
    render,
    result_tables,
)
from hardball.report.tables.latex import Shape
from hardball.report.tables.render import Table
from hardball.report.tables.trials import trial_tables

RACED_BY = ("map", "mean_rank")
# What samplers are ranked by: the primary metric first, then what the other questions are about.
RANKED_BY = ("map", "mean_rank", "auc_siblings", "depth_spearman")


def tables_of(
    runs: pd.DataFrame,
    floors: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
    points: Path | None = None,
    curves: Path | None = None,
    external: pd.DataFrame | None = None,
    trials: pd.DataFrame | None = None,
    ensembles: pd.DataFrame | None = None,
) -> list[Table]:
    """Result tables, samplers against uniform for each metric, what each other setting changes, JAX
    against PyTorch, then time.

    points, curves: folders that the runs left theirs in. external: rows of what was made elsewhere;
    trials: rows of a search, which have tables of their own and stand in no other; ensembles: rows
    of runs that were scored together.
    """
    found: list[Table | None] = [*trial_tables(trials)] if trials is not None else []
    found += result_tables.result_tables(runs, floors, published, external)
    found += ensemble_table.ensemble_tables(ensembles)
    if runs.empty:
        return [table for table in found if table is not None]
    for task, part in rows.by_task(runs):
        metrics = rows.metrics_of(part)
        by_name = {metric.name: metric for metric in metrics}
        ranked_by = [by_name[name] for name in RANKED_BY if name in by_name]
        found += [contrasts.sampler_table(part, metric, task) for metric in ranked_by]
        found.append(effects.effects_table(part, metrics, task))
        found.append(interference.interference_table(part, metrics, task))
        found.append(parity.parity_table(part, metrics, task, points))
    raced_by = [metric for metric in rows.metrics_of(runs) if metric.name in RACED_BY]
    found += [equal_time.equal_time(runs, metric) for metric in raced_by]
    found.append(quality_table.time_to_quality(runs, curves, published))
    found.append(quality_table.resources(runs))
    return [table for table in found if table is not None]


def write(tables: Sequence[Table], out: Path, tex: Shape | None = None) -> list[Path]:
    """<name>.csv and .md of each; the Markdown of a result table has all metrics in pages.

    tex: write <name>.tex too, of the lines and columns that it asks for.
    Raises HardballError, with nothing written, where `tex` asks for what no table has.
    """
    if tex is not None:
        latex.check(tex, tables)
    written = []
    for table in tables:
        pages = [render.to_markdown(table)]
        pages += [render.to_markdown(page, "##") for page in result_tables.family_tables(table)]
        texts = {"csv": render.to_csv(table), "md": "\n".join(pages)}
        short = latex.shaped(table, tex) if tex is not None else None
        if tex is not None and short is not None:
            texts["tex"] = latex.to_latex(short, tex.longtable)
        for suffix, text in texts.items():
            path = out / f"{table.name}.{suffix}"
            with replacing(path) as aside:
                aside.write_text(text, encoding="utf-8")
            written.append(path)
    return written
