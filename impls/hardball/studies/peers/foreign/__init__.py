"""Modules that import another system; only that system's own process imports them."""
