"""The figures of README.md: marked regions, filled from frozen results, never typed by hand."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from hardball.core.errors import HardballError
from hardball.report import rows
from hardball.report.tables.render import number
from hardball.runs.collect import replacing

BEGIN, END = "<!-- begin {name} -->", "<!-- end {name} -->"
TABLE, FIGURE = "results table", "figure"
COLUMNS = {
    "mean_rank": "closure mean rank ↓",
    "map": "closure MAP ↑",
    "depth_spearman": "depth ρ ↑",
}
MANY = 8


def fill(text: str, name: str, content: str) -> str:
    """The text with what lies between the marks of `name` replaced; raises where there are none."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise HardballError(f"no region {begin} ... {end} to fill")
    return pattern.sub(lambda _: f"{begin}\n{content.strip()}\n{end}", text)


def results_table(frozen: Path, dataset: str, dim: int) -> str:
    """Markdown: each method's best line on a data set, the popularity floor, published figures.

    frozen: results/<version>/<suite>. At most MANY methods, by MAP; the frameworks side by side.
    """
    path = frozen / "tables" / f"{rows.slug(f'{dataset}-reconstruction')}.csv"
    if not path.is_file():
        raise HardballError(f"no {path}: freeze a suite with reconstruction of {dataset}")
    table = pd.read_csv(path, dtype={"runs": str})
    ours = table[(table["part"] == "ours") & (table["dim"] == dim)]
    best = ours.sort_values("map", ascending=False, kind="stable")
    kept = list(dict.fromkeys(best["config_id"]))[:MANY]
    shown = [c for c in COLUMNS if c in table]
    heads = ["negatives · loss · space", "framework", *[COLUMNS[c] for c in shown]]
    heads += ["scorings", "seconds", "seeds"]
    lines = [heads, [":--", ":--", *["--:"] * (len(heads) - 2)]]
    for config in kept:
        for _, row in ours[ours["config_id"] == config].iterrows():
            lines.append(_ours(row, shown))
    for part, said in (("floor", "floor: {}"), ("published", "published: {}")):
        for _, row in table[table["part"] == part].iterrows():
            right_dim = part == "floor" or row.get("dim") == dim
            if right_dim and (part == "published" or row["method"] in ("popularity", "drawing")):
                cells = [_plain(row.get(c)) for c in shown]
                lines.append([f"*{said.format(row['method'])}*", "", *cells, "", "", ""])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ours(row: "pd.Series[str]", shown: list[str]) -> list[str]:
    differs = row.get("differs")
    said = f"{row['method']}, {differs}" if isinstance(differs, str) and differs else row["method"]
    cells = [said, str(row["framework"])]
    for column in shown:
        low, high = row.get(f"{column}_low"), row.get(f"{column}_high")
        value = _plain(row[column])
        cells.append(value if pd.isna(low) else f"{value} [{_plain(low)}, {_plain(high)}]")
    costs = [_plain(row.get(c)) for c in ("scorings", "train_seconds")]
    return [*cells, *costs, str(row["runs"])]


def _plain(value: Any) -> str:
    return "" if value is None or pd.isna(value) else number(float(value))


def figure(frozen: Path, name: str, root: Path, caption: str) -> str:
    """Markdown of a frozen picture, by a path relative to the checkout."""
    path = frozen / "plots" / f"{name}.png"
    if not path.is_file():
        raise HardballError(f"no {path}: run `hardball plot` and freeze again")
    return f"![{caption}]({path.relative_to(root).as_posix()})"


def update(
    readme: Path, frozen: Path, root: Path, dataset: str = "wordnet_mammals", dim: int = 5
) -> None:
    """Fills both regions of README.md from results/<version>/<suite>."""
    text = readme.read_text(encoding="utf-8")
    version, suite = frozen.parent.name, frozen.name
    caption = f"{dataset} in the Poincaré disk, from {dim} dimensions"
    source = f"Suite `{suite}`, {dataset}, reconstruction, d = {dim}; from `results/{version}/`."
    text = fill(text, TABLE, f"{results_table(frozen, dataset, dim)}\n\n{source}")
    text = fill(text, FIGURE, figure(frozen, f"disk-{rows.slug(dataset)}-d{dim}", root, caption))
    with replacing(readme) as aside:
        aside.write_text(text, encoding="utf-8")
