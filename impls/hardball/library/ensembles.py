"""Several embeddings of one hierarchy asked as one, and how many of them pay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hardball import __version__
from hardball.core import files
from hardball.core.errors import HardballError, unknown
from hardball.core.text import name_of
from hardball.hierarchy import closure as closures
from hardball.hierarchy.dag import Hierarchy
from hardball.hierarchy.splits import Split
from hardball.library.embedding import Embedding
from hardball.library.runs import embedding_of
from hardball.library.scoring import EXACT_UP_TO, SOURCES
from hardball.methods import registry
from hardball.methods.method import Method
from hardball.metrics import ensembles as metrics
from hardball.metrics import listing
from hardball.metrics.ensembles import RULES, Rule
from hardball.metrics.evaluate import EVALUATOR
from hardball.metrics.polar import Polar, to_polar
from hardball.report import rows
from hardball.runs import ensembles as kept
from hardball.runs.settings import SEPARATOR
from hardball.runs.spec import Suite
from hardball.runs.tables import write_table

RUN = "run_id"


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Embeddings asked as one, by a rule.

    names: of the members, in their order. alone: the figures of each by itself; growing: of the
    ensemble of the first 1, 2, ... of them. seed: of the task's split.
    """

    hierarchy: Hierarchy
    polars: Sequence[Polar]
    names: Sequence[str]
    by: Rule
    task: str
    seed: int
    alone: Sequence[Mapping[str, float]]
    growing: Sequence[Mapping[str, float]]

    @property
    def figures(self) -> Mapping[str, float]:
        """The metrics of all members together."""
        return self.growing[-1]

    def __getitem__(self, metric: str) -> float:
        return self.figures[metric]

    def scores(self, nodes: Any) -> np.ndarray:
        """How near all nodes are to some, low is near: float64 (n, N), rows as `distance`'s ids.

        By mean_distance the mean of the members' distances. Raises HardballError on unknown nodes.
        """
        return self._score(self._first.rows(nodes))

    def nearest(self, node: Any, k: int = 10) -> pd.DataFrame:
        """The k nodes nearest to a node: id, name, score; raises HardballError as `scores` does."""
        if k < 1:
            raise HardballError(f"k={k}, allowed are 1 or more")
        row = int(self._first.rows(node)[0])
        score = self._score(np.array([row]))[0]
        score[row] = np.inf
        near = np.argsort(score, kind="stable")[: min(k, len(score) - 1)]
        ids = [str(self.hierarchy.ids[each]) for each in near]
        named = [str(self.hierarchy.names[each]) for each in near]
        return pd.DataFrame({"id": ids, "name": named, "score": score[near]})

    def to_frame(self) -> pd.DataFrame:
        """A row a member, then a row for the first 1, 2, ... together: by, members, run, metrics.

        by is "" for a member alone.
        """
        lines = [
            {"by": "", "members": 1, "runs": name, **figures}
            for name, figures in zip(self.names, self.alone, strict=True)
        ]
        for count, figures in enumerate(self.growing, start=1):
            joined = SEPARATOR.join(self.names[:count])
            lines.append({"by": self.by, "members": count, "runs": joined, **figures})
        return pd.DataFrame(lines)

    @cached_property
    def _score(self) -> Any:
        return metrics.scorer(metrics.distinct(self.polars), self.by)

    @cached_property
    def _first(self) -> Embedding:
        """What knows the nodes by id and name."""
        return Embedding(self.hierarchy, np.zeros((self.hierarchy.n_nodes, 2)), "euclidean")


def ensemble(
    members: Sequence[Embedding | str | Path],
    *,
    by: str = "mean_distance",
    task: str | None = None,
    seed: int | None = None,
    dataset: str = "",
) -> Ensemble:
    """Scores embeddings of one hierarchy as one, exactly as one embedding is scored.

    members: embeddings, or what `hardball nearest` takes: files, names of runs. by: mean_distance,
    the mean of their distances, or rank_fusion, of their ranks by reciprocal rank fusion, which
    spaces of different scales want. task, seed: what is ranked, by default what the runs were
    trained for, and the seed of its split. dataset: what points files without a row embed.
    Raises HardballError on members of other nodes or tasks, and where one was trained on what
    another holds out.
    """
    if not members:
        raise HardballError("an ensemble of no members: name one run or more")
    if by not in RULES:
        raise unknown("rule", by, RULES)
    found = [m if isinstance(m, Embedding) else embedding_of(str(m), dataset) for m in members]
    names = [_name(member, each) for member, each in zip(members, found, strict=True)]
    h = found[0].hierarchy
    for name, each in zip(names, found, strict=True):
        if each.hierarchy.content_sha256 != h.content_sha256:
            raise HardballError(
                f"{name} embeds {each.hierarchy.name}, {names[0]} {h.name}: members of an ensemble "
                "embed the same nodes and edges"
            )
    asked = task or _task(found, names)
    split, of = _split(found, names, h, asked, seed)
    polars = [to_polar(each.points, each.manifold, each.c) for each in found]
    alone, growing = _figures(polars, by, h, split, of)  # type: ignore[arg-type]
    return Ensemble(h, polars, names, by, asked, of, alone, growing)  # type: ignore[arg-type]


def leave(found: Ensemble, folder: Path, label: str, number: int = 0) -> Path:
    """Adds an ensemble's rows to <folder>/ensembles.csv; returns its path.

    Rows of the same label, number, data set, task and rule are replaced.
    """
    path = folder / kept.FILE
    made = found.to_frame().assign(
        dataset=found.hierarchy.name, task=found.task, label=label, set=number, seed=found.seed,
        data_sha256=found.hierarchy.content_sha256, evaluator=EVALUATOR, hardball=__version__,
    )  # fmt: skip
    with files.explained(str(path), folder, "name with --out"), files.locked(path):
        before = rows.read_ensembles(path)
        keys = ["dataset", "task", "label", "set"]
        same = (before[keys].astype(str) == made[keys].iloc[0].astype(str)).all(axis=1)
        # What a member is worth alone does not depend on the rule: it is written once.
        same &= before["by"].isin(["", found.by])
        left = [part for part in (before[~same], made) if len(part)]
        write(path, pd.concat(left, ignore_index=True))
    return path


def of_suite(suite: Suite, folder: Path) -> Path:
    """Scores every ensemble that a suite plans into <folder>/ensembles.csv; returns its path.

    Raises HardballError where a suite plans none, and where a member has no points.
    """
    planned = kept.planned(suite)
    if not planned:
        raise HardballError(f"suite {suite.name} plans no ensembles: give it a key `ensembles`")
    path = folder / kept.FILE
    path.unlink(missing_ok=True)
    for asked, members in planned:
        points = [folder / "points" / f"{run.spec.run_id}.npz" for run in members.runs]
        lost = [each.stem for each in points if not each.is_file()]
        if lost:
            raise HardballError(
                f"{folder}: no points of {lost[0]}: train the suite, or leave a run that diverged "
                "out of its ensembles"
            )
        for rule in asked.by:
            leave(ensemble(points, by=rule), folder, members.label, members.number)
    return path


def _figures(
    polars: Sequence[Polar], by: Rule, h: Hierarchy, split: Split, seed: int
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """The figures of each member alone, and of the first 1, 2, ... together."""
    relations = closures.closure(h)
    sources = SOURCES if h.n_nodes > EXACT_UP_TO else None

    def of(some: Sequence[Polar]) -> dict[str, float]:
        return metrics.figures(some, by, h, split, relations, sources=sources, seed=seed)

    alone = [of([polar]) for polar in polars]
    return alone, [alone[0], *(of(polars[:count]) for count in range(2, len(polars) + 1))]


def _name(given: Embedding | str | Path, member: Embedding) -> str:
    """What a row calls a member: its run's id, or its file's name."""
    fallback = member.hierarchy.name if isinstance(given, Embedding) else Path(given).stem
    return str(member.settings.get(RUN) or fallback)


def _task(found: Sequence[Embedding], names: Sequence[str]) -> str:
    """The task that all members were trained for; raises HardballError where they differ."""
    tasks = [str(each.settings.get("task") or "reconstruction") for each in found]
    for name, task in zip(names, tasks, strict=True):
        if task != tasks[0]:
            raise HardballError(
                f"{name} was trained for {task}, {names[0]} for {tasks[0]}: members of an ensemble "
                "are trained for one task"
            )
    return tasks[0]


def _split(
    found: Sequence[Embedding], names: Sequence[str], h: Hierarchy, task: str, seed: int | None
) -> tuple[Split, int]:
    """What is held out, and the seed of that.

    Raises HardballError where a member has seen pairs that the split holds out, and where links
    are held out and a member tells them by cones.
    """
    asked = Method.read(task, "task")
    seeds = [int(each.settings.get("seed") or 0) for each in found]
    chosen = seeds[0] if seed is None else seed
    relations = closures.closure(h)
    build = registry.builder("task", asked.name)
    splits = {each: build(h, relations, each, **asked.params) for each in {chosen, *seeds}}
    for name, each, own in zip(names, found, seeds, strict=True):
        if not np.array_equal(splits[own].train, splits[chosen].train):
            raise HardballError(
                f"{name}: seed {own} holds other pairs out than seed {chosen}: members of an "
                f"ensemble of {asked.name} have one seed"
            )
        loss = name_of(str(each.settings.get("loss") or "infonce"))
        if splits[chosen].links and registry.entry("loss", loss).energy is not None:
            raise HardballError(f"{name}: loss {loss} tells links by cones, which have no ensemble")
    return splits[chosen], chosen


def write(path: Path, frame: pd.DataFrame) -> None:
    """Writes rows as ensembles.csv has them: what they are of, then metrics in their order."""
    metrics = listing.ordered(column for column in frame.columns if column not in kept.KEYS)
    write_table(path, frame.reindex(columns=[*kept.KEYS, *metrics]))
