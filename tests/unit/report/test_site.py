"""The site: what its files say is what rows say, and a folder of somebody's is left alone."""

import csv
import json
import math
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import commands
from hardball.report.site import build, claims, evidence, picture, speed, tasks, views
from hardball.report.site import suites as shown_suites
from hardball.report.site.configurations import suite_name
from hardball.report.statistics import Estimate
from hardball.report.tables.render import Column, Line, Table
from hardball.runs import plan, suites
from hardball.studies.tune import plan as searches

ESTIMATES = {
    "best": Estimate(0.90, 0.88, 0.92, 5),
    "level": Estimate(0.87, 0.85, 0.89, 5),
    "worse": Estimate(0.80, 0.78, 0.82, 5),
}


@pytest.fixture
def version() -> Path:
    return paths.results() / "v0.2"


def test_a_task_has_the_figures_of_its_table(site: Path, version: Path, tmp_path: Path) -> None:
    commands.table_command(version / "temporal", tmp_path, rows_only=True)
    with (tmp_path / "ncbi_primates-temporal.csv").open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["framework"] == "jax"]
    page = (site / "index.html").read_text()
    for line in lines:
        row = re.search(rf"<tr>(?:(?!</tr>).)*{line['config_id']}(?:(?!</tr>).)*</tr>", page, re.S)
        assert row is not None, line["config_id"]
        keys = [float(key) for key in re.findall(r'data-k="([^"]+)"', row[0])]
        assert keys[0] == pytest.approx(float(line["map"]), rel=1e-5)
        assert f"{float(line['map_low']):.3f}–{float(line['map_high']):.3f}" in row[0]


def test_a_spec_plans_the_run_that_its_row_has(site: Path) -> None:
    specs = sorted((site / "specs/v0.2-temporal").glob("*.yaml"))
    assert len(specs) == 12
    for spec in specs[:3]:
        suite = suites.load(spec)
        assert {suite_name(run.spec.config_id) for run in plan.runs(suite)} == {spec.stem}
    assert yaml.safe_load(specs[0].read_text())["seeds"] in ([0, 1, 2], [0, 1, 2, 3, 4])


def test_every_link_leads_to_a_file_and_a_place_in_it(site: Path) -> None:
    pages = {path: path.read_text() for path in site.rglob("*.html")}
    assert len(pages) == 7 + 1 + 1  # pages of the menu, a suite, the disk of primates
    for path, page in pages.items():
        for address in re.findall(r'(?:href|src)="([^"]+)"', page):
            if address.startswith("data:"):
                continue
            assert "//" not in address
            file, _, place = address.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), address
            assert not place or f'id="{place}"' in pages[target], address


def test_the_command_of_a_row_finds_it(site: Path, version: Path) -> None:
    page = (site / "suites/v0.2-temporal.html").read_text()
    commands = re.findall(r"<pre>hardball rerun (\S+) (\S+)</pre>", page)
    with (version / "temporal/runs.csv").open(newline="") as file:
        known = {row["run_id"] for row in csv.DictReader(file)}
    assert len(commands) == 24  # 12 configurations in two frameworks
    assert {run for run, _ in commands} <= known
    assert {place for _, place in commands} == {"results/v0.2/temporal"}


def test_the_suites_that_chose_rates_are_suites_or_searches() -> None:
    named = {name: suites.read(name).tuned_by for name in suites.names()}
    assert named["temporal"] == ["heldout_rates", "heldout_ncbi_rates"]
    chosen_by = {name for others in named.values() for name in others}
    assert chosen_by <= named.keys() | set(searches.names())
    assert suites.read("temporal") == suites.load("temporal")


def test_best_and_level_are_told_within_a_group() -> None:
    lines = [Line({"kind": kind, "map": value}) for kind, value in ESTIMATES.items()]
    seed = Line({"kind": "seed", "map": Estimate(0.95, math.nan, math.nan, 1)})
    alone = Line({"kind": "alone", "map": Estimate(0.99, 0.98, 1.0, 5)})
    columns = [Column("kind", "negatives", text=True), Column("map", "MAP", "max")]
    every = [*lines, seed, alone]
    marks = views.standings(every, columns, lambda line: str(line is alone))
    found = [marks.get((id(line), "map"), "") for line in every]
    assert found == ["best", "level", "", "", ""]


def test_a_cell_is_sorted_by_its_number_and_shown_with_its_interval() -> None:
    columns = [Column("kind", "negatives", text=True), Column("map", "MAP", "max")]
    lines = [Line({"kind": "pool", "map": ESTIMATES["best"]}), Line({"kind": "none"}, "floor")]
    (first, second) = views.view(Table("t", "T", columns, lines)).rows
    assert first.boxes[1] == views.Box("0.900", "0.880–0.920", "0.9")
    assert (second.kind, second.boxes[1].key) == ("no embedding", "")


def test_columns_in_which_no_run_differs_are_one_sentence(version: Path) -> None:
    (table,) = tasks.tables(shown_suites.found([version / "temporal"]))
    assert "loss" not in [column.key for column in table.columns]
    assert any("loss infonce" in note and "rates tuned" in note for note in table.notes)


def test_the_ladder_counts_the_tests_that_a_kind_leads(version: Path) -> None:
    found = evidence.ladder(shown_suites.found([version / "temporal"]))
    assert found is not None
    assert found.tuned
    assert [rung.mean for rung in found.rungs] == sorted(
        (r.mean for r in found.rungs), reverse=True
    )
    for place in range(len(found.panels)):
        leads = [rung.leads[place] for rung in found.rungs if place in rung.leads]
        assert leads.count("best") == 1
    drawn = picture.svg(found)
    marks = sum(len(rung.gains) for rung in found.rungs)
    assert drawn.count('<g class="s0') + drawn.count('<g class="s1') == marks


def test_suites_that_share_a_rate_are_asked_where_none_is_tuned(work: Path) -> None:
    found = evidence.ladder(shown_suites.found([work]))
    assert found is not None
    assert not found.tuned
    assert "own learning rate" in evidence.sentences(found)[-1]
    assert found.rungs[0].name == "pool of 512"  # MAP .95 beside .80 of uniform
    assert found.rungs[0].mean == pytest.approx(0.15, abs=0.02)


def test_a_run_with_points_has_its_disk(toy_suite: Path, tmp_path: Path) -> None:
    build.write(tmp_path / "out", [toy_suite])
    (page,) = (tmp_path / "out/disks").glob("*.html")
    assert "reconstruction, pool, MAP" in page.read_text()
    # The made-up rows are none of this version: their specs say so.
    assert all(s.read_text().startswith("#") for s in (tmp_path / "out/specs").rglob("*.yaml"))


def test_a_site_is_replaced_whole_and_other_folders_are_refused(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / build.MARKER).touch()
    (out / "old.html").write_text("left over")
    build.write(out, [work])
    assert (out / "index.html").is_file()
    assert not (out / "old.html").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("words")
    said = CliRunner().invoke(app, ["site", str(work), "--out", str(mine)])
    assert said.exit_code == 2
    assert "is no site of hardball" in said.stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.tex"]


def test_a_folder_of_rows_made_elsewhere_has_a_page_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "submitted"
    folder.mkdir()
    rows = ["dataset,task,label,space,file,file_sha256,data_sha256,dim,seed,map,mean_rank"]
    rows += [f"pets,reconstruction,mine,poincare,p.npz,,,2,{s},0.9{s},1.{s}" for s in (1, 2, 3)]
    (folder / "external.csv").write_text("\n".join(rows) + "\n")
    page = build.write(tmp_path / "out", [folder]).with_name("external.html").read_text()
    # The interquartile mean of three values is the middle one, and a quarter of each neighbour.
    assert re.search(r'data-k="0.92"[^<]*>0.920 <small>0.910–0.930', page)
    assert "mine · poincare d=2" in page


def test_claims_need_a_sentence_and_a_verdict(tmp_path: Path) -> None:
    assert claims.read(tmp_path) == []
    (tmp_path / "claims.csv").write_text(
        "sentence,verdict,effect,low,high,why,older_rows\n"
        "Pools win.,holds,0.1,0.05,0.2,,True\nNo effect.,open,,,,9 seeds could decide,False\n"
    )
    first, second = claims.read(tmp_path)
    assert (first.verdict, first.effect) == ("holds", "0.100 [0.050, 0.200]")
    assert (second.verdict, second.effect) == ("open", "")
    assert (first.note, second.note) == ("rows older than the sentence", "9 seeds could decide")
    (tmp_path / "claims.csv").write_text("sentence,verdict\nPools win.,\n")
    with pytest.raises(HardballError, match="claim 1 has no verdict"):
        claims.read(tmp_path)


def asv(folder: Path, commit: str, date: int, seconds: float) -> None:
    """A result file as asv leaves it: one kernel at one size in JAX."""
    measured = [[seconds], [["'infonce'"], ["'256x50'"], ["'jax'"]], "1"]
    found = {
        "commit_hash": commit * 40,
        "date": date,
        "params": {"machine": "local"},
        "result_columns": ["result", "params", "version"],
        "results": {"timings.Losses.time_call": measured},
    }
    (folder / "local").mkdir(exist_ok=True)
    (folder / "local" / f"{commit}.json").write_text(json.dumps(found))


def test_speed_has_a_line_a_kernel_over_commits(work: Path, tmp_path: Path) -> None:
    asv(tmp_path, "a", 1, 4e-3)
    asv(tmp_path, "b", 2, 1e-3)
    (table,) = speed.tables(tmp_path)
    (line,) = table.lines
    assert (line.cells["kernel"], line.cells["value"], line.cells["change"]) == (
        "infonce",
        1e-3,
        0.25,
    )
    page = build.write(tmp_path / "out", [work], speed_results=tmp_path).with_name("speed.html")
    assert '<svg class="spark"' in page.read_text()
    assert "2 commits, aaaaaaa to bbbbbbb" in page.read_text()


def test_a_small_line_doubles_by_equal_steps(tmp_path: Path) -> None:
    assert speed.tables(tmp_path) == []
    line = speed.spark([0, 1, 3], [1.0, 2.0, 4.0], 4)
    (points,) = re.findall(r'points="([^"]+)"', line)
    ys = [float(point.split(",")[1]) for point in points.split()]
    # Doubling twice goes from the lowest place to the highest by equal steps.
    assert math.isclose(ys[0] - ys[1], ys[1] - ys[2], abs_tol=0.1)
    assert ys[0] > ys[2]
