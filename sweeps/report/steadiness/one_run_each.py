"""What somebody would have seen who had trained each arm once: every way to pick one confirm run of both.

Two long trainings and their two curves are how schedules are usually compared. Over the runs that were made, this
counts how often such a comparison points either way; unless that is nearly always the same, one run each says little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from sweeps.report.comparison import PairResult
from sweeps.report.reading import ExperimentRecord
from sweeps.report.steadiness.over_blocks import MOST_PAIRS


@dataclass(frozen=True)
class OneRunEach:
    """Of so many ways to pick a confirm run of both arms, those in which either is ahead, and ahead by the margin.

    A run that was lost, diverged or has no finite score is behind every other; of two such neither is ahead.
    """

    a: str
    b: str
    ways: int
    a_ahead: int
    b_ahead: int
    a_beyond: int
    b_beyond: int


def one_run_each(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[OneRunEach]:
    """Return the counts of every pair whose arms have ended confirm runs."""
    values = {arm: list(_values(experiment, arm)) for arm in experiment.plan.arms}
    margin = experiment.plan.metric.margin or 0.0
    found = []
    for pair in pairs:
        gaps = [a - b for a, b in product(values[pair.a], values[pair.b])]  # of two that broke down: nan
        if gaps:
            found.append(
                OneRunEach(
                    pair.a,
                    pair.b,
                    ways=len(gaps),
                    a_ahead=sum(gap > 0 for gap in gaps),
                    b_ahead=sum(gap < 0 for gap in gaps),
                    a_beyond=sum(gap > margin for gap in gaps),
                    b_beyond=sum(gap < -margin for gap in gaps),
                )
            )
    return found


def one_run_sentences(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[str]:
    """Return the counts in words; nothing for more pairs of arms than anybody reads."""
    return [_sentence(row, experiment) for row in one_run_each(experiment, pairs)] if len(pairs) <= MOST_PAIRS else []


def _sentence(row: OneRunEach, experiment: ExperimentRecord) -> str:
    metric = experiment.plan.metric
    unit = f" {metric.unit}" if metric.unit else ""
    beyond = f" (by more than {metric.margin:g}{unit} in {{}})" if metric.margin else ""
    return (
        f"{row.a} against {row.b}: of {row.ways:,} ways to pick one run of each, {row.a} is ahead in "
        f"{row.a_ahead:,}{beyond.format(f'{row.a_beyond:,}')}, {row.b} in {row.b_ahead:,}"
        f"{beyond.format(f'{row.b_beyond:,}')}."
    )


def _values(experiment: ExperimentRecord, arm: str) -> Iterator[float]:
    """Yield each ended confirm run's score, more being better; minus infinity where it broke down."""
    plan = experiment.plan
    for run in experiment.of(arm, "confirm"):
        if run.broke_down(plan.confirm_key):
            yield -inf
        elif (score := experiment.score(run)) is not None:
            yield plan.metric.sign * score
