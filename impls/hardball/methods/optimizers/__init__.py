"""Optimisers, which update only the rows that a batch touches."""
