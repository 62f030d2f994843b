"""Committed results are what they say, and so is every figure that a document ties to rows."""

import shutil

import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import readme, sums
from hardball.report.verify import checks, figures

PAGE = """\
<!-- figures v0.1/made_up; dataset=wordnet_mammals; framework=jax
.80 = metric=map; sampler=uniform
−.10 = metric=map; sampler=siblings minus sampler=uniform
.62 = metric=map; baseline=popularity
-->

Uniform negatives have .80, siblings −.10, popularity .62.

<!-- table v0.1/made_up; framework=jax; metric=map,mean_rank
columns = - | dataset=wordnet_mammals
near | siblings = sampler=siblings
near | cousins = sampler=cousins
-->

| | negatives | made by | mammals |
| :-- | :-- | :-- | --: |
| near | siblings | us | **.70** / 4.0 |
| | cousins | us | .75 / 3.5 |
"""


@pytest.fixture
def told(tmp_path, make_runs, floors):
    """A function that checks a page's figures against exact rows of a made-up suite."""
    runs = make_runs(3)
    level = {"uniform": 0.8, "siblings": 0.7, "cousins": 0.75, "pool": 0.95}
    runs["map"] = runs["sampler"].str.extract(r"^(\w+)", expand=False).map(level)
    runs["mean_rank"] = 1 + 10 * (1 - runs["map"])
    folder = tmp_path / "results" / "v0.1" / "made_up"
    folder.mkdir(parents=True)
    runs.to_csv(folder / "runs.csv", index=False)
    floors.to_csv(folder / "floors.csv", index=False)

    def check(text):
        page = tmp_path / "page.md"
        page.write_text(text, encoding="utf-8")
        return list(figures.figures(page, figures.Rows(tmp_path / "results")))

    return check


def test_figures_of_sentences_and_tables_are_those_of_the_rows(told):
    found = told(PAGE)
    assert [one.text for one in found] == [".80", "−.10", ".62", ".70", "4.0", ".75", "3.5"]
    assert [one.wrong for one in found] == [""] * 7


@pytest.mark.parametrize(
    ("old", "new", "text", "wrong"),
    [
        ("have .80,", "have .81,", ".80", "is not in the next paragraph"),
        (".80", ".81", ".81", "the rows say 0.80"),
        ("**.70** / 4.0", ".70 / 4.1", "4.1", "the rows say 4.0"),
        ("**.70** / 4.0", ".70", ".70", "1 figures for 2 metrics"),
        ("siblings = sampler=siblings", "siblings = sampler=pools", ".70", "no row of"),
        ("siblings = sampler=siblings", "siblings = dim=5", ".70", "4 configurations of"),
        ("siblings = sampler=siblings", "siblings = taks=5", ".70", "no column taks"),
        ("near | cousins =", "far | cousins =", "far | cousins", "0 rows of the next table"),
        ("columns = - |", "columns = - | - |", "near | siblings", "2 cells for 3 columns"),
        ("baseline=popularity", "baseline=drawing", ".62", "no such baseline"),
        ("v0.1/made_up; framework", "v0.1/other; framework", ".70", "no rows of v0.1/other"),
    ],
)
def test_a_figure_that_does_not_come_from_its_rows_says_why(told, old, new, text, wrong):
    assert old in PAGE
    said = {one.text: one.wrong for one in told(PAGE.replace(old, new))}
    assert wrong in said[text]


PAIRED = """\
<!-- figures v0.1/made_up; dataset=wordnet_mammals; framework=jax
1.18 = metric=scorings; sampler=uniform over sampler=siblings
−.20 = metric=map; sampler=pool minus sampler=uniform beyond sampler=siblings minus sampler=cousins
-->

Scorings 1.18 times as many; together −.20.
"""


def test_a_ratio_and_a_difference_beyond_another_are_paired_by_seed(told):
    # Scorings are equal, so the ratio is 1; (.95 - .8) - (.7 - .75) = .2.
    wrong = {one.text: one.wrong for one in told(PAIRED)}
    assert wrong == {"1.18": "the rows say 1.00", "−.20": "the rows say 0.20"}
    right = told(PAIRED.replace("1.18", "1.00").replace("−.20", "+.20"))
    assert [one.wrong for one in right] == ["", ""]
    (_, alone) = told(PAIRED.replace(" minus sampler=cousins", ""))
    assert alone.wrong == "beyond stands between two differences: A minus B beyond C minus D"


@pytest.mark.parametrize("page", figures.pages(paths.root()), ids=lambda page: page.name)
def test_committed_documents_have_no_figure_that_their_rows_do_not_give(page):
    read = figures.Rows(paths.results())
    wrong = [f"{one.line} {one.text!r} {one.wrong}" for one in figures.figures(page, read)]
    assert [line for line in wrong if not line.endswith(" ")] == []


def test_the_table_of_the_readme_is_that_of_its_rows():
    text = (paths.root() / "README.md").read_text(encoding="utf-8")
    version, suite = readme.told(text)
    assert readme.filled(text, paths.results() / version, suite) == text


@pytest.fixture
def copied(tmp_path):
    """A small committed suite, in a version's folder of its own."""
    target = tmp_path / "results" / "v0.2" / "ganea_nouns"
    shutil.copytree(paths.results() / "v0.2" / "ganea_nouns", target)
    return target


def said(folder):
    return {
        (one.said, one.detail.split(",")[0])
        for one in checks.checks(folder.parent, folder.parents[2], [folder.name])
    }


def test_a_committed_suite_is_what_it_says(copied):
    assert {how for how, _ in said(copied)} == {"verified"}
    done = CliRunner().invoke(app, ["verify", str(copied.parent), "ganea_nouns"])
    assert (done.exit_code, done.stdout.count("verified\t")) == (0, 3)


def test_a_figure_changed_by_hand_is_found(copied):
    path = copied / "runs.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.4", "0.5", 1), encoding="utf-8")
    assert ("differs", "other bytes than in SHA256SUMS: runs.csv") in said(copied)
    done = CliRunner().invoke(app, ["verify", str(copied.parent), "ganea_nouns"])
    assert done.exit_code == 1


def test_a_row_that_is_missing_and_one_too_many_are_named(copied):
    path = copied / "runs.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([head, first.replace("-s0", "-s9", 1), *rest]), encoding="utf-8")
    name = first.partition(",")[0]
    (detail,) = [
        one.detail
        for one in checks.checks(copied.parent, copied.parents[2], [copied.name])
        if "planned" in one.detail
    ]
    assert f"1 planned runs have no row, such as {name}" in detail
    assert f"1 rows are not planned, such as {name[:-1]}9" in detail


def test_rows_that_the_record_does_not_know_differ(copied):
    path = copied / "runs.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    sums.write(copied)
    assert ("differs", "environment.json says other runs than the rows") in said(copied)


def test_a_suite_without_sums_is_a_note(copied):
    (copied / sums.FILE).unlink()
    assert ("note", "no SHA256SUMS: `hardball freeze` writes it") in said(copied)


def test_a_folder_that_is_no_version_is_one_line(tmp_path):
    with pytest.raises(HardballError, match="is no version: name a folder such as"):
        next(checks.checks(tmp_path, tmp_path))
    done = CliRunner().invoke(app, ["verify", str(tmp_path)])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
