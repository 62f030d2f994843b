"""What every sampler draws for one anchor, and its page, docs/reference/samplers.md."""

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from hardball.arrays.namespace import FRAMEWORKS
from hardball.core import optional, random_bits
from hardball.core.errors import HardballError
from hardball.data import store
from hardball.hierarchy.closure import Csr, closure
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import facts, registry
from hardball.methods.method import Method
from hardball.methods.samplers.compose import parts
from hardball.runs import settings
from hardball.runs.spec import Framework
from hardball.training import problem
from hardball.training.words import replayed, words_per_step

DATASET, ANCHOR = "wordnet_mammals", "terrier"
STEPS, NEGATIVES = 4096, 16
# Where the batch itself is drawn from: so many pairs, so often.
PAIRS, BATCHES = 1024, 16
# Fewer than the pairs that a quarter of the training has shown, so that a queue is full.
QUEUE = 4096
PAGE, FOLDER, SHEET = "reference/samplers.md", "reference/gallery", "all"


@dataclass(frozen=True, eq=False)
class Scene:
    """One anchor of a hierarchy: its number, its parent's, and its known ancestors."""

    tree: Hierarchy
    known: Csr
    anchor: int
    positive: int

    @property
    def ancestors(self) -> np.ndarray:
        start, stop = self.known.indptr[self.anchor : self.anchor + 2]
        return self.known.indices[start:stop]


@dataclass(frozen=True, eq=False)
class Drawn:
    """share: (N,) of the negatives used, sums to 1, or all 0; masked: share of the draws that were
    the anchor, a known ancestor or not valid; effective: 1 / chance that two draws are equal;
    widened: whether the ring that was asked for is empty or too small here."""

    share: np.ndarray
    masked: float
    effective: float
    widened: bool


def scene(dataset: str = DATASET, anchor: str = ANCHOR) -> Scene:
    """The anchor of that name. Raises HardballError when there is none, or it is a root."""
    tree = store.open_hierarchy(dataset)
    named = np.flatnonzero((tree.names == anchor) & (tree.parent >= 0))
    if len(named) == 0:
        raise HardballError(f"{dataset} has no node {anchor!r} below a root: name another anchor")
    node = int(named[0])
    return Scene(tree, closure(tree), node, int(tree.parent[node]))


def half() -> str:
    """The framework that draws: "jax" where it is installed, else "torch"."""
    for name in ("jax", "torch"):
        if optional.installed(name):
            return name
    raise HardballError(
        "drawing needs jax or torch: pip install 'hardball[jax]' or 'hardball[torch]'"
    )


def draw(entry: registry.Entry, here: Scene, framework: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Nodes drawn for the anchor, how often each is used, and whether it is widened.

    STEPS x NEGATIVES draws by the entry's defaults, as a run draws them after a quarter of its
    training, from points that lie as they are drawn here; as many from batches of any pairs where
    those are drawn around. Around the parent where the entry's `relative_to` is the positive.
    """
    rows, negatives, batches = STEPS, NEGATIVES, 1
    if entry.form == "pool":
        rows, negatives = 1, QUEUE if entry.replays else STEPS * NEGATIVES
    if _around_the_batch(entry):
        rows, negatives, batches = PAIRS, PAIRS, BATCHES
    values = {"dataset": here.tree.name, "dim": 2, "start": "sectors", "sampler": entry.name}
    values |= {"negatives": negatives, "batch_size": rows, "epochs": 4}
    spec = settings.make_spec(values, cast(Framework, framework), 0)
    task = problem.build(spec, here.tree, here.known)
    module = importlib.import_module(f"hardball.training.engine_{framework}")
    engine = module.Engine(task, 1)
    pair = np.flatnonzero((task.positives == (here.anchor, here.positive)).all(axis=1))
    words = random_bits.block(0, "gallery", 0, batches, words_per_step(spec))
    words = replayed(task, problem.batches_of(task), task.total_steps // 4, words, rows)
    others = random_bits.permutation(0, "gallery/pairs", 0, len(task.positives))
    found = []
    for step in range(batches):
        batch = np.repeat(pair[:1], rows)
        if batches > 1:
            batch[1:] = np.resize(np.roll(others, -step * rows), rows - 1)
        ids, count = engine.sample(engine.start(), task.total_steps // 4, batch, words[step])
        # What a batch shares is the same for each of its anchors.
        found.append((ids[:1], count[:1]) if batches > 1 else (ids, count))
    ids, count = (np.concatenate(each) for each in zip(*found, strict=True))
    by_positive = spec.sampler.params.get("relative_to") == "positive"
    node = here.positive if by_positive else here.anchor
    widened = any(index["widened"][node] for index in task.indexes if "widened" in index)
    return ids.ravel(), count.astype(np.float64).ravel(), bool(widened)


def _around_the_batch(entry: registry.Entry) -> bool:
    """Whether what is shared by a batch are nodes around its own pairs."""
    made = parts(Method(name=entry.name).resolved("sampler"), NEGATIVES)
    if any(part.pooled for part in made):
        return True
    return entry.form == "pool" and "positives" in facts.takes(
        registry.load("sampler", entry.name, half())
    )


def summarise(here: Scene, ids: np.ndarray, count: np.ndarray, widened: bool = False) -> Drawn:
    """Shares of the draws that a step would use: neither the anchor nor a known ancestor."""
    used = np.where(np.isin(ids, [here.anchor, *here.ancestors]), 0, count)
    of_node = np.bincount(ids, used, minlength=here.tree.n_nodes)
    n = of_node.sum()
    if n == 0:
        return Drawn(of_node, 1.0, 0.0, widened)
    # Pairs of two different draws: no bias from how many were made.
    same = (of_node * (of_node - 1)).sum() / (n * (n - 1))
    effective = min(1 / same, float(here.tree.n_nodes)) if same > 0 else float(here.tree.n_nodes)
    return Drawn(of_node / n, 1 - n / len(ids), effective, widened)


def said(entry: registry.Entry) -> tuple[str, str]:
    """First line of the draw's docstring, and the formula: the entry's, or its next sentence."""
    drawn = registry.load("sampler", entry.name, half()) if entry.paired else None
    text = inspect.getdoc(drawn or registry.builder("sampler", entry.name)) or ""
    first, _, rest = text.partition("\n\n")
    sentence = " ".join(rest.split()).split(". ")[0].rstrip(".")
    return first, entry.formula or sentence


def page(entries: Sequence[registry.Entry]) -> str:
    """docs/reference/samplers.md."""
    parts = [_intro(), _overview(entries), *(_section(entry) for entry in entries)]
    return "\n\n".join(parts) + "\n"


def _intro() -> str:
    return f"""# Samplers

Each picture shows what one sampler draws for one anchor, *{ANCHOR}* in `{DATASET}`, by its
defaults. The hierarchy is drawn in the Poincaré disk, a subtree's share of the nodes its sector.
The star is the anchor; the diamonds are its ancestors, which are never negatives. The larger and
darker a dot, the more often that node is drawn. *Effective negatives* is one over the chance that
two draws are the same node; *masked* is the share of draws that were the anchor or an ancestor,
and are left out; *widened* says that there is no such node for this anchor, so that others stand
in. Written by `hardball gallery`; do not edit.

![what every sampler draws](gallery/{SHEET}.png)

Costs are for N nodes: the memory of a sampler's arrays, and the work of one draw. In formulas *u*
is the anchor, or its positive with `relative_to: positive`, and *n* the node that is drawn;
subtrees, parents and depths are those of the spanning tree.
How to add one: [a sampler of your own](../extend/sampler.md). What the negatives of a run are like:
[metrics](../use/metrics.md#what-the-negatives-were-like)."""


def _overview(entries: Sequence[registry.Entry]) -> str:
    lines = ["| sampler | draws | memory | a draw | source |", "| :-- | :-- | :-- | :-- | :-- |"]
    for entry in entries:
        link = f"[{entry.name}](#{entry.name})"
        cells = [link, entry.summary, *entry.costs, entry.source]
        lines.append(f"| {' | '.join(_cells(cells))} |")
    return "\n".join(lines)


def _cells(texts: Sequence[str]) -> list[str]:
    return [text.replace("|", "\\|") for text in texts]


def _section(entry: registry.Entry) -> str:
    first, formula = said(entry)
    memory, work = entry.costs
    places = dict.fromkeys(entry.code(framework)[0].replace(".", "/") for framework in FRAMEWORKS)
    files = [f"[{Path(place).name}.py](../../impls/hardball/{place}.py)" for place in places]
    lines = [
        f"## {entry.name}",
        f"{entry.summary[0].upper()}{entry.summary[1:]}.",
        f"![{entry.name}](gallery/{entry.name}.svg)",
        f"```text\n{formula}\n```",
        *_parameters(entry),
        f"- Memory: {memory}\n- A draw: {work}\n- Source: {entry.source}\n"
        f"- Code: `{entry.name}` in {', '.join(files)}. {first}",
    ]
    return "\n\n".join(lines)


def _parameters(entry: registry.Entry) -> list[str]:
    if not entry.declared:
        return []
    lines = ["| parameter | default | allowed | meaning |", "| :-- | :-- | :-- | :-- |"]
    for name, known in entry.declared.items():
        default = str(known.default).lower()
        lines.append(f"| `{name}` | {default} | {known.allowed} | {known.summary} |")
    return ["\n".join(lines)]
