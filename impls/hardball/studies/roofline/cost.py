"""What a training step costs at the very least, and the time a machine needs for that."""

import math
from dataclasses import dataclass

from hardball.methods import registry

WORD = 4
LINE = 64


@dataclass(frozen=True)
class Step:
    """B positive pairs against M shared nodes and K draws each; D numbers a row, N rows."""

    batch: int
    shared: int
    own: int
    coordinates: int
    nodes: int
    optimizer: str = "adam"
    bytes_per_number: int = 4

    @property
    def cells(self) -> int:
        """Distances of a step: B (1 + M + K)."""
        return self.batch * (1 + self.shared + self.own)

    @property
    def gathered(self) -> int:
        """Rows that a step names: 2 B + M + B K."""
        return 2 * self.batch + self.shared + self.batch * self.own

    @property
    def rows(self) -> float:
        """Different rows among them, of uniform draws: N (1 - (1 - 1/N)^gathered)."""
        return -self.nodes * math.expm1(self.gathered * math.log1p(-1 / self.nodes))

    @property
    def state(self) -> tuple[int, int]:
        """What the optimiser keeps of a row: arrays as wide as the point, and single numbers."""
        widths = [width for _, width in registry.entry("optimizer", self.optimizer).state]
        return widths.count("point"), sum(width for width in widths if width != "point")

    @property
    def numbers_per_row(self) -> int:
        """A point's D and its optimiser's: 2 D + 2 for Adam, D for plain descent."""
        vectors, scalars = self.state
        return self.coordinates * (1 + vectors) + scalars

    @property
    def table_bytes(self) -> int:
        """All points and their optimiser's rows."""
        return self.nodes * self.numbers_per_row * self.bytes_per_number

    @property
    def bytes(self) -> float:
        """Least traffic: each different row read and written once, by whole cache lines; the words
        of the draws, and the numbers of the pairs and their two nodes, read once.

        A row of w bytes at any multiple of 4 lies on 1 + (w - 4) / 64 lines on average.
        """
        width = self.coordinates * self.bytes_per_number
        vectors, scalars = self.state
        lines = (1 + vectors) * (1 + (width - WORD) / LINE) + scalars
        draws = self.shared + self.batch * self.own
        return 2 * self.rows * lines * LINE + WORD * (draws + 3 * self.batch)

    @property
    def flops(self) -> float:
        """Multiplications and additions: 6 D a cell (one inner product forward, a row's gradient
        to each side backward), and 12 D a row for the optimiser where it keeps moments, else 2 D.
        """
        update = 12 if self.state[0] else 2
        return 6 * self.coordinates * self.cells + update * self.coordinates * self.rows

    @property
    def roots(self) -> int:
        """Square roots with a division each, one a cell: e^-d = 1 / (1 + x + sqrt(x (x + 2))),
        x = cosh(d) - 1, needs no exponential and no logarithm at temperature 1.
        """
        return self.cells


@dataclass(frozen=True)
class Machine:
    """Measured peaks of one machine and number of threads.

    copy: bytes a second (read plus written) of a copy as large as the tables; memory: of one that
    no cache holds. matmul: operations a second of a float32 product. root: square roots a second,
    each with a division; exp_log: exponentials a second, each with a logarithm. gather: rows a
    second that are copied from random places of the table of points.
    """

    cpu: str
    threads: int
    copy: float
    memory: float
    matmul: float
    root: float
    exp_log: float
    gather: float


@dataclass(frozen=True)
class Floor:
    """Seconds that a step needs at least: for its traffic, and for its arithmetic.

    Beside them what the usual way adds or spends: exp_log for the logarithm of each distance and
    the exponential of each softmax term, gather for copying its rows out of the table once.
    """

    memory: float
    compute: float
    exp_log: float
    gather: float

    @property
    def seconds(self) -> float:
        """The larger: traffic and arithmetic can overlap in full."""
        return max(self.memory, self.compute)

    @property
    def bound(self) -> str:
        return "memory" if self.memory > self.compute else "arithmetic"


def floor(step: Step, machine: Machine) -> Floor:
    """memory = bytes / copy; compute = flops / matmul + roots / root; exp_log = cells / exp_log;
    gather = gathered / gather.

    Products and roots share the processor's arithmetic units, so their times add. The roofline of
    Williams, Waterman & Patterson 2009, with one more roof for the square roots.
    """
    return Floor(
        memory=step.bytes / machine.copy,
        compute=step.flops / machine.matmul + step.roots / machine.root,
        exp_log=step.cells / machine.exp_log,
        gather=step.gathered / machine.gather,
    )
