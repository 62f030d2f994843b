"""A linear classifier on fixed vectors: multinomial logistic regression, fitted in float64."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize

from hardball.core.errors import HardballError

# Strengths tried where none is given, the strongest first: each fit starts where the last ended.
STRENGTHS = (1e-2, 1e-3, 1e-4, 1e-5)
STEPS = 200
CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Head:
    """Scores z = x W + b of C classes: weights W (D, C), bias b (C,)."""

    weights: np.ndarray
    bias: np.ndarray

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """(M, D) -> (M, C); the probabilities of the classes are their softmax."""
        return vectors @ self.weights + self.bias

    def odds(self, vectors: np.ndarray) -> np.ndarray:
        """log p(1) / p(0) of two classes: (M, D) -> (M,)."""
        scores = self.scores(vectors)
        return np.asarray(scores[:, 1] - scores[:, 0])

    def classes(self, vectors: np.ndarray) -> np.ndarray:
        """The likeliest class of each vector: int64 (M,), the first of equals."""
        step = max(1, CELLS // len(self.bias))
        parts = range(0, len(vectors), step)
        found = [self.scores(vectors[i : i + step]).argmax(axis=1) for i in parts]
        return np.concatenate([np.empty(0, np.int64), *found])


class Examples(NamedTuple):
    """Vectors (M, D) and the class of each, (M,) in 0..C-1."""

    vectors: np.ndarray
    classes: np.ndarray


def loss(
    flat: np.ndarray, vectors: np.ndarray, classes: np.ndarray, n_classes: int, l2: float
) -> tuple[float, np.ndarray]:
    """Mean cross-entropy with a penalty on the weights, and its gradient.

    L = 1/M sum_i [log sum_k exp z_ik - z_i,y_i] + l2/2 |W|^2, z = x W + b;
    dL/dW = x^T (p - y) / M + l2 W, dL/db = sum_i (p - y) / M, p the softmax of z, y one-hot.
    flat: ((D + 1) C,), the rows of W and then b; so is the gradient.
    """
    table = flat.reshape(-1, n_classes)
    value, slope = 0.0, np.zeros_like(table)
    step = max(1, CELLS // n_classes)
    for begin in range(0, len(vectors), step):
        x, true = vectors[begin : begin + step], classes[begin : begin + step]
        rows = np.arange(len(x))
        z = x @ table[:-1] + table[-1]
        z -= z.max(axis=1, keepdims=True)
        value -= z[rows, true].sum()
        np.exp(z, out=z)
        sums = z.sum(axis=1, keepdims=True)
        value += np.log(sums).sum()
        z /= sums
        z[rows, true] -= 1
        slope[:-1] += x.T @ z
        slope[-1] += z.sum(axis=0)
    slope /= len(vectors)
    slope[:-1] += l2 * table[:-1]
    return float(value / len(vectors) + l2 / 2 * np.square(table[:-1]).sum()), slope.ravel()


def fit(
    train: Examples,
    n_classes: int,
    l2: float,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """The parameters that minimise `loss`: float64 (D + 1, C), b last; from zero, or from `start`.

    At most STEPS steps of L-BFGS. Source: Zhu et al. 1997, L-BFGS-B, as in scipy.
    """
    width = train.vectors.shape[1] + 1
    begin = np.zeros((width, n_classes)) if start is None else start
    found = optimize.minimize(
        loss,
        begin.ravel(),
        args=(train.vectors, train.classes, n_classes, l2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-9, "gtol": 1e-6},
    )
    return np.asarray(found.x).reshape(width, n_classes)


def best(train: Examples, validation: Examples, n_classes: int, l2: float = 0.0) -> Head:
    """The head that is fitted to the training examples, for vectors as they are given.

    They are standardised by the training examples (a coordinate that never varies stays as it is)
    before the fit, so that l2 means the same in every embedding. l2: strength of the penalty; at 0
    the one of STRENGTHS with the highest accuracy on the validation examples, the strongest of
    equals. Raises HardballError on a negative l2.
    """
    if l2 < 0:
        raise HardballError(f"l2={l2}, allowed are 0 (chosen on the validation examples) or more")
    mean, spread = train.vectors.mean(axis=0), train.vectors.std(axis=0)
    spread[spread == 0] = 1
    scaled = Examples((train.vectors - mean) / spread, train.classes)
    parameters: np.ndarray | None = None
    chosen, highest = None, -1.0
    for strength in (l2,) if l2 else STRENGTHS:
        parameters = fit(scaled, n_classes, strength, parameters)
        weights = parameters[:-1] / spread[:, None]
        head = Head(weights, parameters[-1] - mean @ weights)
        right = accuracy(head, validation)
        if right > highest:
            chosen, highest = head, right
    assert chosen is not None
    return chosen


def accuracy(head: Head, examples: Examples) -> float:
    """Share of the examples whose likeliest class is their own."""
    return float((head.classes(examples.vectors) == examples.classes).mean())
