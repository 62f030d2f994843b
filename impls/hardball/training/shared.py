"""What runs on one hierarchy share: samplers' arrays, nodes' features, lists of similar nodes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hardball.data.features import Features, features
from hardball.data.store import open_hierarchy
from hardball.hierarchy.closure import Csr, closure
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import facts, registry
from hardball.methods.method import Method
from hardball.methods.samplers.compose import Part
from hardball.methods.samplers.nearest import Lists

Index = dict[str, np.ndarray]


class Shared:
    """Arrays and features that one run leaves for the next, such as those of another seed.

    What the next run does not ask for is let go before anything is built for it, so that there is
    never more than one run needs.
    """

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._known: Csr | None = None
        self._indexes: dict[str, Index] = {}
        self._features: dict[tuple[str, str], Features] = {}
        self._lists: Lists = {}

    def indexes(
        self, parts: Sequence[Part], known: Csr, methods: Sequence[Method] = ()
    ) -> tuple[Index, ...]:
        """The arrays of each sampler: those of the run before where `known` is equal to its own.

        methods: others of the run that take features, which are kept as well. Raises HardballError
        where a builder does.
        """
        if not _equal(self._known, known):
            self._indexes, self._lists = {}, {}
        self._known = known
        names = [f"{part.negatives} {part.method}" for part in parts]
        drawn_by = by_features(parts)
        kinds = [*drawn_by, *(_features(method) for method in methods)]
        self._lists = {key: one for key, one in self._lists.items() if key[:2] in drawn_by}
        self._indexes = {n: index for n, index in self._indexes.items() if n in names}
        self._features = {kind: f for kind, f in self._features.items() if kind in kinds}
        for name, part in zip(names, parts, strict=True):
            if name not in self._indexes:
                self._indexes[name] = self._build(part, known)
        return tuple(self._indexes[name] for name in names)

    def features(self, of: str, file: str) -> Features:
        """See `hierarchy.features.features`."""
        if (of, file) not in self._features:
            self._features[of, file] = features(self._hierarchy, of, file)
        return self._features[of, file]

    def _build(self, part: Part, known: Csr) -> Index:
        build = registry.builder("sampler", part.method.name)
        given = facts.options(build, {"look_up": self.features, "lists": self._lists})
        return build(
            self._hierarchy, known, negatives=part.negatives, **part.method.params, **given
        )


def by_features(parts: Sequence[Part]) -> list[tuple[str, str]]:
    """Kind and file of the features that each sampler draws by; only of those that draw so."""
    return [_features(part.method) for part in parts if "features" in part.method.params]


def _features(method: Method) -> tuple[str, str]:
    return str(method.params["features"]), str(method.params["file"])


def _equal(left: Csr | None, right: Csr) -> bool:
    if left is None or left is right:
        return left is right
    same = np.array_equal(left.indptr, right.indptr)
    return same and np.array_equal(left.indices, right.indices)


class Opened(NamedTuple):
    """A data set as runs share it: the hierarchy, its closure, what samplers build of it."""

    hierarchy: Hierarchy
    closure: Csr
    shared: Shared


def opened(dataset: str, hierarchy: Hierarchy | None = None) -> Opened:
    """A data set by its name, or what a person handed over in its place."""
    found = open_hierarchy(dataset) if hierarchy is None else hierarchy
    return Opened(found, closure(found), Shared(found))
