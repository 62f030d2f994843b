"""Snakemake's `--logger hardball`: the course of a suite in few lines, see hardball.runs.progress.

Snakemake finds it by its name wherever PYTHONPATH leads here.
"""

import logging

from rich.console import Console
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from hardball.runs import progress


class LogHandler(LogHandlerBase):
    """Hands what happens to `progress.Watch`; what went wrong is printed as Snakemake words it."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        self.watch = progress.Watch(Console(stderr=True))

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            counts = dict(record.stats)
            counts.pop("total", None)
            self.watch.start(counts)
        elif event == LogEvent.JOB_INFO:
            found = dict(record.wildcards or {})
            if record.rule_name == "train":
                job = found["suite"], f"{found['config']}-{found['framework']}"
                self.watch.begin(record.jobid, record.rule_name, job)
            else:
                self.watch.begin(record.jobid, record.rule_name)
        elif event == LogEvent.JOB_FINISHED:
            self.watch.finish(record.job_id)
        elif record.levelno >= logging.WARNING:
            self.watch.say(self.format(record))

    def close(self) -> None:
        self.watch.stop()
        super().close()
