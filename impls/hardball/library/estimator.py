"""`fit` in the shape of scikit-learn: settings at first, `fit`, `transform`."""

import inspect
from typing import Any, Self

import numpy as np

from hardball.core.errors import HardballError
from hardball.library.embedding import Embedding
from hardball.library.fit import SECONDS, fit


class HyperbolicEmbedding:
    """Points of a hierarchy's nodes as a transformer; parameters as of `hardball.fit`.

    space: of the coordinates that `transform` gives, see `Embedding.to_frame`. `fit` takes what
    `hardball.fit` takes as data; embedding_ is then the `Embedding`. It has `get_params` and
    `set_params`, so that scikit-learn clones it and puts it into pipelines.
    """

    def __init__(
        self,
        recipe: Any = "auto",
        *,
        dim: int = 10,
        seconds: float = SECONDS,
        framework: str = "",
        seed: int = 0,
        space: str = "tangent",
    ) -> None:
        self.recipe = recipe
        self.dim = dim
        self.seconds = seconds
        self.framework = framework
        self.seed = seed
        self.space = space

    def fit(self, data: Any, y: Any = None) -> Self:
        """Trains on a hierarchy; y is not read. Raises HardballError as `hardball.fit` does."""
        settings = {key: value for key, value in self.get_params().items() if key != "space"}
        self.embedding_: Embedding = fit(data, progress=False, **settings)
        return self

    def transform(self, nodes: Any) -> np.ndarray:
        """Coordinates of nodes, by id or name, (n, D) in float64.

        Raises HardballError before `fit`, and on a node that is not there.
        """
        if not hasattr(self, "embedding_"):
            raise HardballError("not fitted yet: call fit first")
        frame = self.embedding_.to_frame(self.space)
        rows = frame[[axis for axis in frame.columns if axis[0] == "x" and axis[1:].isdigit()]]
        return rows.to_numpy(np.float64)[self.embedding_.rows(nodes)]

    def fit_transform(self, data: Any, y: Any = None) -> np.ndarray:
        """`fit`, then the coordinates of all nodes in the order of embedding_.hierarchy."""
        ids = self.fit(data).embedding_.hierarchy.ids
        return self.transform(list(ids))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in _names()}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters; raises HardballError on one that there is not."""
        for name, value in params.items():
            if name not in _names():
                raise HardballError(f"no parameter {name!r}: there are {', '.join(_names())}")
            setattr(self, name, value)
        return self


def _names() -> list[str]:
    takes = inspect.signature(HyperbolicEmbedding.__init__).parameters
    return [name for name in takes if name != "self"]
