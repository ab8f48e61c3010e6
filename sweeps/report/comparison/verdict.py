"""The verdict: the rule for a pair of arms, the seeds that would settle an open one, then all of it in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from cvae.record import LOST
from sweeps.experiment import Metric
from sweeps.report.comparison.results import ArmResult, PairResult, Verdict
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import ALPHA, Paired, pairs_for_effect, pairs_needed
from sweeps.report.wording import decimals_for, format_interval, format_number, format_seeds, pair_decimals

#: With more pairs than this the headline counts the undecided ones instead of naming them.
MAX_NAMED = 6


def decide_pair(test: Paired, p_holm: float | None, metric: Metric) -> Verdict:
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


@dataclass(frozen=True)
class Clause:
    """A claim and, in brackets, what it rests on."""

    claim: str
    evidence: str = ""

    def __str__(self) -> str:
        return f"{self.claim} ({self.evidence})" if self.evidence else self.claim


def headline(experiment: ExperimentRecord, clauses: Sequence[Clause], is_void: bool) -> str:
    """Return the first line: a warning where the comparison is void, how far the sweep is, then the clauses."""
    progress, sentence = format_progress(experiment), "; ".join(map(str, clauses)) + "."
    if not is_void:
        return progress + sentence
    void = "Void: the posterior has collapsed in every arm, so deterministic predictors are being compared."
    return f"{void} {progress or 'By the numbers alone: '}{sentence}"


def format_progress(experiment: ExperimentRecord) -> str:
    """Return `So far, with 17 of 24 confirm runs: `; empty once nothing more is to come."""
    runs = [run for run in experiment.runs if run.phase == "confirm"]
    planned = experiment.plan.n_configs * experiment.plan.n_seeds * len(experiment.plan.arms)
    n_finished, n_over = (sum(run.status in over for run in runs) for over in (("finished",), ("finished", *LOST)))
    return f"So far, with {n_finished} of {planned} confirm runs: " if n_over < planned else ""


def clauses_of(experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Clause]:
    """Return decided pairs, then equivalent ones, then undecided ones, then what was lost."""
    if len(arms) == 1:
        clauses = [_only_arm(experiment, arms[0])]
    elif not any(pair.test.n for pair in pairs):
        clauses = [Clause("no verdict yet, because no seed has finished in two arms")]
    else:
        clauses = _pair_clauses(experiment.plan.metric, pairs)
    return clauses + _lost(experiment)


def _pair_clauses(metric: Metric, pairs: Sequence[PairResult]) -> list[Clause]:
    settled = [pair for pair in pairs if pair.verdict in ("better", "worse")]
    settled += [pair for pair in pairs if pair.verdict == "equivalent"]
    undecided = [pair for pair in pairs if pair.verdict == "undecided"]
    if not settled and len(undecided) <= 3:
        return [pair_clause(pair, metric) for pair in undecided]
    clauses = [pair_clause(pair, metric) for pair in settled]
    if undecided and len(pairs) <= MAX_NAMED:
        names = _listed([f"{pair.a} against {pair.b}" for pair in undecided])
        clauses.append(Clause(f"{names} {'is' if len(undecided) == 1 else 'are'} undecided"))
    elif undecided:
        clauses.append(Clause(f"{len(undecided)} of {len(pairs)} pairs of arms are undecided"))
    return clauses


def pair_clause(pair: PairResult, metric: Metric) -> Clause:
    """Return one pair's verdict in words, the better arm first."""
    test, decimals, unit = pair.test, pair_decimals(pair.test), f" {metric.unit}" if metric.unit else ""
    if pair.verdict in ("better", "worse"):
        return _decided(pair, metric)
    evidence = f"{format_interval(test.interval, decimals)}, {format_seeds(test.n)}"
    if pair.verdict == "equivalent":
        claim = f"{pair.a} and {pair.b} are equivalent within ±{metric.margin:g}{unit}"
        return Clause(claim, f"95% interval of the difference {evidence}")
    claim = f"{pair.a} against {pair.b} is undecided"
    if test.difference is None:
        return Clause(claim, "no paired seeds")
    measured = f"difference {format_number(test.difference, decimals, signed=True)}{unit}"
    settles = format_more_seeds(pair.more_seeds, test)
    parts = [measured, f"95% interval {evidence}" if test.interval else format_seeds(test.n)]
    return Clause(claim, ", ".join(parts) + (f"; {settles}" if settles else ""))


def _decided(pair: PairResult, metric: Metric) -> Clause:
    test, decimals, unit = pair.test, pair_decimals(pair.test), f" {metric.unit}" if metric.unit else ""
    winner, loser = (pair.a, pair.b) if pair.verdict == "better" else (pair.b, pair.a)
    assert test.difference is not None, pair  # the rule decides only where there are
    assert test.interval is not None, pair
    low, high = test.interval
    # Said from the winner's side, so that the numbers are positive in either direction of the metric.
    ends = (low, high) if test.difference > 0 else (-high, -low)
    small = f", less than the declared margin of {metric.margin:g}{unit}" if pair.is_within_margin else ""
    return Clause(
        f"{winner} is better than {loser} by {format_number(abs(test.difference), decimals)}{unit}{small}",
        f"95% interval {format_interval(ends, decimals)}, {format_seeds(test.n)}",
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _lost(experiment: ExperimentRecord) -> list[Clause]:
    n_lost = sum(run.phase == "confirm" and run.status in LOST for run in experiment.runs)
    if not n_lost:
        return []
    runs = (
        "1 confirm run was lost and its pairs are"
        if n_lost == 1
        else f"{n_lost} confirm runs were lost and their pairs are"
    )
    return [Clause(f"{runs} left out")]


def _only_arm(experiment: ExperimentRecord, arm: ArmResult) -> Clause:
    mean, metric = arm.confirmed, experiment.plan.metric
    if mean.mean is None:
        return Clause(f"no confirmed score yet of {arm.name}, the only arm")
    decimals, unit = decimals_for(mean.sd), f" {metric.unit}" if metric.unit else ""
    interval = f"95% interval {format_interval(mean.interval, decimals)}, " if mean.interval else ""
    seeds = f"{mean.n} seed{'' if mean.n == 1 else 's'}"
    claim = f"{arm.name} reaches {format_number(mean.mean, decimals)}{unit} and is the only arm, so nothing is compared"
    return Clause(claim, f"{interval}{seeds}")


def pair_sentence(pair: PairResult, metric: Metric) -> str:
    """Return one pair's verdict as one plain sentence."""
    return f"{pair_clause(pair, metric)}."


def format_more_seeds(n: int | None, test: Paired) -> str:
    """Say what would settle an undecided pair; empty where the spread cannot be told."""
    if test.sd is None or test.is_constant:
        return ""
    return f"needs about {n} more seed{'' if n == 1 else 's'}" if n else "needs more than 1000 seeds"
