"""Which points a search tries: those of a grid, or those that Optuna proposes.

Both can be asked again after the process was killed: what was proposed and has no figure comes
first, under its old number, and nothing is proposed twice.
"""

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from hardball.core import optional
from hardball.studies.tune import space
from hardball.studies.tune.plan import Study, Tuning
from hardball.studies.tune.space import Dimension, Point

# Proposals in turn that were tried before, after which a space counts as exhausted.
MOST_REPEATS = 300
# What Optuna keeps of a trial beside its parameters.
_NUMBER, _POINT = "number", "point"


class Proposal(NamedTuple):
    """A point to try, and its number among the trials of its study."""

    number: int
    point: Point


class Told(NamedTuple):
    """What a trial came to: its figure, and those of its evaluations by epoch.

    pruned: whether it was given up before its end, so that the figure is that of the last one.
    """

    value: float
    pruned: bool = False
    curve: Mapping[int, float] = {}


class Proposer(Protocol):
    """One study's proposals, those of an earlier process that it told of nothing first."""

    def told(self) -> list[Proposal]: ...
    def ask(self) -> Proposal | None: ...
    def tell(self, number: int, told: Told) -> None: ...
    def close(self) -> None: ...


class Grid:
    """The points of a grid in order."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._left = iter([Proposal(number, point) for number, point in enumerate(points)])

    def told(self) -> list[Proposal]:
        """What an earlier process told of: a grid keeps nothing, and proposes all anew."""
        return []

    def ask(self) -> Proposal | None:
        """The next point; None after the last."""
        return next(self._left, None)

    def tell(self, number: int, told: Told) -> None:
        """A grid has no use for figures."""

    def close(self) -> None:
        """A grid keeps nothing open."""


class Optuna:
    """A study of Optuna in a SQLite file; a proposal is a function of seed and of what was told.

    The sampler begins anew with every proposal, seeded by its place, so that a search that was
    killed goes on as one that was not.
    Sources: Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization (TPE); Akiba et al.
    2019, Optuna.
    """

    def __init__(self, file: Path, study: Study, tuning: Tuning) -> None:
        """Opens the study, or begins it. Raises HardballError without Optuna's package."""
        self._optuna = optional.load("optuna", f"strategy {tuning.strategy}")
        if tuning.strategy == "gp":
            optional.require("torch", "strategy gp")
        self.tuning, self.dimensions = tuning, study.dimensions
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._quiet():
            # Waits where another process has the file for a moment.
            waits = {"connect_args": {"timeout": 60}}
            self._storage = self._optuna.storages.RDBStorage(
                f"sqlite:///{file}", engine_kwargs=waits
            )
            self._study = self._optuna.create_study(
                storage=self._storage,
                study_name=f"{study.dataset}/{study.method}",
                direction="maximize" if tuning.better == "max" else "minimize",
                load_if_exists=True,
            )
        self._asked: dict[int, Any] = {}

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """Without Optuna's log, and its warnings that samplers are experimental."""
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            yield

    def _sampler(self, place: int) -> Any:
        seed = (self.tuning.seeds[0] * 1_000_003 + place) % 2**32
        begin = max(1, min(10, self.tuning.trials // 3))
        samplers = self._optuna.samplers
        kind = samplers.TPESampler if self.tuning.strategy == "tpe" else samplers.GPSampler
        return kind(seed=seed, n_startup_trials=begin)

    def told(self) -> list[Proposal]:
        """What an earlier process proposed and told of."""
        with self._quiet():
            trials = self._study.get_trials(deepcopy=False)
        known = [t.user_attrs for t in trials if _NUMBER in t.user_attrs and t.state.is_finished()]
        return [Proposal(attrs[_NUMBER], json.loads(attrs[_POINT])) for attrs in known]

    def ask(self) -> Proposal | None:
        """The next proposal; None when all trials are proposed, or nothing new comes up."""
        with self._quiet():
            for _ in range(MOST_REPEATS):
                trials = self._study.get_trials(deepcopy=False)
                kept = [t for t in trials if _NUMBER in t.user_attrs]
                waiting = [t for t in trials if not t.state.is_finished()]
                waiting = [t for t in waiting if t.number not in self._asked]
                if waiting and _NUMBER in waiting[0].user_attrs:
                    known = waiting[0]
                    self._asked[known.number] = known.user_attrs[_NUMBER]
                    return Proposal(known.user_attrs[_NUMBER], json.loads(known.user_attrs[_POINT]))
                if len(kept) >= self.tuning.trials:
                    return None
                place = waiting[0].number if waiting else len(trials)
                self._study.sampler = self._sampler(place)
                if waiting:
                    trial = self._optuna.trial.Trial(self._study, waiting[0]._trial_id)
                else:
                    trial = self._study.ask()
                proposal = self._admitted(trial, kept)
                if proposal is not None:
                    self._asked[place] = proposal.number
                    return proposal
            return None

    def _admitted(self, trial: Any, kept: Sequence[Any]) -> Proposal | None:
        """The trial as a proposal; None, and told at once, where its point was tried before."""
        point = {each.path: _suggested(trial, each) for each in self.dimensions}
        text = json.dumps(point, sort_keys=True)
        same = [each for each in kept if each.user_attrs[_POINT] == text]
        if same and same[0].state == self._optuna.trial.TrialState.COMPLETE:
            self._study.tell(trial, same[0].value)
        elif same:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        if same:
            return None
        # The number comes last: a trial without it was killed before it was handed out.
        trial.set_user_attr(_POINT, text)
        trial.set_user_attr(_NUMBER, len(kept))
        return Proposal(len(kept), point)

    def tell(self, number: int, told: Told) -> None:
        """A trial's figure."""
        place = next(place for place, known in self._asked.items() if known == number)
        with self._quiet():
            trial = self._study.get_trials(deepcopy=False)[place]
            for epoch, value in told.curve.items():
                self._storage.set_trial_intermediate_value(trial._trial_id, epoch, value)
            if told.pruned:
                self._study.tell(place, state=self._optuna.trial.TrialState.PRUNED)
            else:
                self._study.tell(place, told.value)

    def close(self) -> None:
        """Lets the file go."""
        self._storage.remove_session()
        self._storage.engine.dispose()


def _suggested(trial: Any, each: Dimension) -> Any:
    """A dimension's value of a trial of Optuna, which knows lists by the places in them."""
    if each.values:
        place = trial.suggest_categorical(each.path, list(range(len(each.values))))
        return each.values[place]
    if each.whole:
        low, high = int(each.low), int(each.high)
        return trial.suggest_int(each.path, low, high, log=each.log)
    return each.typed(trial.suggest_float(each.path, each.low, each.high, log=each.log))


def proposer(tuning: Tuning, study: Study, file: Path) -> Proposer:
    """What proposes a study's points; file: where Optuna keeps its studies."""
    if tuning.strategy == "grid":
        return Grid(space.grid(study.dimensions, tuning.trials, tuning.seeds[0]))
    return Optuna(file, study, tuning)
