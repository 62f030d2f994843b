"""Geometries: each is a pair of modules with the same functions, over `polar_*` and `scalars_*`."""
