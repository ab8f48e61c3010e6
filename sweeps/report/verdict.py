"""The verdict: a rule for each pair of arms, and the sentence a careful statistician would write."""

import math
from collections.abc import Sequence

from sweeps.report.results import ArmResult, PairResult, Verdict
from sweeps.report.runs import Metric, Plan
from sweeps.report.statistics import ALPHA, Paired, pairs_needed
from sweeps.report.wording import decimals_for, interval_words, number, pair_decimals, seeds_words

#: With more pairs than this the headline counts the undecided ones instead of naming them.
MAX_NAMED = 6


def decide(test: Paired, p_holm: float | None, metric: Metric) -> Verdict:
    """Return what may be said of a against b.

    A difference needs a Holm-adjusted p below 0.05; equivalence needs the whole 95% interval inside the margin.
    """
    if test.difference is None or test.interval is None:
        return "undecided"
    if p_holm is not None and p_holm < ALPHA:
        return "better" if metric.sign * test.difference > 0 else "worse"
    if is_within(test, metric):
        return "equivalent"
    return "undecided"


def is_within(test: Paired, metric: Metric) -> bool:
    """Return whether the whole interval lies inside the declared margin."""
    return metric.margin is not None and test.interval is not None and max(map(abs, test.interval)) < metric.margin


def pair_sentence(pair: PairResult, metric: Metric) -> str:
    """Return one pair's verdict in words, the better arm first."""
    test, decimals, unit = pair.test, pair_decimals(pair.test), f" {metric.unit}" if metric.unit else ""
    if pair.verdict in ("better", "worse"):
        return _decided_sentence(pair, metric)
    if pair.verdict == "equivalent":
        return (
            f"{pair.a} and {pair.b} are equivalent within ±{metric.margin:g}{unit} (95% interval of the difference "
            f"{interval_words(test.interval, decimals)}, {seeds_words(test.n)})"
        )
    words = f"{pair.a} against {pair.b} is undecided"
    if test.difference is None:
        return f"{words} (no paired seeds)"
    measured = f"difference {number(test.difference, decimals, signed=True)}{unit}"
    interval = f"95% interval {interval_words(test.interval, decimals)}" if test.interval else "no interval"
    return f"{words} ({measured}, {interval}, {seeds_words(test.n)})"


def _decided_sentence(pair: PairResult, metric: Metric) -> str:
    test, decimals, unit = pair.test, pair_decimals(pair.test), f" {metric.unit}" if metric.unit else ""
    winner, loser = (pair.a, pair.b) if pair.verdict == "better" else (pair.b, pair.a)
    low, high = test.interval or (math.nan, math.nan)
    # Told from the winner's side, so that the numbers are positive in either direction of the metric.
    ends = (low, high) if (test.difference or 0) > 0 else (-high, -low)
    small = f", less than the declared margin of {metric.margin:g}{unit}" if pair.is_within_margin else ""
    return (
        f"{winner} is better than {loser} by {number(abs(test.difference or 0), decimals)}{unit}{small} "
        f"(95% interval {interval_words(ends, decimals)}, {seeds_words(test.n)})"
    )


def headline(plan: Plan, arms: Sequence[ArmResult], pairs: Sequence[PairResult], is_void: bool) -> str:
    """Return the report's first line: decided pairs, then equivalent ones, then undecided ones."""
    sentence = _without_pairs(plan, arms) if not pairs or not any(pair.test.n for pair in pairs) else ""
    sentence = sentence or "; ".join(_clauses(plan.metric, pairs)) + "."
    if is_void:
        return (
            "Void: the posterior has collapsed in every arm, so deterministic predictors are being compared. "
            f"By the numbers alone: {sentence}"
        )
    return sentence


def _clauses(metric: Metric, pairs: Sequence[PairResult]) -> list[str]:
    told = [pair for pair in pairs if pair.verdict in ("better", "worse")]
    told += [pair for pair in pairs if pair.verdict == "equivalent"]
    clauses = [pair_sentence(pair, metric) for pair in told]
    undecided = [pair for pair in pairs if pair.verdict == "undecided"]
    if not told and len(undecided) <= 3:
        return [pair_sentence(pair, metric) for pair in undecided]
    if undecided and len(pairs) <= MAX_NAMED:
        names = [f"{pair.a} against {pair.b}" for pair in undecided]
        clauses.append(f"{_listed(names)} {'is' if len(names) == 1 else 'are'} undecided")
    elif undecided:
        clauses.append(f"{len(undecided)} of {len(pairs)} pairs of arms are undecided")
    return clauses


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _without_pairs(plan: Plan, arms: Sequence[ArmResult]) -> str:
    """Return the sentence for a single arm, or for a sweep that has no paired seed yet."""
    if len(arms) > 1:
        return f"No verdict yet: no seed has finished in two arms ({plan.n_seeds} planned for each of {len(arms)} arms)."
    mean = arms[0].confirmed
    if mean.mean is None:
        return f"No verdict yet: no confirm run of {arms[0].name}, the only arm, has finished."
    decimals = decimals_for(mean.sd)
    interval = f"95% interval {interval_words(mean.interval, decimals)}, " if mean.interval else ""
    unit = f" {plan.metric.unit}" if plan.metric.unit else ""
    return (
        f"{arms[0].name} reaches {number(mean.mean, decimals)}{unit} ({interval}{mean.n} seed{'s' * (mean.n != 1)}); "
        "it is the only arm, so nothing is compared."
    )


def more_seeds(test: Paired, metric: Metric) -> str:
    """Say how many pairs would settle an undecided pair if spread and difference stay as measured; else empty."""
    if test.sd is None or not test.difference or test.is_constant:
        return ""
    target = max(abs(test.difference), (metric.margin or 0) - abs(test.difference))
    n = pairs_needed(test.sd, target)
    if n is None:
        return "more than 1000 pairs would be needed"
    return f"about {max(1, n - test.n)} more seeds, if the spread stays as measured" if n > test.n else ""
