"""Hierarchies that come with the checkout: two TSV files in datasets/bundled."""

from pathlib import Path

from hardball.core import files, paths
from hardball.core.errors import HardballError
from hardball.data import readers_files
from hardball.data.cards import Bundled
from hardball.data.table import Table
from hardball.hierarchy.dag import Hierarchy


def folder() -> Path:
    return paths.datasets() / "bundled"


def read(bundled: Bundled) -> Table:
    """The bundled table; HardballError when a file is missing or is not the one of the card."""
    for name in (bundled.edges, bundled.nodes):
        path = folder() / name
        if not path.is_file():
            raise HardballError(f"no file {path}: restore it from the repository")
        expected, actual = bundled.sha256.get(name), files.sha256(path)
        if expected is not None and actual != expected:
            raise HardballError(
                f"{path} was changed: sha256 {actual}, expected {expected}: restore it from the "
                "repository, or build your own copy under another name"
            )
    return readers_files.read(folder() / bundled.edges, folder() / bundled.nodes)


def texts(h: Hierarchy) -> tuple[str, str]:
    """(edges, nodes) as TSV, in level order; the primary parent of a node comes first."""
    edges = ["child\tparent"]
    for node in range(h.n_nodes):
        start, end = h.parents_indptr[node], h.parents_indptr[node + 1]
        parents = h.parents_indices[start:end].tolist()
        parents.sort(key=lambda parent: (parent != h.parent[node], parent))
        edges += [f"{h.ids[node]}\t{h.ids[parent]}" for parent in parents]
    nodes = ["\t".join(["id", "name", *h.groups])]
    for node in range(h.n_nodes):
        labels = [
            h.group_names[group][codes[node]] if codes[node] >= 0 else ""
            for group, codes in h.groups.items()
        ]
        nodes.append("\t".join([h.ids[node], h.names[node], *labels]))
    return "\n".join(edges) + "\n", "\n".join(nodes) + "\n"


def write(h: Hierarchy, bundled: Bundled) -> dict[str, str]:
    """Writes both files of a hierarchy built from its full source; returns their sha256."""
    for name, text in zip((bundled.edges, bundled.nodes), texts(h), strict=True):
        path = folder() / name
        aside = path.with_name(f".{name}.part")
        aside.write_bytes(text.encode("utf-8"))
        aside.replace(path)
    return {name: files.sha256(folder() / name) for name in (bundled.edges, bundled.nodes)}
