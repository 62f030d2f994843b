"""When the nodes of a hierarchy come to a run: all at once, or a few at a time."""
