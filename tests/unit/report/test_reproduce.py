"""A version made again: its suites in order, and every suite's rows compared."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from hardball.core import paths
from hardball.core.errors import HardballError
from hardball.report import commands, reproduce
from hardball.runs import suites


def test_every_suite_of_the_version_comes_after_those_that_chose_its_rates() -> None:
    order = list(reproduce.references("v0.2"))
    frozen = {path.parent.name for path in (paths.results() / "v0.2").glob("*/runs.csv")}
    assert set(order) == frozen & set(suites.names())
    tuned = {name: suites.read(name).tuned_by for name in order}
    assert any(tuned.values())
    for name, by in tuned.items():
        assert all(order.index(tuner) < order.index(name) for tuner in by if tuner in order)


def test_there_must_be_such_a_version() -> None:
    with pytest.raises(HardballError, match=r"no version 'v9'.*v0\.1.*v0\.2"):
        reproduce.references("v9")


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results with a frozen version of two suites."""
    rows = (paths.results() / "v0.2" / "ganea_boxes" / "runs.csv").read_text()
    for suite in ("ganea_boxes", "ganea_boxes_rates"):
        (tmp_path / "v0.2" / suite).mkdir(parents=True)
        (tmp_path / "v0.2" / suite / "runs.csv").write_text(rows)
    monkeypatch.setattr(paths, "results", lambda: tmp_path)
    return tmp_path


def test_a_budget_is_found_by_the_name_of_its_folder(version: Path) -> None:
    (version / "v0.2" / "ganea_boxes").rename(version / "v0.2" / "nouns_full")
    assert reproduce.references("v0.2")["nouns_full"] == "nouns:full"


def compared(made: Path) -> tuple[int, str]:
    screen = Console(file=io.StringIO(), width=200)
    code = reproduce.compare_version("v0.2", made, 0.0, screen)
    return code, screen.file.getvalue()  # type: ignore[attr-defined]


def test_each_suite_is_compared_and_one_that_did_not_run_is_told(version: Path) -> None:
    made = version / "work"
    (made / "ganea_boxes").mkdir(parents=True)
    rows = (version / "v0.2" / "ganea_boxes" / "runs.csv").read_text()
    (made / "ganea_boxes" / "runs.csv").write_text(rows)
    code, said = compared(made)
    assert code == 1
    assert "ganea_boxes: 17 rows at tolerance 0: 17 equal" in said
    assert "ganea_boxes_rates: not run: 17 rows are missing" in said
    (made / "ganea_boxes").rename(made / "ganea_boxes_rates")
    (made / "ganea_boxes").mkdir()
    (made / "ganea_boxes" / "runs.csv").write_text(rows)
    assert compared(made)[0] == 0


def test_a_version_needs_no_second_name(version: Path) -> None:
    assert commands.compare_command("v0.2", None) == 1
    with pytest.raises(HardballError, match="compare quick with what"):
        commands.compare_command("quick", None)
