"""Raw features of nodes: what is known of them before any training, as rows of unit length.

Features are blocks of columns side by side, each a dense array or a sparse one, so that a handful
of dense columns beside a hundred thousand sparse ones costs no more than both apart.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from hardball.core.errors import HardballError
from hardball.data import features_files
from hardball.hierarchy.dag import Hierarchy

# np.ndarray or scipy.sparse.csr_array, which has no types, (N, F).
Block: TypeAlias = Any
Features: TypeAlias = tuple[Block, ...]

GRAMS = (3, 4, 5)
BUCKET_BITS = 18
# What each kind counts for in the cosine of "all".
SHARES = {"names": 3.0, "rank": 1.0, "degree": 1.0, "depth": 1.0}

_PRIME, _GOLDEN = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)


def features(h: Hierarchy, of: str = "names", file: str = "") -> Features:
    """Features of all nodes: blocks (N, F) float32 whose rows together have length 1.

    of: "names", "names_of_depth", "rank", "degree" or "depth", see the functions of these names;
    "file": the numbers of `file`, see `features_files.read`; "all": names, degree, depth and, where
    there is one, rank, joined so that cos = sum_b s_b cos_b / sum_b s_b with the shares s of
    SHARES, 3 for names and 1 for each other. A node that a kind says nothing of has zeros there.
    Raises HardballError for another `of`, a file without of="file" and the other way round.
    """
    if (of == "file") != bool(file):
        raise HardballError(
            f"features={of!r}, file={file!r}: a matrix of your own takes both, features=file and "
            "file=PATH; the built-in features take no file"
        )
    if of == "file":
        return (unit(features_files.read(h, file)),)
    if of == "all":
        present = [kind for kind in SHARES if kind != "rank" or "rank" in h.groups]
        return joined([(KINDS[kind](h), SHARES[kind]) for kind in present])
    if of not in KINDS:
        raise HardballError(f"features={of!r}: allowed are {', '.join(KINDS)}, all, file")
    return (KINDS[of](h),)


def names(h: Hierarchy) -> sparse.csr_array:
    """Character n-grams of the display names: sparse float32 (N, 2^18), about 30 a row.

    Each name, lower case and between two spaces, gives its substrings of 3, 4 and 5 characters,
    hashed to 2^18 columns; x = tf (log((1 + N) / (1 + df)) + 1), then rows of length 1.
    Source: Salton & Buckley 1988, Term-weighting Approaches; Weinberger et al. 2009, Feature
    Hashing for Large Scale Multitask Learning, section 2.
    """
    texts = [f" {name.casefold()} " for name in h.names.tolist()]
    lengths = np.array([len(text) for text in texts])
    characters = np.frombuffer("".join(texts).encode("utf-32-le"), "<u4").astype(np.uint64)
    row = np.repeat(np.arange(h.n_nodes), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(characters))
    rows, columns = [], []
    hashed = np.zeros(len(characters), np.uint64)
    for size in range(1, max(GRAMS) + 1):
        count = max(len(characters) - size + 1, 0)
        hashed = (hashed[:count] * _PRIME) ^ characters[size - 1 :]
        if size in GRAMS:
            whole = left[:count] >= size
            rows.append(row[:count][whole])
            bucket = (hashed[whole] * _GOLDEN) >> np.uint64(64 - BUCKET_BITS)
            columns.append(bucket.astype(np.int32))
    found = np.concatenate(rows), np.concatenate(columns)
    shape = h.n_nodes, 2**BUCKET_BITS
    table = sparse.csr_array((np.ones(len(found[0]), np.float32), found), shape=shape)
    table.sum_duplicates()
    share = (1 + h.n_nodes) / (1 + np.bincount(table.indices, minlength=shape[1]))
    table.data *= (np.log(share) + 1)[table.indices].astype(np.float32)
    return unit(table)


def names_of_depth(h: Hierarchy) -> sparse.csr_array:
    """`names` within one depth: their cosine for two nodes of one depth, 0 for others.

    Sparse float32 (N, different columns of one depth). In a graph of two sides nodes are alike to
    those of their own side alone. Source: hardball.
    """
    table = names(h)
    row = np.repeat(np.arange(h.n_nodes), np.diff(table.indptr))
    apart = h.depth[row].astype(np.int64) * table.shape[1] + table.indices
    columns, place = np.unique(apart, return_inverse=True)
    found = table.data, place.astype(np.int32), table.indptr
    return sparse.csr_array(found, shape=(h.n_nodes, len(columns)))


def rank(h: Hierarchy) -> np.ndarray:
    """One column a label of the group "rank": cosine 1 within a rank, 0 else; none: zeros.

    Raises HardballError where the hierarchy has no such group. Source: hardball.
    """
    if "rank" not in h.groups:
        known = ", ".join(h.groups) or "none"
        raise HardballError(
            f"features=rank: {h.name} has no group 'rank', its groups are {known}: build it with a "
            "nodes file that has a column rank, or take features=names, degree or depth"
        )
    codes = h.groups["rank"]
    table = np.zeros((h.n_nodes, max(len(h.group_names["rank"]), 1)), np.float32)
    table[codes >= 0, codes[codes >= 0]] = 1
    return table


def degree(h: Hierarchy) -> np.ndarray:
    """`bumps` of round(log2(1 + direct children + parents)). Source: hardball."""
    edges = np.diff(h.parents_indptr) + np.bincount(h.parents_indices, minlength=h.n_nodes)
    return bumps(np.rint(np.log2(1 + edges)).astype(np.int64))


def depth(h: Hierarchy) -> np.ndarray:
    """`bumps` of the depth. Source: hardball."""
    return bumps(h.depth)


def bumps(levels: np.ndarray) -> np.ndarray:
    """Levels >= 0 (N,) as rows with 1/2, 1, 1/2 around the level, of length 1: (N, highest + 3).

    Their cosine is 1 for one level, 2/3, 1/6 and 0 for levels one, two and more apart.
    Source: hardball.
    """
    table = np.zeros((len(levels), int(levels.max()) + 3), np.float32)
    rows = np.arange(len(levels))
    for step, height in enumerate((0.5, 1.0, 0.5)):
        table[rows, levels + step] = height
    return unit(table)


KINDS: dict[str, Callable[[Hierarchy], Block]] = {
    "names": names,
    "names_of_depth": names_of_depth,
    "rank": rank,
    "degree": degree,
    "depth": depth,
}


def joined(parts: list[tuple[Block, float]]) -> Features:
    """Blocks of unit rows side by side, each with its share of the squared length of a row."""
    squared = sum(share * _lengths(block) ** 2 for block, share in parts)
    factor = np.divide(1, np.sqrt(squared), out=np.zeros_like(squared), where=squared > 0)
    return tuple(_scaled(block, np.sqrt(share) * factor) for block, share in parts)


def unit(block: Block) -> Block:
    """The rows (N, F) at length 1, as float32; a row of zeros stays one."""
    length = _lengths(block)
    return _scaled(block, np.divide(1, length, out=np.zeros_like(length), where=length > 0))


def cosines(features: Features, nodes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of the features of nodes[i] and others[i]: float64 (P,); 0 where either has none."""
    total = np.zeros(len(nodes))
    for block in features:
        if sparse.issparse(block):
            total += block[nodes].multiply(block[others]).sum(axis=1)
        else:
            total += np.einsum("pf,pf->p", block[nodes], block[others])
    return total


def _lengths(block: Block) -> np.ndarray:
    if sparse.issparse(block):
        return np.sqrt(block.multiply(block).sum(axis=1, dtype=np.float64))
    return np.sqrt(np.einsum("nf,nf->n", block, block, dtype=np.float64))


def _scaled(block: Block, factor: np.ndarray) -> Block:
    if sparse.issparse(block):
        data = block.data * np.repeat(factor, np.diff(block.indptr))
        return sparse.csr_array((data.astype(np.float32), block.indices, block.indptr), block.shape)
    return (block * factor[:, None]).astype(np.float32)
