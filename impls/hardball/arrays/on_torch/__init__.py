"""The array namespace over PyTorch; `arrays.on_jax` has the same names, with the same meaning."""

from hardball.arrays.on_torch.elementwise import *  # noqa: F403
from hardball.arrays.on_torch.gradients import *  # noqa: F403
from hardball.arrays.on_torch.integers import *  # noqa: F403
from hardball.arrays.on_torch.membership import *  # noqa: F403
from hardball.arrays.on_torch.order import *  # noqa: F403
from hardball.arrays.on_torch.polar import *  # noqa: F403
from hardball.arrays.on_torch.scalars import *  # noqa: F403
from hardball.arrays.on_torch.straight import *  # noqa: F403

NAME = "torch"
