"""Which confirm runs were still alive at which step of their training."""

from dataclasses import dataclass

from scipy.stats import CensoredData, ecdf

from cvae.record import COLLAPSED_KL, LOST
from sweeps.report.reading import ExperimentRecord, RunRecord


@dataclass(frozen=True)
class Survival:
    """An arm's share of runs that are alive, from each step on (Kaplan & Meier 1958); it begins with all at step 0."""

    arm: str
    n: int  # runs that have begun
    n_broken: int
    curve: tuple[tuple[int, float], ...]  # (step, share), the last one where the longest run ends


def survivals(experiment: ExperimentRecord) -> list[Survival]:
    """Return the survival of each arm's confirm runs; an arm of which none has begun is left out."""
    found = (_survival(arm, experiment.of(arm, "confirm"), experiment) for arm in experiment.plan.arms)
    return [survival for survival in found if survival is not None]


def _survival(arm: str, runs: list[RunRecord], experiment: ExperimentRecord) -> Survival | None:
    begun = [run for run in runs if _last_step(run) or run.status in LOST]
    if not begun:
        return None
    broken = [step for run in begun if (step := breaks_at(experiment, run)) is not None]
    alive = [_last_step(run) for run in begun if breaks_at(experiment, run) is None]
    shares = ecdf(CensoredData(uncensored=broken, right=alive)).sf
    curve = [(0, 1.0)]
    for step, share in zip(shares.quantiles, shares.probabilities, strict=True):
        if share < curve[-1][1]:
            curve.append((int(step), float(share)))
    end = max(_last_step(run) for run in begun)
    if end > curve[-1][0]:
        curve.append((end, curve[-1][1]))
    return Survival(arm, len(begun), len(broken), tuple(curve))


def breaks_at(experiment: ExperimentRecord, run: RunRecord) -> int | None:
    """Return the step at which a run was lost, diverged or collapsed; None for one that lives.

    What only the final evaluation shows broke at the end; a collapse began where the recorded KL fell for good.
    """
    if run.status in LOST or run.has_diverged or (run.is_finished and experiment.score(run) is None):
        return _last_step(run)
    if not run.has_collapsed:
        return None
    step = _last_step(run)
    for at, kl in reversed(run.series("train/kl")):
        if kl >= COLLAPSED_KL:
            break
        step = at
    return step


def _last_step(run: RunRecord) -> int:
    return max(run.state.step, int(run.epochs.steps[-1]) if len(run.epochs) else 0)
