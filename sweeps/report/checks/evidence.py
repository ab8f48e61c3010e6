"""Checks of the evidence: runs lost, broken down or missing, and whether the interval means what it says."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from cvae.record import LOST
from sweeps.report.checks.check import Check
from sweeps.report.checks.similar_seeds import similar_seeds
from sweeps.report.comparison import ArmResult, PairResult
from sweeps.report.reading import ExperimentRecord
from sweeps.report.statistics import measured_coverage
from sweeps.report.wording import format_share

#: A difference this many robust standard deviations from the median is no draw from a normal distribution.
OUTLYING = 6.0


def nothing_was_lost(experiment: ExperimentRecord) -> Check:
    """Fail where confirm runs failed or diverged, warn where only tune runs did or pairs left."""
    title = "No run was lost"
    lost = [
        run for run in experiment.runs if run.status in LOST and (run.phase == "confirm" or run.status != "stopped")
    ]
    strangers = f"; folders of unknown arms: {', '.join(experiment.strangers)}" if experiment.strangers else ""
    if not lost:
        return Check(title, "warn" if strangers else "pass", f"0 runs failed or diverged{strangers}")
    counts = Counter((run.arm, run.phase, run.status) for run in lost)
    each = "; ".join(f"{arm} {phase}: {n} {status}" for (arm, phase, status), n in counts.items())
    in_confirm = any(run.phase == "confirm" for run in lost)
    return Check(title, "fail" if in_confirm else "warn", f"{each}{strangers}; their pairs leave together")


def nothing_diverged(experiment: ExperimentRecord) -> Check:
    """Warn where runs broke down, which the verdict counts beside."""
    parts, worst, key = [], 0, experiment.plan.confirm_key
    for arm in experiment.plan.arms:
        runs = [run for run in experiment.of(arm, "confirm") if run.is_finished or run.status in LOST]
        n_broken = sum(run.broke_down(key) for run in runs)
        worst = max(worst, n_broken)
        parts.append(f"{arm} {format_share(n_broken, len(runs))}")
    detail = f"confirm runs that broke down: {'; '.join(parts)}"
    return Check("No run broke down", "warn" if worst else "pass", detail)


def no_pair_is_missing(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> Check:
    """Warn where pairs are missing; what breakdowns would do to the verdict stands in the verdict itself."""
    title, planned = "No pair is missing", experiment.plan.n_blocks
    parts = []
    for pair in pairs:
        n_missing = planned - pair.test.n
        if experiment.plan.stop == "sure":  # what was spared is not missing
            n_missing = _n_trained_in_both(experiment, pair) - pair.test.n
        elif experiment.plan.n_tunings == 1:
            n_missing = max(len(pair.left_out), n_missing)
        if n_missing <= 0:
            continue
        words = f"{pair.a} against {pair.b} {n_missing} of {planned}"
        if lost := pair.with_lost:
            words += f" (breakdowns ranked worst: better at {lost.n_a}, worse at {lost.n_b}, p = {lost.p:.3f})"
        parts.append(words)
    if not parts:
        return Check(title, "pass", f"0 pairs are missing of {planned} planned for each two arms")
    return Check(title, "warn", f"missing pairs: {'; '.join(parts)}")


def _n_trained_in_both(experiment: ExperimentRecord, pair: PairResult) -> int:
    """Return at how many blocks both arms of a pair have a run."""
    blocks = experiment.block_of_seed
    a, b = ({blocks[r.seed] for r in experiment.of(arm, "confirm") if r.seed in blocks} for arm in (pair.a, pair.b))
    return len(a & b)


def differences_vary(pairs: Sequence[PairResult]) -> Check:
    """Warn where the seed changes nothing, so that its runs are no independent evidence."""
    constant = [f"{pair.a} and {pair.b}" for pair in pairs if pair.test.is_constant]
    detail = f"the difference is the same at every seed: {'; '.join(constant)}" if constant else "the differences vary"
    return Check("The seed matters", "warn" if constant else "pass", detail)


def interval_can_be_trusted(
    experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]
) -> Check:
    """Warn where broken runs or outlying seeds make the 95% interval cover less than it says."""
    title, reasons = "Intervals cover what they say", [*_broken(experiment), *_outlying(arms, pairs)]
    n = min((pair.test.n for pair in pairs if pair.test.n), default=0)
    worth = measured_coverage(kind_of_seeds(arms, pairs), n)
    if not reasons:
        return Check(title, "pass", f"no scored seed collapsed or stands far apart from the others; {worth}")
    return Check(title, "warn", f"{'; '.join(reasons)}: {worth}")


def kind_of_seeds(arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> str:
    """Return the kind of simulated seeds that is most like a study's."""
    return similar_seeds(arms, pairs, any(_outlying(arms, pairs)))


def _broken(experiment: ExperimentRecord) -> Iterator[str]:
    for arm in experiment.plan.arms:
        key = experiment.plan.confirm_key
        runs = [r for r in experiment.of(arm, "confirm") if experiment.score(r) is not None and not r.broke_down(key)]
        n_broken = sum(run.has_collapsed for run in runs)
        if 0 < n_broken < len(runs):  # where all are alike there is nothing to mix
            yield f"{arm}: {format_share(n_broken, len(runs))} of the scored runs collapsed"


def _outlying(arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> Iterator[str]:
    by_seed = {arm.name: arm.by_seed for arm in arms}
    for pair in pairs:
        a, b = by_seed[pair.a], by_seed[pair.b]
        seeds = [seed for seed in a if seed in b]
        d = np.array([a[seed] - b[seed] for seed in seeds])
        spread = 1.4826 * float(np.median(np.abs(d - np.median(d)))) if len(d) > 4 else 0.0
        far = [seed for seed, value in zip(seeds, d, strict=True) if abs(value - np.median(d)) > OUTLYING * spread > 0]
        if far:
            yield f"{pair.a} against {pair.b}: seed {', '.join(map(str, far))} far from the others"
