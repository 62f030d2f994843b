"""What a figure has to be read with: points at the largest radius, tied radii, level figures."""

import pandas as pd

from hardball.report.statistics import Estimate

# How a figure stands among its rivals.
BEST, LEVEL = "best", "level"
# A share above this is marked, of points at max_radius and of pairs of nodes with one radius.
MOST = 0.01
LIMIT, TIES = "‡", "§"
SAID = {
    LIMIT: "over 1 % of the points lie at max_radius, which then decides figures",
    TIES: "over 1 % of the pairs of nodes of unequal depth have one radius, so that the depth "
    "correlation rests on ties",
}
RESTS_ON_TIES = ("depth_spearman", "depth_pearson", "depth_spearman_gain")


def at_limit(runs: pd.DataFrame) -> bool:
    """Whether runs of one configuration have over 1 % of their points at max_radius, on average."""
    return _over(runs, "share_at_limit")


def tied(runs: pd.DataFrame) -> bool:
    """Whether over 1 % of the pairs of nodes of unequal depth have one radius, on average."""
    return _over(runs, "depth_ties")


def _over(runs: pd.DataFrame, column: str) -> bool:
    if column not in runs:
        return False
    share = runs[column].mean()
    return bool(pd.notna(share) and share > MOST)


def overlap(a: Estimate, b: Estimate) -> bool:
    """Whether two intervals have a point in common; without intervals, whether both are equal."""
    if not (a.has_interval and b.has_interval):
        return a.value == b.value
    return a.low <= b.high and b.low <= a.high
