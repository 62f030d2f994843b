"""Whether committed results are what they say: rows, checksums, verdicts, figures in sentences."""
