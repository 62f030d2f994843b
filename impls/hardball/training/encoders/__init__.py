"""Encoders: what a pretext trains in JAX and in PyTorch, and the run that they make."""
