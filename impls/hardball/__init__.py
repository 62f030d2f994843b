"""hardball: hard negatives in the Poincaré ball.

Importing this package imports neither JAX nor torch; only the half of a pair that is used is.
"""

__version__ = "0.1.0"
