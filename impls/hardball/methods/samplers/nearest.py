"""The nodes whose features are most alike, for every node: exact, in chunks of bounded memory."""

import functools
import heapq
import sys
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numba import njit
from scipy import sparse

from hardball.core.errors import HardballError
from hardball.data.features import Block, Features
from hardball.hierarchy.closure import Csr

# What nodes are compared by, its file, how many are listed: ids and cosines of `nearest`.
Lists: TypeAlias = dict[tuple[str, str, int], tuple[np.ndarray, np.ndarray]]

LARGEST = 200_000
# Similarities in memory at a time, 4 to 12 bytes each.
CHUNK = 2**24
# Cosines count in units of 2^-16, so that another order of sums gives the same lists.
UNIT = 2**16
_SHOWN_FROM = 20_000


class Products(NamedTuple):
    """Cosines of some nodes with all others as a CSR matrix; what is not there is 0."""

    indptr: np.ndarray
    indices: np.ndarray
    data: np.ndarray


def nearest(features: Features, k: int, exclude: Csr) -> tuple[np.ndarray, np.ndarray]:
    """For each node the k most similar others: ids int32 (N,k), cosines float32 (N,k), descending.

    Left out are the node itself, the nodes of its row in `exclude`, and those whose cosine is below
    2^-17; where fewer than k are left, the rest of a row is the node itself at 0. Cosines are
    rounded to 2^-16. Nodes v of one cosine come in the order of 2654435769 (v - u) mod 2^32: one
    scattered circle of all nodes, from u on, so that nodes of one feature do not share one list.
    Time N^2, memory bounded. Raises HardballError above 200,000 nodes and for k < 1.
    Source: exact search; the order of ties Knuth, TAOCP 3, section 6.4, Fibonacci hashing.
    """
    n = features[0].shape[0]
    if n > LARGEST:
        raise HardballError(
            f"similar nodes: {n:,} nodes are too many to compare each with each; allowed are up to "
            f"{LARGEST:,}: take a subtree, or the samplers siblings, cousins or relatives"
        )
    if k < 1:
        raise HardballError(f"similar nodes: lists of {k}, allowed are 1 and more")
    ids = np.empty((n, k), np.int32)
    cosine = np.empty((n, k), np.float32)
    for first, (indptr, indices, data) in _shown(_chunks(features), n):
        rows = slice(first, first + len(indptr) - 1)
        _best(
            indptr, indices, data, first, exclude.indptr, exclude.indices, ids[rows], cosine[rows]
        )
    return ids, cosine


def _chunks(features: Features) -> Iterator[tuple[int, Products]]:
    """The first node of each chunk, and the cosines of its nodes."""
    n = features[0].shape[0]
    rows = max(CHUNK // n, 1)
    turned = [b.T.tocsr() if sparse.issparse(b) else b.T for b in features]
    few = len(features) == 1 and sparse.issparse(features[0])
    every = np.tile(np.arange(n, dtype=np.int32), 0 if few else min(rows, n))
    for first in range(0, n, rows):
        parts = [b[first : first + rows] @ t for b, t in zip(features, turned, strict=True)]
        if few:
            yield first, Products(parts[0].indptr, parts[0].indices, parts[0].data)
            continue
        dense = functools.reduce(np.add, map(_dense, parts))
        indptr = np.arange(len(dense) + 1) * n
        yield first, Products(indptr, every[: dense.size], dense.reshape(-1))


def _dense(block: Block) -> np.ndarray:
    return block.toarray() if sparse.issparse(block) else block


def _shown(chunks: Iterator[tuple[int, Products]], n: int) -> Iterator[tuple[int, Products]]:
    """The same chunks, with a bar on a terminal where they take more than a moment."""
    if n < _SHOWN_FROM or not sys.stderr.isatty():
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("similar nodes", total=n)
        for first, products in chunks:
            bar.update(task, completed=first)
            yield first, products


@njit(cache=True)
def _best(indptr, indices, data, first, known_indptr, known_indices, ids, cosine):
    """The greatest of each row of a CSR matrix into ids and cosine, (rows, k)."""
    rows, k = ids.shape
    for row in range(rows):
        node = first + row
        known = known_indices[known_indptr[node] : known_indptr[node + 1]]
        heap = [(np.int64(0), np.int64(node)) for _ in range(k)]
        least = np.float32(0.5 / UNIT)
        for place in range(indptr[row], indptr[row + 1]):
            # Nearly all end here, before anything is rounded.
            if data[place] < least:
                continue
            other = np.int64(indices[place])
            grade = np.int64(np.rint(data[place] * UNIT))
            key = grade << 32 | (0xFFFFFFFF - ((other - node) * 2654435769 & 0xFFFFFFFF))
            if grade < 1 or key <= heap[0][0] or other == node:
                continue
            found = np.searchsorted(known, other)
            if found == len(known) or known[found] != other:
                heapq.heapreplace(heap, (key, other))
                if heap[0][0]:
                    least = np.float32(((heap[0][0] >> 32) - 0.5) / UNIT)
        heap.sort(reverse=True)
        for place in range(k):
            ids[row, place] = heap[place][1]
            cosine[row, place] = (heap[place][0] >> 32) / UNIT
