"""`make bench-compare`: which changes are regressions, and what is measured."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "measure.py"
pytest.importorskip("asv")
spec = importlib.util.spec_from_file_location("measure", SCRIPT)
measure = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measure)

OLD, NEW = "a" * 40, "b" * 40
SUITE = '''
"""A suite of one kernel."""
from toy import work


class Toy:
    params = [["fast", "slow"]]
    param_names = ["kernel"]
    repeat = (5, 5, 1.0)
    rounds = 1

    def time_call(self, kernel):
        work(kernel)
'''


def samples(seconds):
    """Eight timings within two percent."""
    return [seconds * (1 + 0.002 * i) for i in range(8)]


@pytest.fixture
def results(tmp_path):
    """(old, new, **columns of both) -> an asv configuration with the results of two commits.

    A timing is its seconds, None where the kernel failed, NaN where it was skipped.
    """
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    config = tmp_path / "asv.conf.json"
    folder = tmp_path / "results"
    config.write_text(
        json.dumps({"version": 1, "repo": ".", "branches": ["main"], "results_dir": str(folder)})
    )
    (folder / "local").mkdir(parents=True)
    (folder / "local" / "machine.json").write_text('{"machine": "local", "version": 1}')
    name = "timings.Toy.time_call"
    entry = {"name": name, "params": [], "unit": "seconds", "version": "1", "param_names": []}
    (folder / "benchmarks.json").write_text(json.dumps({name: entry, "version": 2}))

    def write(old, new, *, spread=samples, versions=("1", "1")):
        for commit, value, version in zip((OLD, NEW), (old, new), versions, strict=True):
            row = [[value], [], version, 0, 1.0]
            if value and value == value:
                drawn = spread(value)
                edges = [min(drawn)], [max(drawn)]
                row += [*edges, *edges, [1], [len(drawn)], [drawn]]
            (folder / "local" / f"{commit[:8]}-env.json").write_text(
                json.dumps(
                    {
                        "commit_hash": commit,
                        "env_name": "env",
                        "date": 0,
                        "params": {"machine": "local"},
                        "python": "3.11",
                        "requirements": {},
                        "env_vars": {},
                        "result_columns": COLUMNS,
                        "results": {name: row},
                        "durations": {},
                        "version": 2,
                    }
                )
            )
        return config

    return write


COLUMNS = [
    *("result", "params", "version", "started_at", "duration"),
    *("stats_ci_99_a", "stats_ci_99_b", "stats_q_25", "stats_q_75"),
    *("stats_number", "stats_repeat", "samples"),
]


def git(folder, *arguments):
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [
        (1.0, 1.30, True),
        (1.0, 1.20, False),
        (1.0, 0.50, False),
        (1.0, None, True),
        (None, 1.0, False),
        (float("nan"), 1.0, False),
        (1.0, float("nan"), False),
    ],
    ids=["slower", "slightly slower", "faster", "fails now", "mended", "new", "gone"],
)
def test_a_regression_is_slower_by_more_than_a_quarter_or_fails(results, old, new, worse, capsys):
    named = ["timings.Toy.time_call"] if worse else []
    assert measure.worsened(results(old, new), OLD, NEW, 1.25) == named
    shown = capsys.readouterr().out
    assert ("timings.Toy.time_call" in shown) == (worse or new == 0.5)


def test_samples_that_overlap_are_no_regression(results):
    def wide(seconds):
        return [seconds * share for share in (0.2, 0.6, 0.8, 1.0, 1.2, 1.4, 3.0, 5.0)]

    assert measure.worsened(results(1.0, 1.3, spread=wide), OLD, NEW, 1.25) == []


def test_a_commit_without_results_is_named(results):
    config = results(1.0, 1.0)
    with pytest.raises(measure.Failed, match="Did not find results for commit cccc"):
        measure.worsened(config, OLD, "c" * 40, 1.25)


def test_another_definition_of_a_kernel_is_not_compared(results):
    assert measure.worsened(results(1.0, 2.0, versions=("1", "2")), OLD, NEW, 1.25) == []


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A repository with a package of one function, its asv suite, and two commits.

    The first takes 2 ms for "fast" and "slow", the second 6 ms for "slow".
    """
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    root = tmp_path / "repository"
    suite = root / "benchmarks" / "speed"
    suite.mkdir(parents=True)
    (suite / "__init__.py").touch()
    (suite / "toys.py").write_text(SUITE)
    config = json.loads((ROOT / "benchmarks" / "asv.conf.json").read_text())
    (root / "benchmarks" / "asv.conf.json").write_text(json.dumps(config))
    package = root / "impls" / "toy"
    package.mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    for seconds in (0.002, 0.006):
        body = f"    time.sleep({seconds} if kernel == 'slow' else 0.002)\n"
        (package / "__init__.py").write_text(f"import time\n\n\ndef work(kernel):\n{body}")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", f"slow takes {seconds} s")
    return root


def called(root, *arguments):
    config = str(root / "benchmarks" / "asv.conf.json")
    command = [sys.executable, str(SCRIPT), "--config", config, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ)
    )


def timed(path):
    """Seconds of "fast" and "slow", None where it was not measured."""
    values = json.loads(path.read_text())["results"]["toys.Toy.time_call"][0]
    return [None if value is None or value != value else value for value in values]


def test_a_row_that_looks_worse_once_is_no_regression(monkeypatch, tmp_path):
    """The first comparison finds two rows, the second measures these alone and finds none."""
    asked = []

    def judged(given, folder, sides, bench, rounds, factor):
        asked.append((folder.name, bench, rounds))
        return ["a.B.time_c(1, 'x')", "d"] if folder.name == "first" else []

    given = {"repo": str(tmp_path), "env_dir": str(tmp_path / "env")}
    monkeypatch.setattr(measure, "settings", lambda config: given)
    monkeypatch.setattr(measure, "commit_of", lambda repository, name: name)
    monkeypatch.setattr(measure, "name_machine", lambda: None)
    monkeypatch.setattr(measure, "checkout", lambda repository, commit: nullcontext(tmp_path))
    monkeypatch.setattr(measure, "judged", judged)
    assert measure.compare(tmp_path / "asv.conf.json", "main", "B") == 0
    assert asked[0] == ("first", ["B"], 2)
    (name, bench, rounds) = asked[1]
    assert (name, rounds) == ("again", 3)
    assert [bool(re.search(bench[0], text)) for text in ("a.B.time_c(1, 'x')", "a.B.time_c")] == [
        *(True, False)
    ]


@pytest.mark.full
def test_compare_exits_1_on_a_slowdown_and_0_without(toy):
    slower = called(toy, "compare", "HEAD~1", "--rounds", "1")
    assert slower.returncode == 1, slower.stdout + slower.stderr
    rows = [line for line in slower.stdout.splitlines() if line.startswith("| +")]
    # Seen once, measured again, seen again.
    assert len(rows) == 2
    assert all("toys.Toy.time_call('slow')" in row for row in rows)
    assert "measuring again what looks worse: 1 rows" in slower.stdout
    # No worktree is left behind.
    listed = subprocess.run(
        ["git", "-C", str(toy), "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == 1

    first, again = (
        next((toy / "benchmarks" / ".asv" / "compare" / name).glob("results/local/*-existing-*"))
        for name in ("first", "again")
    )
    fast, slow = timed(again)
    assert None not in timed(first)
    assert fast is None
    assert slow is not None

    unchanged = called(toy, "compare", "HEAD~1", "--rounds", "1", "--bench", "fast")
    assert unchanged.returncode == 0, unchanged.stdout + unchanged.stderr


def test_run_keeps_figures_of_what_is_committed(toy):
    # 6 ms are committed; 20 ms that are not are left out.
    (toy / "impls" / "toy" / "__init__.py").write_text(
        "import time\n\n\ndef work(kernel):\n    time.sleep(0.02)\n"
    )
    ended = called(toy, "run", "--bench", "slow")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "not committed are not measured" in ended.stderr
    (path,) = (toy / "benchmarks" / ".asv" / "results" / "local").glob("*-existing-*.json")
    found = json.loads(path.read_text())
    machine = json.loads(path.with_name("machine.json").read_text())
    assert machine["machine"] == "local"
    assert machine["num_cpu"] == str(os.cpu_count())
    head = measure.commit_of(toy, "HEAD")
    assert found["commit_hash"] == head
    fast, slow = timed(path)
    assert fast is None
    assert 0.006 <= slow < 0.02


def test_a_quick_look_at_no_kernel_is_refused():
    command = [sys.executable, str(SCRIPT), "quick", "--bench", "nonesuch"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("measure: no kernel matches 'nonesuch'")


@pytest.mark.parametrize(
    ("base", "said"), [("HEAD", "HEAD is HEAD itself"), ("nonesuch", "git rev-parse")]
)
def test_a_base_that_cannot_be_compared_is_named(toy, base, said):
    ended = called(toy, "compare", base)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
