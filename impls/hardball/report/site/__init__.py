"""A static site of results, and the disk that it shares with embeddings: files alone, no server."""
