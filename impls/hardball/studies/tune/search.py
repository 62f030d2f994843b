"""The search: asks for points, has their trials carried out, tells what they came to."""

import hashlib
import json
import math
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from hardball.core import files, optional
from hardball.core.errors import HardballError
from hardball.methods.parameter import Value
from hardball.runs import collect
from hardball.runs.code import code_sha256
from hardball.runs.row import Row
from hardball.runs.settings import SEPARATOR
from hardball.studies.tune import proposals, trials, workers
from hardball.studies.tune.plan import OF_VALIDATION, Study, Tuning, studies
from hardball.studies.tune.proposals import Proposal, Proposer, Told
from hardball.training import shared, trial
from hardball.training.train import EXACT_UP_TO

# Trials that must have ended before one is given up, and the part of a run before which none is.
PRUNE_FROM_TRIALS, PRUNE_FROM = 5, 1 / 3


@dataclass
class Running:
    """A study on its way: its points and figures by the number of their trials.

    nodes: of its data set's hierarchy. told: trials whose figures the proposer has; again: those of
    them whose rows were lost. busy: how many are being carried out.
    """

    study: Study
    proposer: Proposer
    nodes: int
    points: dict[int, dict[str, Any]] = field(default_factory=dict)
    rows: dict[int, list[Row]] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    again: list[Proposal] = field(default_factory=list)
    busy: int = 0
    ended: bool = False


@dataclass
class Search:
    """A search whose rows lie in a folder; jobs: processes; prune: see `_bars`.

    total, ended: trials there are to be, and those that ended; before: those that had ended when
    this process began, at the time `began`.
    """

    tuning: Tuning
    folder: Path
    jobs: int = 1
    prune: bool = False
    total: int = field(default=0, init=False)
    ended: int = field(default=0, init=False)
    before: int = field(default=0, init=False)
    began: float = field(default=0.0, init=False)

    def run(self) -> list[Running]:
        """Every study with all its trials; those of an earlier process are not trained again.

        Raises HardballError where trials cannot work, where the folder has another search, and
        without the package that a strategy needs.
        """
        tuning = self.tuning
        all_studies = studies(tuning)
        if self.prune:
            _check_prune(tuning)
        if tuning.strategy != "grid":
            optional.require("optuna", f"strategy {tuning.strategy}")
        self.total = tuning.trials * len(all_studies)
        with files.explained("results", self.folder, "name with --out"):
            self.folder.mkdir(parents=True, exist_ok=True)
        with files.locked(self.folder / "search"):
            nodes = self._checked(all_studies)
            running = [self._begun(study, nodes[study.dataset]) for study in all_studies]
            try:
                with workers.workers(self.jobs) as submit:
                    self._carry_on(running, submit)
            finally:
                for each in running:
                    each.proposer.close()
                self._collect(running)
        return running

    def _checked(self, all_studies: Sequence[Study]) -> dict[str, int]:
        """The nodes of each data set; raises HardballError where trials cannot work.

        Every study's first point is built, but not trained.
        """
        nodes: dict[str, int] = {}
        codes = []
        opened: dict[str, shared.Opened] = {}
        for study in all_studies:
            if study.dataset not in opened:
                opened[study.dataset] = shared.opened(study.dataset)
                nodes[study.dataset] = opened[study.dataset][0].n_nodes
            point = {each.path: each.ends()[0] for each in study.dimensions}
            spec = study.spec(point, self.tuning.framework, self.tuning.seeds[0])
            try:
                built = trial.problem_of(spec, opened[study.dataset], self.tuning.judged_by)
            except HardballError as error:
                raise HardballError(f"method {study.method!r}: {error}") from None
            if self.tuning.metric == "link_f1" and not built.split.links:
                raise HardballError(
                    f"metric link_f1 with task {spec.task}, which holds no links out: allowed are "
                    "map, mean_rank"
                )
            if self.tuning.metric == "precision_at_1000" and nodes[study.dataset] > EXACT_UP_TO:
                raise HardballError(
                    f"metric precision_at_1000 with {nodes[study.dataset]:,} nodes: all pairs of "
                    f"nodes are ranked together up to {EXACT_UP_TO:,}: take map or mean_rank"
                )
            codes.append(f"{code_sha256(spec)}{built.whole.content_sha256}")
        self._same_search(all_studies, codes)
        return nodes

    def _same_search(self, all_studies: Sequence[Study], codes: Sequence[str]) -> None:
        """Notes what is searched; raises HardballError where the folder has another search."""
        tuning = self.tuning
        of_grid = tuning.trials if tuning.strategy == "grid" else 0
        asked = [of_grid, tuning.column, tuning.seeds, tuning.framework, self.prune]
        now = {
            "search": _digest([*asked, *(repr(study) for study in all_studies)]),
            "code and data": _digest(codes),
        }
        before = trials.read_state(self.folder)
        for what, said in now.items():
            if before.get(what, said) != said:
                raise HardballError(
                    f"{self.folder} has trials of another {what}: name another folder with --out, "
                    "or delete it"
                )
        trials.write_state(self.folder, now)

    def _begun(self, study: Study, nodes: int) -> Running:
        done = trials.rows_of(self.folder, study)
        proposer = proposals.proposer(self.tuning, study, self.folder / "optuna.sqlite")
        told = proposer.told()
        points = dict(told)
        lost = [each for each in told if each.number not in done]
        return Running(study, proposer, nodes, points, done, set(points), lost)

    def _carry_on(self, running: Sequence[Running], submit: workers.Submit) -> None:
        self.ended = self.before = sum(len(each.rows) for each in running)
        if self.before:
            _say(f"{self.before} of {self.total} trials are done, going on")
        self.began = time.monotonic()
        pending: dict[Future[Any], tuple[Running, Proposal]] = {}
        while True:
            for each in self._free(running):
                if len(pending) >= self.jobs:
                    break
                proposal = self._next(each)
                if proposal is not None:
                    each.busy += 1
                    order = self._order(each, proposal)
                    pending[submit(trials.carry_out, order)] = each, proposal
            if not pending:
                return
            for done in wait(pending, return_when=FIRST_COMPLETED).done:
                each, proposal = pending.pop(done)
                each.rows[proposal.number] = workers.result(done)
                each.busy -= 1
                self._tell(each, proposal)
                self.ended += 1
                self._show(each, proposal)

    def _free(self, running: Sequence[Running]) -> Iterable[Running]:
        """The studies that may have one more trial, those with the fewest first.

        One at a time, where what is proposed or pruned depends on those before it: so rows do not
        depend on the number of processes.
        """
        alone = self.prune or self.tuning.strategy != "grid"
        while True:
            free = [each for each in running if not each.ended and not (alone and each.busy)]
            if not free:
                return
            yield min(free, key=lambda each: len(each.points))

    def _next(self, each: Running) -> Proposal | None:
        """A study's next proposal without rows; those that have them are told at once."""
        if each.again:
            return each.again.pop(0)
        while (proposal := each.proposer.ask()) is not None:
            each.points[proposal.number] = proposal.point
            if proposal.number not in each.rows:
                return proposal
            self._tell(each, proposal)
        each.ended = True
        count = len(each.rows) + each.busy
        if count < self.tuning.trials:
            _say(f"{each.study.name}: ends after {count} trials, nothing new was proposed")
        return None

    def _order(self, each: Running, proposal: Proposal) -> trials.Order:
        tuning, study = self.tuning, each.study
        try:
            specs = [study.spec(proposal.point, tuning.framework, s) for s in tuning.seeds]
        except HardballError as error:
            raise HardballError(f"{study.name}, trial {proposal.number}: {error}") from None
        return trials.Order(
            tuple(specs),
            self.folder,
            trials.stem(study, proposal.number),
            tuning.suite,
            f"{study.method} trial {proposal.number}",
            tuning.judged_by,
            tuning.metric if self.prune else "map",
            tuning.better == "min",
            self._bars(each) if self.prune else None,
            tuning.metric == "precision_at_1000",
        )

    def _bars(self, each: Running) -> trials.Bars:
        """The median of the study's whole trials at every epoch, of each seed.

        Source: the median stopping rule, Golovin et al. 2017, Google Vizier, section 3.2.
        """
        whole = [n for n, rows in sorted(each.rows.items()) if not pruned(rows)]
        if len(whole) < PRUNE_FROM_TRIALS:
            return {}
        found: dict[int, dict[int, list[float]]] = {}
        for number in whole:
            from_epoch = PRUNE_FROM * each.rows[number][0].spec.epochs
            for seed, curve in self._curve(each, number).items():
                for epoch, value in curve.items():
                    if epoch >= from_epoch:
                        found.setdefault(seed, {}).setdefault(epoch, []).append(value)
        return {
            seed: {epoch: median(values) for epoch, values in epochs.items()}
            for seed, epochs in found.items()
        }

    def _curve(self, each: Running, number: int) -> dict[int, dict[int, float]]:
        return trials.curve_of(self.folder, trials.stem(each.study, number), self.tuning.metric)

    def _tell(self, each: Running, proposal: Proposal) -> None:
        if proposal.number in each.told:
            return
        each.told.add(proposal.number)
        rows = each.rows[proposal.number]
        given_up = pruned(rows)
        curve: dict[int, float] = {}
        if self.prune:
            curve = next(iter(self._curve(each, proposal.number).values()), {})
        value = value_of(self.tuning, rows, each.nodes)
        each.proposer.tell(proposal.number, Told(value, given_up, curve))

    def _show(self, each: Running, proposal: Proposal) -> None:
        """A line on a trial that ended, the best so far and what is left."""
        rows = each.rows[proposal.number]
        spent = time.monotonic() - self.began
        left = spent / (self.ended - self.before) * (self.total - self.ended)
        value = value_of(self.tuning, rows, each.nodes)
        what = "pruned at" if pruned(rows) else self.tuning.column
        _say(
            f"{self.ended} of {self.total}, {_span(left)} left: {each.study.name}, "
            f"trial {proposal.number}: {said(proposal.point)}: {what} {value:.4g}"
        )

    def _collect(self, running: Sequence[Running]) -> None:
        """runs.csv of all trials; a run that two trials share stands there once, with both names.

        Nothing where no trial has ended.
        """
        rows: dict[str, Row] = {}
        for each in running:
            for _, trial_rows in sorted(each.rows.items()):
                for row in trial_rows:
                    known = rows.get(row.run_id)
                    names = [known.label, row.label] if known else [row.label]
                    label = SEPARATOR.join(dict.fromkeys(names))
                    rows[row.run_id] = row.model_copy(update={"label": label})
        if rows:
            collect.write_runs(self.folder / "runs.csv", list(rows.values()))


def value_of(tuning: Tuning, rows: Sequence[Row], nodes: int) -> float:
    """The mean of a trial's figures over its seeds; a run that diverged counts as the worst."""
    worst = 0.0 if tuning.better == "max" else float(nodes)
    figures = [row.metrics.get(tuning.column) for row in rows]
    known = [worst if f is None or not math.isfinite(f) else f for f in figures]
    return sum(known) / len(known)


def pruned(rows: Sequence[Row]) -> bool:
    """Whether a trial was given up before its end."""
    return any(row.outcome.stopped == "pruned" for row in rows)


def said(point: dict[str, Value]) -> str:
    """A point to read: `lr=0.4 sampler.k=2`."""
    return " ".join(
        f"{path}={value:g}" if isinstance(value, float) else f"{path}={value}"
        for path, value in point.items()
    )


def _check_prune(tuning: Tuning) -> None:
    if tuning.metric in OF_VALIDATION:
        raise HardballError(f"--prune watches map or mean_rank, not {tuning.metric}: leave it out")
    for study in studies(tuning):
        if not study.values.get("eval_every"):
            raise HardballError(
                f"--prune needs evaluations on the way: set eval_every in the base of {tuning.name}"
            )


def _digest(parts: Sequence[object]) -> str:
    text = json.dumps([str(part) for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()


def _span(seconds: float) -> str:
    """About how long: "40 s", "5 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
