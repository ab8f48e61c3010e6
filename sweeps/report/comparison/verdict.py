"""The verdict in words: the first line, and a clause for each pair of arms."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.decision import share_interval
from sweeps.experiment import Metric
from sweeps.report.comparison.blocks import describe_estimand
from sweeps.report.comparison.results import ArmResult, PairResult, Verdict, WordChance
from sweeps.report.reading import ExperimentRecord
from sweeps.report.wording import decimals_for, format_interval, format_number, format_p, format_pairs, pair_decimals

#: With more pairs than this the headline names the leaders and counts the decided pairs.
MAX_NAMED = 3


@dataclass(frozen=True)
class Clause:
    """A claim and, in brackets, what it rests on."""

    claim: str
    evidence: str = ""

    def __str__(self) -> str:
        return f"{self.claim} ({self.evidence})" if self.evidence else self.claim


def headline(
    experiment: ExperimentRecord, pairs: Sequence[PairResult], clauses: Sequence[Clause], is_void: bool
) -> str:
    """Return the first line: a warning where the comparison is void, how far the sweep is, then the clauses."""
    progress, sentence = format_progress(experiment, pairs), "; ".join(map(str, clauses)) + "."
    if not is_void:
        return progress + sentence
    void = "Void: the posterior has collapsed in every arm, so deterministic predictors are being compared."
    return f"{void} {progress or 'By the numbers alone: '}{sentence}"


def is_over(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> bool:
    """Return whether nothing more is to come: every planned run has ended, or the sweep is as sure as it will be."""
    is_sure = experiment.plan.stop == "sure" and bool(pairs) and not any(pair.asks for pair in pairs)
    return experiment.is_complete or is_sure


def format_progress(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> str:
    """Return `So far, with 17 of 24 confirm runs: `; empty once nothing more is to come."""
    if is_over(experiment, pairs):
        return ""
    at_most = "at most " if experiment.plan.stop == "sure" else ""
    planned = experiment.plan.n_configs * experiment.plan.n_seeds * len(experiment.plan.arms)
    n_finished = sum(run.phase == "confirm" and run.is_finished for run in experiment.runs)
    return f"So far, with {n_finished} of {at_most}{planned} confirm runs: "


def clauses_of(experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Clause]:
    """Return decided pairs, equivalent ones, undecided ones, then what they speak of, and which arms broke down."""
    if len(arms) == 1:
        clauses = [_only_arm(experiment, arms[0])]
    elif not any(pair.test.n for pair in pairs):
        clauses = [Clause("no verdict yet, because no seed has trained in two arms")]
    else:
        clauses = _pair_clauses(experiment, arms, pairs)
    of = describe_estimand(experiment.plan)
    return [*clauses, *([Clause(of)] if of else []), *_breakdowns(arms, pairs)]


def _pair_clauses(experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Clause]:
    if len(pairs) > MAX_NAMED:
        return _leaders(arms, pairs)
    in_order: tuple[tuple[Verdict, ...], ...] = (("better", "worse"), ("equivalent",), ("undecided",))
    ordered = [pair for words in in_order for pair in pairs if pair.verdict in words]
    all_void = all(pair.is_void for pair in pairs)
    return [
        pair_clause(pair, experiment) if all_void or not pair.is_void else _void_clause(pair, experiment)
        for pair in ordered
    ]


def _leaders(arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Clause]:
    """Return who leads where there are too many pairs to name each."""
    living = [pair for pair in pairs if not pair.is_void] or pairs  # collapsed arms are not told apart by their scores
    beaten = {pair.b if pair.verdict == "better" else pair.a for pair in living if pair.verdict in ("better", "worse")}
    first = [arm.name for arm in arms if arm.name not in beaten]
    n_decided = sum(pair.verdict != "undecided" for pair in living)
    decided = Clause(f"{n_decided} of {len(pairs)} pairs are decided")
    if len(first) == len(arms) or not first:
        return [Clause("no arm leads"), decided]
    together = "" if len(first) == 1 else " (not told apart)"
    return [Clause(f"{_listed(first)} {'leads' if len(first) == 1 else 'lead'}{together}"), decided]


def _void_clause(pair: PairResult, experiment: ExperimentRecord) -> Clause:
    clause = pair_clause(pair, experiment)
    return Clause(f"{pair.a} against {pair.b} is void", f"both have collapsed; by the numbers alone, {clause.claim}")


def pair_clause(pair: PairResult, experiment: ExperimentRecord) -> Clause:
    """Return one pair's verdict in words, the better arm first."""
    metric = experiment.plan.metric
    unit, trained = _unit(metric), _where_trained(pair)
    if pair.verdict in ("better", "worse"):
        return _decided(pair, experiment)
    if pair.verdict == "equivalent":
        claim = f"{pair.a} and {pair.b} are equivalent within ±{metric.margin:g}{unit}{trained}"
        return Clause(claim, _rests_on(pair, experiment, of="of the difference "))
    claim = f"{pair.a} against {pair.b} is undecided{trained}"
    if pair.test.difference is None:
        return Clause(claim, f"no paired {experiment.plan.block}s")
    difference = f"difference {format_number(pair.test.difference, pair_decimals(pair.test), signed=True)}{unit}"
    buys = "" if pair.why else format_word_chances(pair.word_chances[-1:])
    return Clause(claim, "; ".join(filter(None, (f"{difference}, {_rests_on(pair, experiment)}", pair.why, buys))))


def _decided(pair: PairResult, experiment: ExperimentRecord) -> Clause:
    test, metric = pair.test, experiment.plan.metric
    winner, loser = (pair.a, pair.b) if pair.verdict == "better" else (pair.b, pair.a)
    assert test.difference is not None, pair  # the rule decides only where there are
    size = {"": "", "within": ", less than", "beyond": ", more than"}[pair.size]
    margin = f"{size} the declared margin of {metric.margin:g}{_unit(metric)}" if size else ""
    return Clause(
        f"{winner} is better than {loser} by {format_number(abs(test.difference), pair_decimals(test))}"
        f"{_unit(metric)}{margin}{_where_trained(pair)}",
        # Said from the winner's side, so that the numbers are positive in either direction of the metric.
        _rests_on(pair, experiment, turned=test.difference < 0),
    )


def _rests_on(pair: PairResult, experiment: ExperimentRecord, *, of: str = "", turned: bool = False) -> str:
    """Return the interval that goes with the word, what kind it is, and the seeds that it rests on."""
    plan, first = experiment.plan, experiment.first_planned
    is_grown = first is not None and plan.n_tunings == 1 and first < plan.n_seeds
    is_looked_at = pair.interval is not None and (is_grown or plan.stop == "sure" or not experiment.is_complete)
    interval = pair.interval if is_looked_at else pair.test.interval
    if interval is None:
        return format_pairs(pair.test.n, plan.block)
    ends = (-interval[1], -interval[0]) if turned else interval
    text, kind = format_interval(ends, pair_decimals(pair.test)), "95% interval"
    seeds = format_pairs(pair.n_decided, plan.block)
    if is_looked_at and is_grown:
        kind = "interval that holds whenever one looks"
        seeds += f", of which {first} were planned at the first look"
    elif is_looked_at:
        kind = "interval for all pairs and looks"
        seeds = f"{pair.n_decided} of at most {plan.n_blocks} paired {plan.block}s"
    return f"{kind} {of}{text}, {seeds}"


def _where_trained(pair: PairResult) -> str:
    return " where both trained" if pair.breakdowns.a or pair.breakdowns.b else ""


def _breakdowns(arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Clause]:
    """Return at how many seeds each arm broke down, where any did; with two arms also what chance would do."""
    if not any(arm.broken_seeds for arm in arms):
        return []
    each = [f"{arm.name} at {format_breakdowns(arm)}" for arm in arms]
    p = f"exact p = {format_p(pairs[0].breakdowns.p)}" if len(pairs) == 1 else ""
    return [Clause(f"broke down: {_listed(each)}", p)]


def format_breakdowns(arm: ArmResult) -> str:
    """Return `3 of 16 (4 to 46%)`; where none or all did, the bound that this leaves."""
    k, n = len(arm.broken_seeds & arm.ended_seeds), len(arm.ended_seeds)
    low, high = share_interval(k, n)
    if n == 0:
        return "0 of 0"
    share = f"at most {high:.0%}" if k == 0 else f"at least {low:.0%}" if k == n else f"{100 * low:.0f} to {high:.0%}"
    return f"{k} of {n} ({share})"


def _unit(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _only_arm(experiment: ExperimentRecord, arm: ArmResult) -> Clause:
    mean, metric = arm.confirmed, experiment.plan.metric
    if mean.mean is None:
        return Clause(f"no confirmed score yet of {arm.name}, the only arm")
    decimals, unit = decimals_for(mean.sd), f" {metric.unit}" if metric.unit else ""
    interval = f"95% interval {format_interval(mean.interval, decimals)}, " if mean.interval else ""
    seeds = f"{mean.n} {experiment.plan.block}{'' if mean.n == 1 else 's'}"
    claim = f"{arm.name} reaches {format_number(mean.mean, decimals)}{unit} and is the only arm, so nothing is compared"
    return Clause(claim, f"{interval}{seeds}")


def pair_sentence(pair: PairResult, experiment: ExperimentRecord) -> str:
    """Return one pair's verdict as one plain sentence."""
    return f"{pair_clause(pair, experiment)}."


def format_word_chances(chances: Sequence[WordChance]) -> str:
    """Return `chance of a word with 2 more seeds 12% (0.1 device hours)`, one after the other; empty without any."""
    hours = [format_number(c.device_hours, decimals_for(c.device_hours)) if c.device_hours else "" for c in chances]
    cost = [f" ({each} device hours)" if each else "" for each in hours]
    each = (f"{c.chance:.0%} with {c.seeds} more seeds{paid}" for c, paid in zip(chances, cost, strict=True))
    return f"chance of a word {', '.join(each)}" if chances else ""
