"""What the comparison says: one value for each arm and one for each pair of arms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sweeps.report.runs import Run
from sweeps.report.statistics import Mean, Paired, SignTest

#: What may be said of arm a against arm b.
Verdict = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True)
class ArmResult:
    """What confirmation says of one arm; values in the metric's unit, KL in nats per sequence.

    `gain` is the advantage over repeating the last given frame (positive is better), paired by seed. `tune_score` is
    the tune score of the configurations that were confirmed, and `shrinkage` what confirmation took off it.
    """

    name: str
    by_seed: Mapping[int, float]
    confirmed: Mean
    copy_last: float | None
    gain: Mean
    kl: float | None
    n_collapsed: int
    n_kl: int
    tune_score: float | None
    shrinkage: float | None
    chosen: tuple[Run, ...]  # the first confirm run of each configuration


@dataclass(frozen=True)
class PairResult:
    """Arm a against arm b (`test.difference` is a minus b), with the seeds that had to leave and why.

    `with_lost` counts lost runs as the worst of their pair; None where no run was lost.
    """

    a: str
    b: str
    test: Paired
    p_holm: float | None
    verdict: Verdict
    is_within_margin: bool
    with_lost: SignTest | None
    left_out: tuple[str, ...]
