"""What tasks are called on the pages, in the order of their tables."""

TREES = "trees"
TITLES = {
    "leaf_parent": "Held-out parents",
    "temporal": "What time has changed",
    "reconstruction": "Reconstruction",
    TREES: "Edges of a tree",
    "link_prediction": "Link prediction",
    "ganea2018": "Published links",
    "bipartite_links": "Links between two sides",
    "node_classification": "Labels of nodes",
}


def title_of(task: str) -> str:
    """A task's title, of one that has none its name in words.

    >>> title_of("leaf_parent"), title_of("my_task")
    ('Held-out parents', 'My task')
    """
    return TITLES.get(task) or task.replace("_", " ").capitalize()
