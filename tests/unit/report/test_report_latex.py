"""LaTeX tables: short where asked to, sound in their braces, environments and columns."""

import re

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core.errors import HardballError
from hardball.report import rows
from hardball.report.marks import LIMIT, SAID, TIES
from hardball.report.tables import all_tables, latex, render, result_tables
from hardball.report.tables.latex import Shape


@pytest.fixture
def table(runs, floors):
    found = result_tables.result_tables(runs, floors)
    return next(t for t in found if t.name.startswith("wordnet_mammals"))


def rows_of(tex):
    """The cells of each row of a table's body and head."""
    return [line.removesuffix(r" \\").split(" & ") for line in tex.splitlines()
            if line.endswith(r"\\") and " & " in line]  # fmt: skip


def methods(tex):
    return [cells[0].split(" ")[0] for cells in rows_of(tex)[1:]]


def assert_sound(tex):
    """What a TeX would stop at: braces, environments, a row with a cell too few or too many."""
    body = "\n".join(line for line in tex.splitlines() if not line.startswith("%"))
    plain = re.sub(r"\\[\\{}%&#_$]", "", body)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert plain.count("$") % 2 == 0
    assert not re.search(r"(?<!\\)[#_^%]", re.sub(r"\\label\{[^}]*\}", "", plain))
    assert plain.isascii() or re.fullmatch(r"[\x00-\x7f·]*", plain)
    open_ones = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", body):
        if what == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert open_ones == []
    shape = re.search(r"\\begin\{(?:tabular|longtable)\}\{([lr]+)\}", body)[1]
    assert {len(cells) for cells in rows_of(tex)} == {len(shape)}


@pytest.mark.parametrize(
    "shape", [Shape(), Shape(top=2), Shape(longtable=True), Shape(columns=("map", "mean_rank"))]
)
def test_a_table_is_sound_in_every_shape(table, shape):
    assert_sound(latex.to_latex(latex.shaped(table, shape), shape.longtable))


def test_the_first_line_says_what_the_preamble_needs(table):
    assert latex.to_latex(table).startswith("% needs \\usepackage{booktabs}\n")
    long = latex.to_latex(table, longtable=True)
    assert long.startswith("% needs \\usepackage{booktabs} \\usepackage{longtable}\n")
    assert r"\begin{table}" not in long
    assert r"\endhead" in long


def test_top_keeps_the_best_of_ours_by_map_and_the_floors(table):
    short = latex.to_latex(latex.shaped(table, Shape(top=2, framework="jax")))
    assert methods(short) == ["pool", "uniform", r"\textit{popularity}", r"\textit{tree"]


def test_columns_stand_in_the_order_asked_beside_the_methods_name(table):
    short = latex.to_latex(latex.shaped(table, Shape(columns=("mean_rank", "map"))))
    head = rows_of(short)[0]
    assert [cell.split(r" $")[0] for cell in head[-2:]] == ["closure mean rank", "closure MAP"]
    assert head[0] == "method"


def test_a_framework_alone_needs_no_column_of_its_name(table):
    short = latex.shaped(table, Shape(framework="torch"))
    assert "framework" not in [column.key for column in short.columns]
    ours = [line for line in short.lines if line.kind == "ours"]
    assert len(ours) == 4


def test_an_interval_that_overlaps_the_bests_is_underlined(make_runs):
    runs = make_runs(5)
    siblings = runs["sampler"].str.startswith("siblings")
    pool = runs["sampler"] == "pool"
    runs.loc[siblings, "map"] = runs.loc[pool, "map"].to_numpy() - 0.001
    (table, *_) = result_tables.result_tables(runs)
    cells = {r[0].split(" ")[0]: r for r in rows_of(latex.to_latex(table))}
    at = next(i for i, head in enumerate(cells["method"]) if "closure MAP" in head)
    assert cells["pool"][at].startswith(r"\textbf{")
    assert cells["siblings"][at].startswith(r"\underline{")
    assert cells["uniform"][at][0] == "0"


def test_points_at_the_limit_and_tied_radii_have_footnotes(runs):
    """Marked above 1 % on average over the seeds; the Markdown has no marks."""
    plain = result_tables.result_tables(runs)
    pool = runs["sampler"] == "pool"
    marked = result_tables.result_tables(
        runs.assign(share_at_limit=0.02 * pool, depth_ties=0.02 * pool)
    )
    assert not {LIMIT, TIES} & set(render.to_markdown(marked[0]))
    shown = latex.to_latex(marked[0])
    line = next(cells for cells in rows_of(shown) if cells[0].startswith("pool"))
    assert line[0].endswith(r"\ddag{}")
    assert sum(cell.endswith(r"\S{}") for cell in line) == 1
    for mark in (LIMIT, TIES):
        assert latex.escape(SAID[mark]) in shown
    assert latex.escape(SAID[LIMIT]) not in latex.to_latex(plain[0])


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(top=0), "--top 0: allowed are 1 and above"),
        (Shape(framework="jaxx"), "jaxx"),
        (Shape(columns=("mapp",)), "mapp"),
    ],
)
def test_what_no_table_has_is_refused_before_anything_is_written(tmp_path, table, shape, said):
    with pytest.raises(HardballError, match=said):
        all_tables.write([table], tmp_path / "out", shape)
    assert not (tmp_path / "out").exists()


def test_a_shape_without_tex_is_a_slip(work):
    found = CliRunner().invoke(app, ["table", str(work), "--top", "3"])
    assert found.exit_code == 2
    assert "add --tex" in found.output


def test_every_metric_has_a_header_that_latex_can_print(runs):
    for metric in rows.metrics_of(runs):
        assert latex.escape(result_tables.metric_header(metric.name, "reconstruction")).isascii()
