"""Losses per example: positive distances (B,), negative ones (B, K), their weights -> (B,).

Every loss is told `weight` (B, K): how often a negative counts; 0 masks it, whatever its distance.
K may be 0, and a row may be masked throughout. Distances are of the run's manifold, in its units.
"""
