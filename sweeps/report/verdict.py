"""The verdict: a rule for each pair of arms, and the number of seeds that would settle an open one."""

from sweeps.report.results import Verdict
from sweeps.report.runs import Metric
from sweeps.report.statistics import ALPHA, Paired, pairs_needed


def decide(test: Paired, p_holm: float | None, metric: Metric) -> Verdict:
    """Return what may be said of a against b.

    A difference needs a Holm-adjusted p below 0.05; equivalence needs the whole 95% interval inside the margin.
    """
    if test.difference is None or test.interval is None:
        return "undecided"
    if p_holm is not None and p_holm < ALPHA:
        return "better" if metric.sign * test.difference > 0 else "worse"
    return "equivalent" if is_within(test, metric) else "undecided"


def is_within(test: Paired, metric: Metric) -> bool:
    """Return whether the whole interval lies inside the declared margin."""
    return metric.margin is not None and test.interval is not None and max(map(abs, test.interval)) < metric.margin


def more_seeds(test: Paired, metric: Metric) -> str:
    """Say how many more pairs would settle an undecided pair if spread and difference stay as measured; else empty."""
    if test.sd is None or not test.difference or test.is_constant:
        return ""
    # Settled by an interval that leaves out zero, or one that fits inside the margin: whichever takes fewer pairs.
    target = max(abs(test.difference), (metric.margin or 0) - abs(test.difference))
    n = pairs_needed(test.sd, target)
    if n is None:
        return "more than 1000 pairs, if the spread stays as measured"
    return f"about {n - test.n} more seeds, if the spread stays as measured" if n > test.n else ""
