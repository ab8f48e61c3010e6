"""The verdict: a rule for each pair of arms, and the number of seeds that would settle an open one."""

from sweeps.report.power import pairs_for_effect
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


def more_seeds(test: Paired, metric: Metric, n_pairs: int) -> int | None:
    """Return how many more seeds would settle an undecided pair; None where that cannot be told or is above 1000.

    With the spread and the difference as measured: the fewer of the seeds that find such a difference with 80% power
    at the level that Holm asks of the first of `n_pairs` comparisons, and those that fit the interval into the margin.
    """
    if test.sd is None or not test.difference or test.is_constant:
        return None
    needed = [pairs_for_effect(abs(test.difference), test.sd, ALPHA / n_pairs)]
    room = (metric.margin or 0) - abs(test.difference)
    if room > 0:
        needed.append(pairs_needed(test.sd, room))
    known = [n for n in needed if n is not None]
    return max(1, min(known) - test.n) if known else None


def more_seeds_words(n: int | None, test: Paired) -> str:
    """Say what would settle an undecided pair; empty where the spread cannot be told."""
    if test.sd is None or test.is_constant:
        return ""
    return f"needs about {n} more seed{'' if n == 1 else 's'}" if n else "needs more than 1000 seeds"
