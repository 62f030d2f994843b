"""The arrays of all pairs and nodes in which facts are looked up, see `facts.TOLD`."""

import numpy as np

from hardball.training import fisher
from hardball.training.problem import Problem


def array(task: Problem, name: str) -> np.ndarray:
    """The array of a fact of pairs (P, ...) or of nodes (N, ...).

    Raises HardballError where it cannot be made.
    """
    if name != "fisher":
        return np.asarray(getattr(task, name))
    return fisher.of_run(task) if task.information is None else task.information
