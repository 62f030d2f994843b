"""Optimisers that update only the rows a batch touches, a pair of modules."""
