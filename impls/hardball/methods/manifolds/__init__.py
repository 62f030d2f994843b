"""Geometries: each is a module with the operations that `contract.Manifold` lists."""
