"""Hierarchies of any size, made in seconds and kept beside the built data sets."""

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from hardball.hierarchy.closure import Csr
    from hardball.hierarchy.dag import Hierarchy

NOUNS = 82_115
NCBI = 2_609_295
# From a toy to the NCBI taxonomy, WordNet's nouns between them.
SIZES = (1_000, NOUNS, NCBI)


@functools.cache
def tree(n: int) -> "Hierarchy":
    """A random recursive tree: node i hangs below a uniform one of 0..i-1.

    Its mean depth is about log(n): 11 for the 82,115 nodes of WordNet's nouns, where it is 9, and
    15 for the 2,609,295 of the NCBI taxonomy, where it is 18. The same tree on every machine.
    Source: Smythe & Mahmoud 1995, A Survey of Recursive Trees.
    """
    import numpy as np

    from hardball.core import random_bits
    from hardball.hierarchy import dag, stored

    folder = _folder(n)
    if not (folder / "meta.json").is_file():
        share = random_bits.uniform(random_bits.words(0, "speed/tree", 0, n - 1))
        children = np.arange(1, n)
        stored.save(dag.from_edges(folder.name, children, (share * children).astype(int)), folder)
    return stored.load(folder)


@functools.cache
def known(n: int) -> "Csr":
    """The closure of `tree(n)`: about n log(n) pairs, read from disk only where they are used."""
    import numpy as np

    from hardball.core.files import replacing
    from hardball.hierarchy.closure import Csr, closure

    paths = {key: _folder(n).with_name(f"{_folder(n).name}-{key}.npy") for key in Csr._fields}
    if not all(path.is_file() for path in paths.values()):
        rows = closure(tree(n))
        for key, path in paths.items():
            with replacing(path) as aside, aside.open("wb") as file:
                np.save(file, getattr(rows, key), allow_pickle=False)
    return Csr(*(np.load(path, mmap_mode="r", allow_pickle=False) for path in paths.values()))


def _folder(n: int) -> "Path":
    from hardball.core import paths
    from hardball.hierarchy.stored import FORMAT

    return paths.cache() / "speed" / f"tree-{n}-format{FORMAT}"
