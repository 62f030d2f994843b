"""A hierarchy as arrays in level order: its closure, its rings, its splits."""
