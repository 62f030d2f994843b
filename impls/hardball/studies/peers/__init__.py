"""Other systems, run side by side with this one: same data, same clock, one evaluator."""
