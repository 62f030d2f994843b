"""Functions whose gradients are written by hand: `differentiable` of either namespace."""

import numpy as np

from hardball.arrays.namespace import namespace


def scaled_product(half):
    """x y / t of arrays and a number t, with no gradient in y; and what `backward` was handed."""
    handed = []

    def forward(x, y, t):
        return x * y / t, (y,)

    def backward(t, saved, g):
        handed.append((t, len(saved)))
        return g * saved[0] / t, None

    return namespace(half.framework).differentiable(forward, backward, numbers=1), handed


def test_the_gradient_is_the_one_written(half):
    # d(x y / 4)/dx = y / 4, times the cotangent; none was written for y.
    function, handed = scaled_product(half)
    x, y, cotangent = np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([2.0, -4.0])
    value, (of_x, of_y) = half.both(function, cotangent, x, y, 4.0)
    np.testing.assert_array_equal(value, [0.75, 2.5])
    np.testing.assert_array_equal(of_x, [1.5, -5.0])
    np.testing.assert_array_equal(of_y, [0, 0])
    assert handed == [(4.0, 1)]


def test_a_function_of_arrays_alone(half):
    xp = namespace(half.framework)
    # A wrong gradient on purpose: what is written counts, not what the value has.
    function = xp.differentiable(lambda x: (x * x, (x,)), lambda saved, g: (7 * g,))
    value, (slope,) = half.both(function, np.ones(1), np.array([3.0]))
    assert value == [9.0]
    assert slope == [7.0]
