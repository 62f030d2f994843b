"""What a kernel is."""

from collections.abc import Callable
from dataclasses import dataclass

FRAMEWORKS = ("jax", "torch")
# The framework of what is written once, in NumPy and numba.
HOST = "host"

Call = Callable[[], object]


@dataclass(frozen=True)
class Kernel:
    """Something to be timed.

    size: number of nodes N, or the shape, such as "1024x50".
    units, unit: what one call gets done, such as 51200 draws.
    entry: kind and name in the catalogue; empty where it measures no entry.
    memory: whether its peak memory says something, so at its largest size.
    build: imports, makes the data and returns the call, which ends when the result is there.
    """

    family: str
    name: str
    size: int | str
    framework: str
    units: int
    unit: str
    build: Callable[[], Call]
    entry: tuple[str, str] | tuple[()] = ()
    memory: bool = False

    @property
    def id(self) -> str:
        return f"{self.family}/{self.name}/{self.size}/{self.framework}"

    def make(self) -> Call:
        """The call, made once already: what it compiles is compiled."""
        call = self.build()
        call()
        return call
