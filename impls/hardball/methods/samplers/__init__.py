"""Negative samplers: pure functions of random words and arrays built once on the host."""
