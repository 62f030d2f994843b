"""Losses per example: positive distances (B,), negative ones (B, K), their weights -> (B,)."""
