"""Multi-task weighting: a factor for each of the T terms of a step.

A step goes along sum_i f_i grad L_i, the factors held fixed; L_0 is the main loss, the others are
the regularisers in the order of the run, their weights included. An objective is handed what it
names: values (T,), the terms' means over a batch, or products (T, T), the inner products of their
gradients. It gives f (T,).
"""
