"""The words that the report's rule gives to simulated arms, all planned seeds in, breakdowns weighed."""

from itertools import combinations

from benchmarks.calibration.simulated_seeds import Array, Mask
from sweeps.decision import Breakdowns
from sweeps.report.comparison import Decision, Rule, decide_pairs, weigh_breakdowns
from sweeps.report.statistics import Paired, compare_pairs, sign_test


def pairs_of(n_arms: int) -> list[tuple[int, int]]:
    """Return every two arms as (later, earlier), in the report's order."""
    return [(j, i) for i, j in combinations(range(n_arms), 2)]


def words(scores: Array, broken: Mask | None = None, margin: float | None = None) -> list[Decision]:
    """Return the decision of each pair of arms; `scores` and `broken` are (arms, n)."""
    n, pairs = scores.shape[1], pairs_of(len(scores))
    tests, differences = [], []
    for a, b in pairs:
        kept = slice(None) if broken is None else ~(broken[a] | broken[b])
        tests.append(compare_pairs(scores[a][kept].tolist(), scores[b][kept].tolist()))
        differences.append((scores[a][kept] - scores[b][kept]).tolist())
    decisions = decide_pairs(Rule("planned", n, n, len(pairs), margin, 1), tests, differences)
    if broken is None or not broken.any():
        return decisions
    return [
        _weighed(decision, test, differences_of, broken[a], broken[b])
        for (a, b), decision, test, differences_of in zip(pairs, decisions, tests, differences, strict=True)
    ]


def _weighed(decision: Decision, test: Paired, differences: list[float], broken_a: Mask, broken_b: Mask) -> Decision:
    lost_a, lost_b = ({i for i, is_broken in enumerate(broken) if is_broken} for broken in (broken_a, broken_b))
    n_a = sum(d > 0 for d in differences) + len(lost_b - lost_a)
    n_b = sum(d < 0 for d in differences) + len(lost_a - lost_b)
    breakdowns = Breakdowns.count(lost_a, lost_b, set(range(len(broken_a))))
    return weigh_breakdowns(decision, breakdowns, sign_test(n_a, n_b))
