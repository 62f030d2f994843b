"""What a suite prints while it runs, by a clock that stands still between two jobs."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from hardball.core import paths
from hardball.runs import plan, progress, suites


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture(autouse=True)
def _named():
    progress.name_jobs([suites.load("quick")], paths.root() / "nowhere")
    yield
    progress.NAMES.clear()


def said(screen: Console) -> list[str]:
    return screen.file.getvalue().splitlines()


def quick_job(position: int):
    return plan.jobs(suites.load("quick"))[position]


def test_jobs_are_called_by_what_they_stand_for_in_their_suite():
    titles = [progress.title(job) for job in plan.jobs(suites.load("quick"))]
    assert titles[:3] == [
        "wordnet_mammals · uniform · JAX",
        "wordnet_mammals · uniform · PyTorch",
        "wordnet_mammals · degree · JAX",
    ]
    assert "wordnet_mammals · pool, fade 0.01 · JAX" in titles
    assert "wordnet_mammals · pool, hard 8 siblings(positive) · JAX" in titles
    assert "wordnet_mammals · pool · JAX" in titles
    assert len(set(titles)) == len(titles)


def fill(seconds: list[float], done: int = 0) -> None:
    """One suite whose jobs may take so long; the first `done` of them have rows."""
    progress.NAMES.clear()
    for place, each in enumerate(seconds):
        progress.NAMES["s", str(place)] = progress.Named(lambda: "a job", each, place < done)


def test_the_start_says_how_long_it_takes(screen):
    fill([6.0] * 40)
    progress.Watch(screen).start({"train": 40, "collect": 1, "all": 1})
    assert said(screen) == ["40 trainings to run, up to 4 min on two cores"]


def test_what_has_rows_takes_no_time_again(screen):
    fill([600.0] * 5 + [20.0] * 3, done=5)
    progress.Watch(screen).start({"train": 3, "all": 1})
    assert said(screen) == ["3 trainings to run, up to 60 s on two cores"]


def test_jobs_that_run_again_take_their_share(screen):
    fill([6.0] * 40, done=40)
    progress.Watch(screen).start({"train": 10, "all": 1})
    assert said(screen) == ["10 trainings to run, up to 60 s on two cores"]


def test_what_is_left_goes_by_what_jobs_were_to_take(screen):
    """Four short jobs took twice what they were to take, so four long ones are given twice too."""
    fill([900.0] * 4 + [1800.0] * 4)
    clock = Clock()
    watch = progress.Watch(screen, clock)
    watch.start({"train": 8})
    for number in range(4):
        watch.begin(number, "train", ("s", str(number)))
        clock.now += 1800
        watch.finish(number)
    # Twice two hours, and 15 % of the two that have passed.
    assert said(screen)[-1] == "  4/8  a job  (2 h 0 min done, 4 h 18 min left)"


def test_a_run_without_trainings_announces_none(screen):
    watch = progress.Watch(screen)
    watch.start({"plots": 1, "all": 1})
    assert said(screen) == []


def test_each_job_is_named_as_it_ends_with_what_is_left(screen):
    """Eight trainings of ten seconds: after four, four more and their share of the rest."""
    clock = Clock()
    watch = progress.Watch(screen, clock)
    watch.start({"train": 8, "collect": 1})
    for number in range(4):
        watch.begin(number, "train", ("quick", quick_job(2 * number).stem))
        clock.now += 10
        watch.finish(number)
    assert said(screen)[1:] == [
        "  1/9  wordnet_mammals · uniform · JAX",
        "  2/9  wordnet_mammals · degree · JAX",
        "  3/9  wordnet_mammals · siblings · JAX",
        # 10 x 4 + 15 % of 40, rounded up
        "  4/9  wordnet_mammals · siblings(relative_to=positive) · JAX  (50 s left)",
    ]


def test_seconds_are_rounded_up():
    assert [progress.minutes(s) for s in (1, 10, 61, 90, 121, 3600, 7441)] == [
        "10 s", "10 s", "70 s", "2 min", "3 min", "1 h 0 min", "2 h 5 min",
    ]  # fmt: skip


def test_a_lock_that_is_left_has_a_way_out(screen):
    watch = progress.Watch(screen)
    watch.say("Error: Directory cannot be locked. ... rerun with the --unlock argument.")
    assert said(screen)[-1].endswith("then `make unlock`")


def test_the_plug_in_of_snakemake_tells_it_all(monkeypatch, screen):
    """Records as Snakemake's logger sends them."""
    folder = paths.root() / "benchmarks" / "workflow" / "logger"
    monkeypatch.syspath_prepend(str(folder))
    plugin = __import__("snakemake_logger_plugin_hardball")
    events = sys.modules["snakemake_interface_logger_plugins.common"].LogEvent
    handler = plugin.LogHandler(SimpleNamespace(), None)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.watch.console = screen
    job = quick_job(0)

    def send(event, level=logging.INFO, message="", **fields):
        record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
        vars(record).update(event=event, **fields)
        handler.emit(record)

    send(events.RUN_INFO, stats={"train": 1, "all": 1, "total": 2})
    wildcards = {"suite": "quick", "config": job.config_id, "framework": "jax"}
    send(events.JOB_INFO, jobid=7, rule_name="train", wildcards=wildcards)
    send(events.PROGRESS, done=0, total=2)
    send(events.JOB_FINISHED, job_id=7)
    send(events.ERROR, logging.ERROR, "one job failed")
    handler.close()
    assert said(screen) == [
        "1 training to run, up to 10 s on two cores",
        "  1/2  wordnet_mammals · uniform · JAX",
        "one job failed",
    ]
