"""Subtrees that arrive with a few nodes known: placing the rest, and learning to."""
