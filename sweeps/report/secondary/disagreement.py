"""Where the metric that decides and those beside it point in different directions: one sentence a pair of arms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sweeps.experiment import Metric, SecondaryMetric, label_of
from sweeps.report.comparison import ArmResult, PairResult
from sweeps.report.reading import PlanRecord
from sweeps.report.secondary.secondary_results import SecondaryResult, leading_side
from sweeps.report.statistics import Paired
from sweeps.report.wording import format_interval, format_number, format_pairs, pair_decimals


@dataclass(frozen=True)
class _Lead:
    """A secondary metric by which one arm of a pair clearly leads; `side` is +1 where that is a."""

    side: int
    metric: SecondaryMetric
    test: Paired

    def __str__(self) -> str:
        return f"{self.metric.label} ({_size(self.test, self.metric.unit)})"


def disagreements(
    plan: PlanRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult], secondary: Sequence[SecondaryResult]
) -> list[str]:
    """Return a sentence for each pair on which a secondary metric says something else than the one that decides.

    That is: both intervals leave out zero on different sides; or the pair is undecided or equivalent by the metric that
    decides, and one beside it is clear. A difference inside a secondary metric's own margin counts as none.
    """
    by_name = {arm.name: arm for arm in arms}
    sentences = [_sentence(plan, pair, list(_leads(pair, secondary)), by_name) for pair in pairs]
    return [sentence for sentence in sentences if sentence]


def _leads(pair: PairResult, secondary: Sequence[SecondaryResult]) -> Iterator[_Lead]:
    for result in secondary:
        own = next(own for own in result.pairs if (own.a, own.b) == (pair.a, pair.b))
        side = leading_side(own.test, result.metric.sign)
        if side and not own.is_within_margin:
            yield _Lead(side, result.metric, own.test)


def _sentence(plan: PlanRecord, pair: PairResult, leads: Sequence[_Lead], arms: Mapping[str, ArmResult]) -> str:
    metric = plan.metric
    side = 0 if pair.verdict == "equivalent" else leading_side(pair.test, metric.sign)
    against = [lead for lead in leads if side and lead.side == -side]
    if against:
        return _opposed(metric, pair, side, against, arms)
    if leads and pair.verdict in ("undecided", "equivalent"):
        return _told_apart(metric, pair, leads, arms, plan.block)
    return ""


def _opposed(
    metric: Metric, pair: PairResult, side: int, against: Sequence[_Lead], arms: Mapping[str, ArmResult]
) -> str:
    first, other = (pair.a, pair.b) if side > 0 else (pair.b, pair.a)
    holm = "; undecided after Holm's adjustment" if pair.verdict == "undecided" else ""
    size = _size(pair.test, metric.unit)
    words = f"{first} leads {other} by {label_of(metric)} ({size}{holm}) and trails it by {_listed(against)}"
    return words + _collapsed({"it": arms[first], other: arms[other]})


def _told_apart(
    metric: Metric, pair: PairResult, leads: Sequence[_Lead], arms: Mapping[str, ArmResult], block: str
) -> str:
    test, by = pair.test, f"by {label_of(metric)}"
    interval = f"95% interval {format_interval(test.interval, pair_decimals(test))}, " if test.interval else ""
    rests_on = f"({interval}{format_pairs(test.n, block)})"
    if pair.verdict == "equivalent":
        start = f"{pair.a} and {pair.b} are equivalent {by} {rests_on}"
    else:
        start = f"{pair.a} against {pair.b} is undecided {by} {rests_on}"
    sides = {side: [lead for lead in leads if lead.side == side] for side in (1, -1)}
    each = [f"{pair.a if side > 0 else pair.b} leads by {_listed(own)}" for side, own in sides.items() if own]
    return f"{start}, and {' and '.join(each)}" + _collapsed({name: arms[name] for name in (pair.a, pair.b)})


def _size(test: Paired, unit: str) -> str:
    """Return the size of a difference with its interval, both from the side of the larger arm."""
    assert test.difference is not None, test  # only what is clear is spoken of
    assert test.interval is not None, test
    low, high = test.interval if test.difference > 0 else (-test.interval[1], -test.interval[0])
    decimals, in_unit = pair_decimals(test), f" {unit}" if unit else ""
    size, interval = format_number(abs(test.difference), decimals), format_interval((low, high), decimals)
    return f"{size}{in_unit}, 95% interval {interval}"


def _listed(leads: Sequence[_Lead]) -> str:
    texts = list(map(str, leads))
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _collapsed(arms: Mapping[str, ArmResult]) -> str:
    """Return `: it has collapsed`, by what each arm is called, for those most of whose runs with a KL have; or `.`."""
    parts = []
    for name, arm in arms.items():
        if arm.n_kl and 2 * arm.n_collapsed > arm.n_kl:
            some = "" if arm.n_collapsed >= arm.n_kl else f" in {arm.n_collapsed} of {arm.n_kl} runs"
            parts.append(f"{name} has collapsed{some}")
    return f": {' and '.join(parts)}." if parts else "."
