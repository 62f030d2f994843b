"""The training engine: one loop without a framework, and a pair of modules that take the steps."""
