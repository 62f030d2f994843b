"""Claims: sentences with a test that is fixed before the runs, and their verdicts from rows."""
