"""claims.yaml: every claim with what is compared, and what would refute it; read and checked whole.

A side of a test is a filter: {column: value} over the rows of its suites. A method fits by its
name and the parameters that are given: `siblings(relative_to=positive)`.
"""

import datetime
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hardball.core import paths
from hardball.core.errors import HardballError, unknown
from hardball.core.text import read_yaml, split
from hardball.methods.method import Method
from hardball.methods.registry import KINDS, Kind
from hardball.metrics import listing
from hardball.report import rows
from hardball.report.claims.judge import Region
from hardball.runs import settings, suites
from hardball.runs.settings import SEPARATOR

FILE = "claims.yaml"
BASELINE = "baseline"
BASELINES = (
    "popularity", "closure_rule", "tree_distance", "drawing", "narrow_drawing", "sarkar", "h_mds",
    "untrained",
)  # fmt: skip
COLUMNS = ("dataset", "task", "framework", *rows.SETTINGS)
KIND_OF: dict[str, Kind] = {
    "regularizers": "regularizer",
    **{kind: kind for kind in KINDS if kind in COLUMNS},
}
SIDES = ("a", "b", "c", "d")

Value = str | int | float
Filter = dict[str, Value | list[Value]]
Measure = Literal["difference", "ratio", "level", "interaction", "agreement"]
NEEDED: Mapping[str, tuple[str, ...]] = {
    "difference": ("a", "b"), "ratio": ("a", "b"), "level": ("a",),
    "interaction": ("a", "b", "c", "d"), "agreement": ("a", "b"),
}  # fmt: skip


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Test(Strict):
    """One comparison: of which rows, by which metric, and where the effect has to lie.

    kind: difference a - b, ratio a / b, level of a alone, interaction (a - b) - (c - d), or
    agreement, Kendall's tau over methods between the metric of a and `metric_b` of b. Any of the
    four figures may be that of a baseline: {baseline: tree_distance}.
    """

    __test__ = False

    suites: list[str] = Field(min_length=1, description="whose rows are asked, in this order")
    metric: str
    metric_b: str = ""
    kind: Measure = "difference"
    budget: Literal["evaluations", "seconds", "passes", "none"] = "evaluations"
    tuned: bool = Field(default=True, description="each method had to choose its rate")
    where: Filter = Field(default={}, description="what the rows of both sides share")
    over: dict[str, list[Value]] = Field(description="asked for each value, crossed")
    a: Filter
    b: Filter = {}
    c: Filter = {}
    d: Filter = {}
    above: float | None = None
    below: float | None = None
    within: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        bounds = [key for key in ("above", "below", "within") if getattr(self, key) is not None]
        if len(bounds) != 1:
            raise ValueError("write one of above, below and within")
        if self.within is not None and not self.within > 0:
            raise ValueError(f"within {self.within:g}: allowed are numbers above 0")
        given = tuple(side for side in SIDES if getattr(self, side))
        if given != NEEDED[self.kind]:
            raise ValueError(f"kind {self.kind} compares {', '.join(NEEDED[self.kind])}")
        if "dataset" not in self.over:
            raise ValueError("over: name the data sets")
        return self

    @property
    def region(self) -> Region:
        for side in ("above", "below", "within"):
            bound = getattr(self, side)
            if bound is not None:
                return Region(side, float(bound))  # type: ignore[arg-type]
        raise AssertionError

    @property
    def sides(self) -> tuple[str, ...]:
        return NEEDED[self.kind]

    def cells(self) -> Iterator[dict[str, Value]]:
        """Every value of `over`, crossed: what the test is asked for, one after another."""
        keys = list(self.over)
        for values in itertools.product(*self.over.values()):
            yield dict(zip(keys, values, strict=True))

    @property
    def data(self) -> list[str]:
        return [str(name) for name in self.over["dataset"]]


class Claim(Strict):
    """A sentence, where it comes from, its tests, and what refutes it; fixed: the day it was."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    sentence: str = Field(min_length=1)
    source: str = Field(min_length=1)
    fixed: datetime.date | None = None
    refuted: str = Field(min_length=1, description="what refutes it, in words")
    tests: list[Test] = Field(min_length=1)


class Ledger(Strict):
    """All claims; planned: suites that are not written yet, and what each is to run.

    fixed: the day that claims were fixed which do not name another.
    """

    fixed: datetime.date
    planned: dict[str, str] = {}
    claims: list[Claim] = Field(min_length=1)


def place() -> Path:
    """The ledger of the checkout."""
    return paths.suites().parent / FILE


def read(path: Path | None = None) -> Ledger:
    """The ledger of a file, fully checked.

    Raises HardballError naming the claim and the key: unknown keys, suites, metrics, columns,
    methods and parameters, with what was meant, and a claim that stands twice.
    """
    path = place() if path is None else path
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise HardballError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not isinstance(content.get("claims"), list):
        raise HardballError(f"{path}: a ledger is a mapping with a list `claims`")
    _known_keys(path, content)
    try:
        ledger = Ledger.model_validate(content)
    except ValidationError as error:
        raise HardballError(f"{path}: {_named(content, error)}") from None
    seen: set[str] = set()
    for claim in ledger.claims:
        if claim.id in seen:
            raise HardballError(f"{path}: claim {claim.id!r} stands twice")
        seen.add(claim.id)
        for test in claim.tests:
            try:
                _check(test, ledger)
            except HardballError as error:
                raise HardballError(f"{path}: {claim.id}: {error}") from None
    dated = [one.model_copy(update={"fixed": one.fixed or ledger.fixed}) for one in ledger.claims]
    return ledger.model_copy(update={"claims": dated})


def _known_keys(path: Path, content: Mapping[str, Any]) -> None:
    """Raises HardballError on a key that the ledger, a claim or a test does not have."""
    _keys(path, "the ledger", content, Ledger)
    for claim in content["claims"]:
        if isinstance(claim, dict):
            named = str(claim.get("id", "a claim"))
            _keys(path, named, claim, Claim)
            for test in claim.get("tests") or []:
                if isinstance(test, dict):
                    _keys(path, named, test, Test)


def _keys(path: Path, what: str, given: Mapping[str, Any], model: type[BaseModel]) -> None:
    for key in given:
        if key not in model.model_fields:
            raise HardballError(f"{path}: {what}: {unknown('key', str(key), model.model_fields)}")


def _named(content: Mapping[str, Any], error: ValidationError) -> str:
    """The first thing wrong, by the claim's id where it lies in a claim."""
    where = error.errors(include_url=False)[0]["loc"]
    said = settings.first(error)
    if len(where) > 1 and where[0] == "claims" and isinstance(where[1], int):
        claim = content["claims"][where[1]]
        named = claim.get("id") if isinstance(claim, dict) else None
        return f"{named or f'claim {where[1] + 1}'}: {said}"
    return said


def _check(test: Test, ledger: Ledger) -> None:
    """Raises HardballError on names that nothing has."""
    known = [*suites.names(), *ledger.planned]
    for suite in test.suites:
        if suite not in known:
            raise unknown("suite", suite, known)
    for metric in filter(None, (test.metric, test.metric_b)):
        try:
            listing.metric(metric)
        except HardballError:
            raise unknown("metric", metric, (one.name for one in listing.metrics())) from None
    filters: Sequence[Mapping[str, Any]] = (
        test.where, test.over, *(getattr(test, side) for side in SIDES)
    )  # fmt: skip
    for each in filters:
        for column, value in each.items():
            _column(column, value)


def _column(column: str, value: Any) -> None:
    values = value if isinstance(value, list) else [value]
    if column == BASELINE:
        for name in values:
            if name not in BASELINES:
                raise unknown("baseline", str(name), BASELINES)
        return
    if column not in COLUMNS:
        raise unknown("column", column, (*COLUMNS, BASELINE))
    kind = KIND_OF.get(column)
    for text in values:
        if column == "hard":
            settings.read("hard", str(text))
        if kind is not None:
            for method in split(str(text), SEPARATOR):
                Method.read(method, kind)
        if isinstance(text, float) and math.isnan(text):
            raise HardballError(f"{column}: NaN is no value")
