"""Compiled kernels for a CPU, called by both frameworks: one pass where plain code makes ten."""
