"""The array namespace over JAX; `arrays.on_torch` has the same names, with the same meaning."""

from hardball.arrays.on_jax.elementwise import *  # noqa: F403
from hardball.arrays.on_jax.gradients import *  # noqa: F403
from hardball.arrays.on_jax.integers import *  # noqa: F403
from hardball.arrays.on_jax.membership import *  # noqa: F403
from hardball.arrays.on_jax.order import *  # noqa: F403
from hardball.arrays.on_jax.polar import *  # noqa: F403
from hardball.arrays.on_jax.scalars import *  # noqa: F403
from hardball.arrays.on_jax.straight import *  # noqa: F403

NAME = "jax"
