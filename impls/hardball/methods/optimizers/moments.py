"""What the two forms of Adam share: a row's moments, and their correction for a start at zero."""

from hardball.arrays.namespace import Array, Namespace
from hardball.methods.contract import Columns
from hardball.methods.parameter import real

# First moments, one second moment a row, and the row's own steps, which float32 counts to 2^24.
MOMENTS: Columns = (("m", "point"), ("v", 1), ("count", 1))
PARAMETERS = {
    "b1": real(0.9, "how much of the first moment a step keeps", at_least=0, below=1),
    "b2": real(0.99, "how much of the second moment a step keeps", above=0, below=1),
    "eps": real(1e-8, "added to the root of the second moment", at_least=0),
}


def corrected(
    xp: Namespace, m: Array, v: Array, count: Array, b1: float, b2: float, eps: float
) -> Array:
    """m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) after t = count steps."""
    t = xp.astype(count, m)
    return m / (1 - xp.power(b1, t)) / (xp.sqrt(v / (1 - xp.power(b2, t))) + eps)
