"""What the comparison says: one value for each arm and one for each pair of arms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from sweeps.report.comparison.clip_effect import ClipEffect
from sweeps.report.comparison.search_space_effect import SpaceEffect
from sweeps.report.reading import RunRecord
from sweeps.report.statistics import Improvement, Interval, Mean, Paired, SignTest

#: What may be said of arm a against arm b.
Verdict = Literal["better", "worse", "equivalent", "undecided"]


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

    `iqm` and `worst_tenth` summarise the same seeds as `confirmed`. `n_diverged`, `n_collapsed` and `n_lost` count
    confirm runs. `gain` is the advantage over repeating the last given frame (positive is better), paired by seed.
    `tune_score` is the tune score of the configurations that were confirmed, `on_tune_split` what their confirm runs
    reached on the same split at their last evaluation, and `shrinkage` what confirmation took off the tune score.
    """

    name: str
    by_seed: Mapping[int, float]
    confirmed: Mean
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
    the rule; `improvement` the probability that a is better; `more_seeds` what would settle an undecided pair (None:
    not undecided, or not to be told). `with_lost` counts lost runs as the worst of their pair; None where no run was
    lost. `space` is the effect over the search space, `clips` the one clip by clip; None where they were not recorded.
    """

    a: str
    b: str
    test: Paired
    bootstrap: Interval | None
    sign_flip_p: float | None
    improvement: Improvement | None
    p_holm: float | None
    verdict: Verdict
    is_within_margin: bool
    more_seeds: int | None
    space: SpaceEffect | None
    clips: ClipEffect | None
    with_lost: SignTest | None
    left_out: tuple[str, ...]
