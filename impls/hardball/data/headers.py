"""What the columns of an edge list and of a nodes file may be called."""

from collections.abc import Sequence

CHILD = (
    "child", "child_id", "id1", "hyponym", "descendant", "head", "source", "subject", "from", "id",
)  # fmt: skip
PARENT = (
    "parent", "parent_id", "id2", "hypernym", "ancestor", "tail", "target", "object", "to",
)  # fmt: skip
RELATION = ("relation", "predicate", "rel", "relation_type", "edge_type", "type")
ID = ("id", "node", "node_id", "tax_id", "taxid")
NAME = ("name", "label", "title")


def pick(header: Sequence[str] | None, allowed: Sequence[str]) -> int | None:
    """Position of the header cell that is one of `allowed`; None where there is none."""
    for label in allowed:
        if header is not None and label in header:
            return list(header).index(label)
    return None


def known(cells: Sequence[str]) -> bool:
    """Whether cells in lower case are a header: one of them names a child, a parent or an id."""
    return bool(set(cells) & {*CHILD, *PARENT, *ID})
