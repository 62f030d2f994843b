"""What people with a hierarchy call: `fit`, `load`, `score`, an `Embedding` to ask."""
