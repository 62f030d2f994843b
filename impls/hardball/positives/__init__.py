"""Which positive pairs a step shows: streams of pairs, and batches cut from streams or subgraphs.

All of it is host code that both frameworks share: they take the same batches.
"""
