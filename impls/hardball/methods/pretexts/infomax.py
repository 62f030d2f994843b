"""Deep Graph Infomax: true encodings against corrupted ones, told apart by their summary."""

from hardball.methods.declare import pretext


@pretext(
    summary="tells encodings of true features from those of shuffled ones, by their summary",
    source="Veličković et al. 2019, Deep Graph Infomax, Eq. 1 and section 4.2",
)
def infomax(xp, z_true, z_corrupted, w_true, w_corrupted):
    """Cross-entropy of telling N true encodings from M corrupted ones, by their logits; ().

    -(sum_i w_i log D_i + sum_j w_j log(1 - D_j)) / (sum_i w_i + sum_j w_j), which for D =
    sigmoid(z) is (sum_i w_i softplus(-z_i) + sum_j w_j softplus(z_j)) / (sum_i w_i + sum_j w_j);
    Eq. 1 with its sign turned.
    z_true and w_true (N,), z_corrupted and w_corrupted (M,): a weight is a multiplicity, 0 masks.
    Without any encoding it is 0. `hardball infomax` trains an encoder by it.
    """
    right = w_true * xp.softplus(-xp.where(w_true > 0, z_true, 0))
    wrong = w_corrupted * xp.softplus(xp.where(w_corrupted > 0, z_corrupted, 0))
    total = xp.sum(w_true) + xp.sum(w_corrupted)
    return (xp.sum(right) + xp.sum(wrong)) / xp.where(total > 0, total, 1)


def readout(xp, encodings, weight):
    """Summary of true encodings: s = sigmoid(sum_i w_i h_i / sum_i w_i), (B, D) -> (D,).

    weight (B,): a multiplicity, 0 masks. Without any encoding it is 1/2 throughout.
    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 3.
    """
    present = xp.where(weight[:, None] > 0, encodings, 0)
    total = xp.sum(weight)
    mean = xp.sum(weight[:, None] * present, axis=0) / xp.where(total > 0, total, 1)
    return xp.sigmoid(mean)


def logits(xp, encodings, summary, bilinear):
    """Of being true: z = h^T W s, so that D(h, s) = sigmoid(z); (..., D), (D,), (D, D) -> (...).

    Source: Veličković et al. 2019, Deep Graph Infomax, Eq. 4.
    """
    return xp.product(encodings, xp.product(bilinear, summary[:, None]))[..., 0]
