"""Tables, pictures and comparisons, computed from the rows of runs alone."""
