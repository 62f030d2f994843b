"""Encoders: a node's surroundings to one point. `hgat` and `blankets` are pairs."""
