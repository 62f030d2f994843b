"""What drawing negatives costs: building a sampler's arrays, a draw, its share of a step."""
