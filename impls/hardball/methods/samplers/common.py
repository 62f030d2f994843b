"""What several samplers share: the types of their arrays, and parameters of one meaning."""

import numpy as np

from hardball.methods.parameter import choice, flag

# The arrays that a sampler draws from, by name.
Index = dict[str, np.ndarray]

RELATIVE_TO = choice("anchor", "positive", summary="the end of a pair that is drawn around")
REPLACE = flag(True, "whether a node may be drawn twice; if not, small rings are widened")
