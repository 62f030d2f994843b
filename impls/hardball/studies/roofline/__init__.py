"""Where the time of a training step goes: what it must move and compute, and what it takes."""
