"""Which of the simulated kinds a study's seeds are most like: what intervals are worth is said of that one."""

from collections.abc import Sequence
from statistics import median

from sweeps.report.comparison import ArmResult, PairResult

#: Correlations of two arms over seeds from here on are more like 0.6 than 0.
CORRELATED = 0.3

#: Shares of breakdowns from here on are more like 15% than 5%.
OFTEN = 0.1


def similar_seeds(arms: Sequence[ArmResult], pairs: Sequence[PairResult], is_outlying: bool) -> str:
    """Return the kind of simulated seeds, by name, that is most like a study's.

    Args:
        arms: what confirmation says of each.
        pairs: every two of them.
        is_outlying: whether a seed stands far apart from the others.
    """
    shares = [share for arm in arms if (share := broken_share(arm)) > 0]
    if len(shares) > 1:
        return "both arms, 15% break down"
    if shares:
        return f"one arm, {'15' if shares[0] >= OFTEN else '5'}% break down"
    if is_outlying:
        return "one arm skewed"
    known = [pair.test.correlation for pair in pairs if pair.test.correlation is not None]
    return "correlated 0.6" if known and median(known) >= CORRELATED else "normal"


def broken_share(arm: ArmResult) -> float:
    """Return the share of an arm's seeds that broke down, or collapsed where the others did not."""
    broken = len(arm.broken_seeds & arm.ended_seeds) / len(arm.ended_seeds) if arm.ended_seeds else 0.0
    collapsed = arm.n_collapsed / arm.n_kl if arm.n_kl and arm.n_collapsed < arm.n_kl else 0.0
    return max(broken, collapsed)
