"""What the comparison says: one value for each arm and one for each pair of arms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from sweeps.decision import Breakdowns, Ends
from sweeps.report.comparison.clip_effect import ClipEffect
from sweeps.report.comparison.search_space_effect import SpaceEffect
from sweeps.report.reading import RunRecord
from sweeps.report.statistics import Improvement, Interval, Mean, Paired, SignTest

#: What may be said of arm a against arm b.
Verdict = Literal["better", "worse", "equivalent", "undecided"]


#: What an interval adds to a word: the difference is beyond the margin for certain, within it, or neither.
Size = Literal["beyond", "within", ""]


@dataclass(frozen=True)
class Chances:
    """How likely a is worse than b by more than the margin, practically as good, and better by more; the sum is 1."""

    worse: float
    no_difference: float
    better: float


@dataclass(frozen=True)
class WordChance:
    """The chance that so many more seeds in both arms bring a word, and what they cost; hours None where unknown."""

    seeds: int
    chance: float
    device_hours: float | None


class SeedScores(Protocol):
    """An arm's values of some metric, by seed."""

    @property
    def name(self) -> str:
        """The arm's name."""
        ...

    @property
    def by_seed(self) -> Mapping[int, float]:
        """Seed -> mean over the arm's configurations, for the seeds at which all of them have a value."""
        ...


@dataclass(frozen=True)
class ArmResult:
    """What confirmation says of one arm; values in the metric's unit, KL in nats per sequence.

    `confirmed`, `iqm` and `worst_tenth` are over the seeds at which the arm trained, `everything` over all that have a
    score, breakdowns too. `n_diverged`, `n_collapsed` and `n_lost` count confirm runs; `broken_seeds` are those at
    which one was lost, diverged or has no finite score, of the `ended_seeds`. `gain` is the advantage over repeating
    the last given frame (positive is better), paired by seed. `tune_score` is the tune score of the configurations that
    were confirmed, `on_tune_split` what their confirm runs reached on the same split at their last evaluation, and
    `shrinkage` what confirmation took off the tune score.
    """

    name: str
    by_seed: Mapping[int, float]
    confirmed: Mean
    everything: Mean
    broken_seeds: frozenset[int]
    ended_seeds: frozenset[int]
    iqm: float | None
    worst_tenth: float | None
    copy_last: float | None
    gain: Mean
    kl: float | None
    n_runs: int
    n_lost: int
    n_diverged: int
    n_collapsed: int
    n_kl: int
    tune_score: float | None
    on_tune_split: float | None
    shrinkage: float | None
    chosen: tuple[RunRecord, ...]  # the first confirm run of each configuration


@dataclass(frozen=True)
class PairResult:
    """Arm a against arm b (`test.difference` is a minus b), with the seeds that had to leave and why.

    `bootstrap` is the BCa interval of the difference and `sign_flip_p` the exact randomisation test's p, both beside
    the rule; `improvement` the probability that a is better. `interval` is wide enough for all pairs and looks,
    after `n_decided` seeds; `why` says what keeps the pair undecided, `word_chances` what more seeds would buy.
    `breakdowns` counts them, `with_lost` ranks them as the worst of their pair (None where there are none),
    `everything` is the test over all scores, breakdowns too, and `rank_p` Wilcoxon's over them. `is_void`: both
    posteriors have collapsed. `asks`: in a sweep that stops when it is sure, the pair needs another seed. `looks` are
    the (seeds, word) that reports of this folder gave. `space` is the effect over the search space, `clips` the one
    clip by clip; None where they were not recorded.
    """

    a: str
    b: str
    test: Paired
    interval: Ends | None
    n_decided: int
    why: str
    size: Size
    chances: Chances | None
    word_chances: tuple[WordChance, ...]
    breakdowns: Breakdowns
    everything: Paired
    rank_p: float | None
    is_void: bool
    asks: bool
    looks: tuple[tuple[int, str], ...]
    bootstrap: Interval | None
    sign_flip_p: float | None
    improvement: Improvement | None
    p_holm: float | None
    verdict: Verdict
    space: SpaceEffect | None
    clips: ClipEffect | None
    with_lost: SignTest | None
    left_out: tuple[str, ...]
