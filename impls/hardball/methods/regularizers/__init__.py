"""Regularisers: terms added to a loss, whatever its negatives.

A term is handed what it names. Of n nodes, the anchors and then the positives of n/2 pairs:
radii (n,), hyperbolic; tangent (n, dim), vectors at the origin; depths (n,) in the hierarchy;
degrees (n,), the number of training pairs that a node is in. d_pos (n/2,): distances within the
pairs. c: the curvature is -c. A term with arrays of its own is handed these too, and what it is
told of the same nodes (see `contract.Head`). Values are those of nodes, of pairs, or one of the
batch; a step takes their mean.
"""
