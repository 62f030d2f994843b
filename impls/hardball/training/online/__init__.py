"""Training on nodes that arrive a few at a time."""
