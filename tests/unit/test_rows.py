"""Rows: written and read back, those of published results too, names of data sets as they are."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from hardball.cli.main import app
from hardball.core import paths, text
from hardball.core.errors import HardballError
from hardball.methods.method import Method
from hardball.metrics.evaluate import EVALUATOR
from hardball.report import rows as reading
from hardball.report.tables import all_tables
from hardball.runs import collect, plan, settings, suites, tables
from hardball.runs.row import COLUMNS, TEXT, Outcome, Row
from hardball.runs.spec import Hard, RunSpec, Suite

FROZEN = sorted(paths.results().glob("v*/*/runs.csv"))
# Names that YAML, or a reader of CSV, takes for something else.
NAMES = [
    "2024",
    "1e3",
    "null",
    "true",
    "1_000",
    "NA",
    "2024-01-31",
    "[a]",
    "nan",
    "0x1F",
    "~",
    "a;b",
]
OUTCOME = {
    "status": "ok", "epochs_done": 1.0, "final_loss": 0.1, "scorings": 10, "masked_share": 0.0,
    "widened_share": 0.0, "negatives_used": 5.0, "points_at_limit": 0, "train_seconds": 1.0,
    "compile_seconds": 0.0, "peak_memory_mb": 1.0, "hardball": "0", "code_sha256": "1e10",
    "data_sha256": "12", "git_commit": "0012", "python": "3.11", "numpy": "2.0", "jax": "",
    "torch": "", "platform": "p", "cpu": "c", "threads": 1, "compiled": True, "started": "2026",
}  # fmt: skip


def row_of(dataset: str = "d", **changes) -> Row:
    spec = RunSpec(dataset=dataset, framework="jax", seed=0, **changes)
    outcome = Outcome(**OUTCOME, evaluator=EVALUATOR, metrics={"map": 0.1 + 0.2, "mean_rank": 3.0})
    return Row(spec=spec, outcome=outcome, suite="s", factor="dataset", label=dataset)


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_are_published_rows():
    assert len(FROZEN) >= 13


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.parent.name)
def test_a_published_row_is_the_run_that_its_settings_name(path):
    """Read back and written again it is the same text, to the last digit."""
    for line in lines(path):
        row = Row.from_flat(line)
        assert row.run_id == line["run_id"]
        assert row.config_id == line["config_id"]
        written = row.to_flat()
        assert {k: "" if written.get(k) is None else str(written[k]) for k in line} == line


def test_columns_keep_the_order_of_published_rows():
    """New: further losses, encoders, two radii, the training before, which evaluator measured."""
    newest = list(lines(paths.results() / "v0.1" / "quick" / "runs.csv")[0])
    known = [column for column in newest if column in COLUMNS]
    assert [column for column in COLUMNS if column in newest] == known
    assert set(COLUMNS) - set(newest) == {
        *("max_radius", "radius", "evaluator", "losses", "loss_schedule"),
        *("pretext", "encoder", "before", "strategy"),
    }


def test_what_collect_writes_of_published_rows_is_their_file(tmp_path):
    path = paths.results() / "v0.1" / "quick" / "runs.csv"
    collect.write_runs(tmp_path / "runs.csv", [Row.from_flat(line) for line in lines(path)])
    again = lines(tmp_path / "runs.csv")
    assert {line.pop("evaluator") for line in again} == {""}
    assert {line.pop("radius") for line in again} == {"free"}
    assert {line.pop("max_radius") for line in again} == {"0.0"}
    assert {line.pop("losses") for line in again} == {""}
    assert {line.pop("loss_schedule") for line in again} == {"constant"}
    assert {line.pop("pretext") for line in again} == {""}
    assert {line.pop("encoder") for line in again} == {""}
    assert {line.pop("before") for line in again} == {""}
    assert {line.pop("strategy") for line in again} == {"whole"}
    assert again == lines(path)
    assert list(again[0]) == list(lines(path)[0])


def test_a_row_whose_settings_are_of_another_run_is_refused():
    flat = row_of().to_flat()
    with pytest.raises(HardballError, match="its settings are 'd-uniform-infonce-tangent-d5-"):
        Row.from_flat({**flat, "lr": 0.123})


def test_a_line_of_json_is_read_back_and_so_are_those_without_newer_columns():
    row = row_of(hard=[{"sampler": "siblings", "negatives": 2, "after": 1 / 3}])
    assert Row.from_json(row.to_json()) == row
    old = json.loads(row_of(kernels="plain").to_json())
    for column in ("evaluator", "kernels", "radius", "objective", "pairs", "batches", "stopped"):
        del old[column]
    again = Row.from_json(json.dumps(old))
    assert again.outcome.evaluator is None
    assert again.spec == row_of(kernels="plain").spec


def test_a_figure_that_is_infinite_is_none_in_json():
    outcome = Outcome(**OUTCOME, metrics={"map": float("inf")})
    line = Row(spec=row_of().spec, outcome=outcome).to_json()
    assert Row.from_json(line).metrics == {"map": None}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "a row is a JSON object"),
        ("{}", "dataset: Field required"),
        (json.dumps({**json.loads(row_of().to_json()), "status": "fine"}), "status: Input should"),
        (json.dumps({**json.loads(row_of().to_json()), "sampler": "x"}), "unknown sampler 'x'"),
    ],
)
def test_a_wrong_row_is_named_by_its_file_and_line(tmp_path, line, said):
    (tmp_path / "a.jsonl").write_text(f"{row_of().to_json()}\n{line}\n")
    with pytest.raises(HardballError) as caught:
        collect.read_rows(tmp_path / "a.jsonl")
    assert str(caught.value).startswith(f"{tmp_path / 'a.jsonl'}:2: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_data_set_keeps_its_name(tmp_path, name):
    """From the command line, a suite, a row and its JSON, to the table that reports read."""
    assert settings.read("dataset", name) == name
    row = row_of(name)
    assert Row.from_json(row.to_json()).spec.dataset == name
    (tmp_path / "rows").mkdir()
    for number, each in enumerate([row, row_of("wordnet_nouns")]):
        (tmp_path / "rows" / f"{number}.jsonl").write_text(each.to_json() + "\n")
    assert collect.collect_folder(tmp_path) == (2, [])
    runs = reading.read_runs(tmp_path / "runs.csv")
    assert list(runs["dataset"]) == list(runs["label"]) == [name, "wordnet_nouns"]
    assert list(runs["map"]) == [0.1 + 0.2] * 2
    assert Row.from_flat(runs.to_dict("records")[0]) == row


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("[a]", "~")])
def test_a_data_set_keeps_its_name_in_a_suite(tmp_path, name):
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"name: mine\nsummary: s\nminutes: 1\nseeds: [0]\nbase: {{dataset: {name}}}\n"
        f"groups: [{{factor: data, over: {{dataset: [{name}, other]}}}}]\n"
        f"budgets: {{more: {{dataset: {name}}}}}\n"
    )
    planned = plan.runs(suites.load(path))
    assert {run.spec.dataset for run in planned} == {name, "other"}
    assert {run.spec.dataset for run in plan.runs(suites.load(f"{path}:more"))} == {name, "other"}
    assert planned[0].label.split(";")[1] == name.replace(";", ",")


def test_texts_of_methods_keep_theirs_in_a_suite(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nsummary: s\nminutes: 1\nseeds: [0]\nbase:\n  dataset: d\n"
        "  start: {name: run, points: 2024-01-31, of: null}\n"
        "  sampler: {name: similarity_hard, features: file, file: 1_000, top: 1_000}\n"
    )
    spec = plan.runs(suites.load(path))[0].spec
    assert spec.start.params == {"points": "2024-01-31", "of": "null"}
    assert spec.sampler.params["file"] == "1_000"
    assert spec.sampler.params["top"] == 1000


@pytest.mark.parametrize("name", NAMES)
def test_tables_show_the_name_and_their_files_differ(tmp_path, name):
    flat = [row_of(each).to_flat() for each in (name, "a")]
    tables.write_table(tmp_path / "runs.csv", pd.DataFrame(flat))
    runs = reading.read_runs(tmp_path / "runs.csv")
    written = all_tables.write(all_tables.tables_of(runs), tmp_path)
    assert len(written) == len(set(written))
    named = [path for path in written if path.stem == reading.file_name(name, "reconstruction")]
    assert {path.suffix for path in named} == {".csv", ".md"}
    table = next(path for path in written if path.name == "resources.csv")
    assert {line["dataset"] for line in lines(table)} == {name, "a"}


def test_a_data_set_trains_and_is_tabled_under_its_name(tmp_path, monkeypatch):
    """`null`, from a file of edges to a table, by the commands alone."""
    monkeypatch.setenv("HARDBALL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "edges.tsv").write_text("b\ta\nc\ta\nd\tb\ne\tb\n")

    def said(*arguments: str) -> str:
        ended = CliRunner().invoke(app, list(arguments))
        assert ended.exit_code == 0, ended.stderr
        return ended.stdout

    said("build", "--edges", str(tmp_path / "edges.tsv"), "--name", "null")
    small = [f"--set={each}" for each in ("epochs=1", "negatives=2", "batch_size=4", "dim=2")]
    out = tmp_path / "out"
    said("train", "--dataset", "null", "--framework", "torch", *small, "--out", str(out))
    row = Row.from_flat(lines(out / "runs.csv")[0])
    assert row.spec.dataset == "null"
    assert row.run_id.startswith("null-uniform-")
    said("check", str(out / "points" / f"{row.run_id}.npz"))
    said("table", str(out))
    assert lines(out / "tables" / "resources.csv")[0]["dataset"] == "null"


@pytest.mark.parametrize("name", NAMES)
def test_floors_keep_the_name_too(tmp_path, name):
    (tmp_path / "floors").mkdir()
    frame = pd.DataFrame([{"dataset": name, "task": "reconstruction", "floor": "null", "map": 0.5}])
    frame.to_csv(tmp_path / "floors" / "a.csv", index=False)
    collect.write_floors(tmp_path, tmp_path)
    floors = reading.read_floors(tmp_path / "floors.csv")
    assert floors.to_dict("records") == frame.to_dict("records")


def test_a_suite_without_a_data_set_is_refused():
    base = {"dataset": ""}
    suite = Suite(name="s", summary="", minutes=1, seeds=[0], base=base)
    with pytest.raises(HardballError, match="dataset: String should have at least 1 character"):
        plan.runs(suite)


def test_file_names_of_data_sets_differ():
    assert text.slug("wordnet_nouns.v3-x") == "wordnet_nouns.v3-x"
    assert len({text.slug(name) for name in [*NAMES, "a", "a_b", "a b", "a/b"]}) == len(NAMES) + 4


PATHS = [
    "a,b.csv",
    "x(1.csv",
    "1).csv",
    'say "x".csv',
    "a=b;c.csv",
    " x ",
    "",
    "2024",
    "null",
    "\n",
]


@pytest.mark.parametrize("file", PATHS)
def test_a_method_reads_back_whatever_its_text_holds(file):
    params = {"features": "file", "file": file}
    method = Method(name="similarity_hard", params=params).resolved("sampler")
    assert Method.read(str(method), "sampler") == method
    mixed = Method(name="mixture", params={"of": f"uniform 3 + {method} 1"}).resolved("sampler")
    assert Method.read(str(mixed), "sampler") == mixed
    spec = RunSpec(
        dataset="d", framework="jax", seed=0, sampler=mixed,
        hard=[Hard(sampler=method, negatives=2, after=0.1), Hard(sampler="siblings", negatives=1)],
        regularizers=["radius_penalty", {"name": "feature_reconstruction", **params}],
    )  # fmt: skip
    assert settings.from_columns(settings.columns(spec)) == spec


def test_text_columns_are_those_that_hold_text():
    assert {"dataset", "sampler", "hard", "label", "code_sha256", "stopped"} <= set(TEXT)
    assert not {"seed", "lr", "map", "threads", "compiled", "evaluator", "final_loss"} & set(TEXT)
