"""`fit`: from a person's hierarchy to an embedding that can be asked."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from hardball.core import optional
from hardball.core.errors import HardballError
from hardball.hierarchy import closure as closures
from hardball.library.embedding import Embedding
from hardball.library.hierarchies import hierarchy_of
from hardball.library.recipes import recipe_of
from hardball.library.verdict import baselines, verdict
from hardball.methods import registry
from hardball.runs import settings
from hardball.runs.spec import Framework
from hardball.training.train import train

SECONDS = 60.0


def fit(
    data: Any,
    recipe: str | Mapping[str, Any] = "auto",
    *,
    dim: int = 10,
    seconds: float = SECONDS,
    framework: Literal["", "jax", "torch"] = "",
    seed: int = 0,
    nodes: Path | str | None = None,
    name: str = "",
    reverse: bool = False,
    progress: bool = True,
) -> Embedding:
    """Embeds a hierarchy in hyperbolic space.

    data: pairs (child, parent), a DataFrame, a networkx DiGraph, a file (edge list, OBO, nodes.dmp)
    or a data set's name; nodes, name, reverse: see `hierarchies.hierarchy_of`. recipe: "auto", or
    settings as `hardball train --set` takes them, over those of "auto". dim: of the space. seconds:
    what training may take, on two cores; evaluating comes on top. framework: jax or torch, the
    first that is installed unless one is named. progress: a bar with the time left, what came out
    and how it compares, on stderr.
    Raises HardballError on data, names and settings that cannot work, and where a run diverged.

    >>> import hardball as hb
    >>> animals = [("cat", "feline"), ("lion", "feline"), ("feline", "mammal"), ("dog", "mammal")]
    >>> found = hb.fit(animals, dim=2, seconds=1, progress=False)
    >>> found.ancestors("cat")["name"].tolist()
    ['mammal', 'feline']
    """
    h = hierarchy_of(data, nodes=nodes, name=name, reverse=reverse)
    if progress:
        for notice in h.notices:
            print(f"{h.name}: {notice}", file=sys.stderr)
    relations = closures.closure(h)
    pairs = len(relations.indices)
    if not pairs:
        raise HardballError(f"{h.name}: no node is below another: there is nothing to learn")
    if not seconds > 0:
        raise HardballError(f"seconds={seconds}, allowed are numbers > 0")
    shape = {"nodes": h.n_nodes, "pairs": pairs, "dim": dim}
    chosen = recipe_of(recipe, seconds=seconds, forest=h.is_forest, **shape)
    values = {"dataset": h.name, "dim": dim, **chosen}
    spec = settings.make_spec(values, framework or _installed(), seed)
    result = train(spec, hierarchy=h, progress=progress)
    if result.row.status != "ok":
        raise HardballError(f"{h.name}: the run diverged: take a smaller lr than {spec.lr:g}")
    figures = {k: float(v) for k, v in result.row.metrics.items() if v is not None}
    if progress:
        split = registry.builder("task", spec.task.name)(h, relations, seed, **spec.task.params)
        print(verdict(h.name, figures, baselines(h, relations, split)), file=sys.stderr)
    told = {key: value for key, value in settings.columns(spec).items() if key != "dataset"}
    return Embedding(h, result.points, spec.manifold.name, result.c, told, figures)


def _installed() -> Framework:
    """The framework that is here, JAX before PyTorch; raises HardballError where none is."""
    for framework in ("jax", "torch"):
        if optional.installed(framework):
            return cast(Framework, framework)
    raise HardballError(
        "training needs jax or torch: pip install 'hardball[jax]' or 'hardball[torch]'"
    )
