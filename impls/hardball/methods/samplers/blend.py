"""Draws from one matrix that blends several, a matrix of one's own among them."""

from pathlib import Path
from typing import Any

import numpy as np

from hardball.arrays.namespace import Array, Namespace
from hardball.core.errors import HardballError
from hardball.core.text import split, weighted
from hardball.data import weights_file
from hardball.hierarchy.closure import Csr
from hardball.hierarchy.dag import Hierarchy
from hardball.methods import registry
from hardball.methods.declare import sampler
from hardball.methods.method import Method
from hardball.methods.parameter import text
from hardball.methods.samplers.common import RELATIVE_TO, REPLACE, Index
from hardball.methods.samplers.matrix import ROW_TOTAL, check_size, matrix, weights
from hardball.methods.sources import HARDBALL

FILE = "file"
# A blend takes some 30 bytes an entry while it is made.
LARGEST = 10_000


def blend_index(
    h: Hierarchy,
    known: Csr,
    *,
    negatives: int,
    of: str,
    file: str,
    relative_to: str,
    replace: bool,
) -> Index:
    """Row-wise cumulated integer weights, int32 (N,N), and widened bool (N,).

    A node for which no term draws anything is widened: it draws from all others. Raises
    HardballError above 10,000 nodes, on a term that has no matrix, and on what
    `weights_file.read` refuses.
    """
    check_size("blend", h, LARGEST)
    share = np.zeros((h.n_nodes, h.n_nodes))
    for term, weight in terms(of, file):
        share += weight * chances(h, term, file)
    empty = ~share.any(axis=1)
    share[empty] = 1
    np.fill_diagonal(share, 0)
    return {"cumulative": cumulated(share), "widened": np.asarray(empty)}


def terms(of: str, file: str) -> list[tuple[Method | str, float]]:
    """The terms of a blend with their weights; `file` for a matrix of one's own.

    Raises HardballError on a term that cannot be read, a sampler without a matrix, and where a file
    is given and no term takes it, or the other way round.
    """
    out: list[tuple[Method | str, float]] = []
    for written in split(of, "+") or [of]:
        try:
            name, weight = weighted(written)
            term = FILE if name == FILE else Method.read(name, "sampler")
        except HardballError as error:
            raise HardballError(f"sampler blend {of!r}: {error}") from None
        if isinstance(term, Method):
            _check(of, term)
        out.append((term, weight))
    if (FILE in [term for term, _ in out]) != bool(file):
        raise HardballError(
            f"sampler blend {of!r}, file={file!r}: a term `file` and a file go together"
        )
    return out


def _check(of: str, term: Method) -> None:
    """Raises HardballError on a sampler without a matrix, or drawn around an end of its own."""
    of_matrix = registry.entry("sampler", "matrix").choices["of"]
    able = [e.name for e in registry.entries("sampler") if e.name in ("matrix", *of_matrix)]
    if term.name not in able:
        raise HardballError(
            f"sampler blend {of!r}: {term.name} has no matrix; allowed are {FILE}, "
            f"{', '.join(able)}"
        )
    if term.params.get("relative_to", "anchor") != "anchor":
        raise HardballError(
            f"sampler blend {of!r}: relative_to is said once, of the blend and not of {term.name}"
        )


def chances(h: Hierarchy, term: Method | str, file: str) -> np.ndarray:
    """p(v | u) of one term, float64 (N, N); 0 in the rows of nodes for which it draws nothing."""
    if isinstance(term, str):
        table = weights_file.read(h, file)
    else:
        asked: dict[str, Any] = {"of": term.name, **term.resolved("sampler").params}
        used = {key: asked[key] for key in ("of", "k", "alpha") if key in asked}
        table = weights(h, **used)[0].astype(np.float64)
    total = table.sum(axis=1, keepdims=True)
    return np.divide(table, total, out=np.zeros_like(table), where=total > 0)


def cumulated(share: np.ndarray) -> np.ndarray:
    """Row-wise cumulated integer weights, int32 (N, N), of rows that each have a positive entry.

    In units of its row's sum / (2^31 - 1 - N), rounded, at least 1 where positive.
    """
    unit = share.sum(axis=1, keepdims=True) / (ROW_TOTAL - 2 * len(share))
    whole = np.where(share > 0, np.maximum(np.rint(share / unit), 1), 0)
    return np.cumsum(whole, axis=1).astype(np.int32)


def files(*, file: str, **_: object) -> list[Path]:
    """The file of one's own matrix, where there is one."""
    return [Path(file)] if file else []


@sampler(
    summary="rows of a blend of probability matrices, your own among them",
    source=HARDBALL,
    parameters={
        "of": text("siblings 1 + degree 1", "samplers or `file`, each with its weight"),
        "file": text("", "a table of node, negative, weight, by id: .csv or .parquet"),
        "relative_to": RELATIVE_TO,
        "replace": REPLACE,
    },
    build=blend_index,
    reads=files,
    form="pairs",
    cost="O(N^2); O(log N)",
    formula="p(n | u) = sum over terms i of w_i p_i(n | u), over that sum of all n",
)
def blend(
    xp: Namespace, index: dict[str, Array], anchors: Array, words: Array, *, replace: bool
) -> tuple[Array, Array]:
    """Nodes by the anchor's row of a blended matrix: ids (B,K), valid (B,K), as `matrix` draws.

    Where `mixture` gives each sampler a fixed share of an anchor's draws, here every draw takes a
    term by chance. A term that draws nothing for an anchor leaves its share to the others. anchors
    (B,), words (B,K). Source: hardball.
    """
    return matrix(xp, index, anchors, words, replace=replace)
