"""The checklist: what could make the verdict mean less than it says, each check with its number."""

from collections.abc import Sequence
from statistics import fmean

from cvae.data import FAR_ABOVE
from cvae.record import COLLAPSED_KL, LEAST_CODE_SHARE, finite
from sweeps.decision import LEAST_PAIRS
from sweeps.report.checks import evidence, fairness, falls, record_faults
from sweeps.report.checks.check import Check
from sweeps.report.comparison import ArmResult, PairResult, is_over
from sweeps.report.reading import ExperimentRecord
from sweeps.report.wording import format_interval, format_number, format_share

CODE_SHARE = "train/code_share"


def run_checks(experiment: ExperimentRecord, arms: Sequence[ArmResult], pairs: Sequence[PairResult]) -> list[Check]:
    """Return the whole checklist, always in the same order; what was not recorded cannot be checked."""
    return [
        posterior_is_alive(arms),
        *codes_tell_frames_apart(experiment),
        *latent_tells_clips_apart(experiment),
        *beta_lets_latents_live(experiment, arms),
        copy_last_is_beaten(experiment, arms),
        enough_pairs(pairs, arms),
        evidence.interval_can_be_trusted(experiment, arms, pairs),
        runs_are_complete(experiment, pairs),
        evidence.nothing_was_lost(experiment),
        evidence.nothing_diverged(experiment),
        *falls.nothing_fell_on_the_way(experiment),
        evidence.no_pair_is_missing(experiment, pairs),
        fairness.arms_are_equal(experiment),
        fairness.metric_is_as_declared(experiment),
        fairness.confirmed_on_fresh_clips(experiment),
        evidence.differences_vary(pairs),
        fairness.conditions_are_the_same(experiment),
        *record_faults.record_is_whole(experiment),
        *record_faults.record_is_as_written(experiment),
        fairness.search_was_wide_enough(experiment, arms),
        *fairness.experiments_differ_in_nothing_else(experiment),
        *fairness.training_has_levelled_off(experiment),
    ]


def is_void(arms: Sequence[ArmResult]) -> bool:
    """Return whether the KL of every arm that has one is below the threshold of a collapsed posterior."""
    known = [arm.kl for arm in arms if arm.kl is not None]
    return bool(known) and max(known) < COLLAPSED_KL


def posterior_is_alive(arms: Sequence[ArmResult]) -> Check:
    """Fail where every arm's posterior has collapsed, warn where some runs' have."""
    title = "The posterior is alive"
    if not any(arm.n_kl for arm in arms):
        return Check(title, "warn", "no confirm run recorded a KL")
    each = "; ".join(
        f"{arm.name} {format_number(arm.kl, 3)} nats, {format_share(arm.n_collapsed, arm.n_kl)}" for arm in arms
    )
    detail = f"training KL at the end, and collapsed runs (below {COLLAPSED_KL} nats per sequence): {each}"
    if is_void(arms):
        return Check(
            title, "fail", f"the posterior has collapsed: deterministic predictors are being compared. {detail}"
        )
    return Check(title, "warn" if any(arm.n_collapsed for arm in arms) else "pass", detail)


def codes_tell_frames_apart(experiment: ExperimentRecord) -> list[Check]:
    """Warn where an arm's codes were nearly the same for every frame as it began; nothing where it was not recorded."""
    shares = {
        arm: fmean(first)
        for arm in experiment.plan.arms
        if (first := [series[0][1] for run in experiment.of(arm, "confirm") if (series := run.series(CODE_SHARE))])
    }
    if not shares:
        return []
    each = "; ".join(f"{arm} {share:.0%}" for arm, share in shares.items())
    detail = f"share of the codes' second moment that differs between frames, at the first evaluation: {each}"
    is_mute = min(shares.values()) < LEAST_CODE_SHARE
    if is_mute:
        detail += f". Below {LEAST_CODE_SHARE:.0%} the latent hardly hears which frame it is of"
    return [Check("The codes tell frames apart", "warn" if is_mute else "pass", detail)]


def latent_tells_clips_apart(experiment: ExperimentRecord) -> list[Check]:
    """Warn where z says nothing of the clip in any run of an arm; nothing where that was not measured.

    A posterior that is shifted alike for every clip pays KL and carries nothing.
    """
    parts, level = [], False
    for arm in experiment.plan.arms:
        measured = [run.diagnostics for run in experiment.of(arm, "confirm") if run.is_finished and run.diagnostics]
        active = [units for d in measured if (units := finite(d.get("active_units"))) is not None]
        if active:
            level |= max(active) == 0
            parts.append(f"{arm} {fmean(active):.1f}")
    if not parts:
        return []
    detail = f"active dimensions of z, mean over confirm runs: {'; '.join(parts)}"
    if level:
        detail += ". Without one, z is the same for every clip whatever its KL: deterministic predictors are compared"
    return [Check("The latent tells clips apart", "warn" if level else "pass", detail)]


def beta_lets_latents_live(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> list[Check]:
    """Warn where a chosen top weight is far above the data's threshold; nothing where no threshold was recorded."""
    parts, worst = [], 0.0
    for arm in arms:
        beta_c = experiment.beta_c.get(arm.name)
        for weight in {run.weight() for run in arm.chosen} - {None}:
            if beta_c:
                worst = max(worst, (weight or 0.0) / beta_c)
                parts.append(f"{arm.name} {weight:.2g} against {beta_c:.2g}")
    if not parts:
        return []
    detail = f"top weight of the KL term against beta_c, above which a latent is expected to die: {'; '.join(parts)}"
    return [Check("Beta lets latents live", "warn" if worst > FAR_ABOVE else "pass", detail)]


def copy_last_is_beaten(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> Check:
    """Fail where an arm is no better than repeating the last frame, warn where that is uncertain."""
    title, unit = "Every arm beats copy-last-frame", experiment.plan.metric.unit
    known = [arm for arm in arms if arm.gain.mean is not None]
    if not known:
        return Check(title, "warn", "no confirm run recorded the copy-last-frame score")
    each = "; ".join(
        f"{arm.name} {format_number(arm.gain.mean, 2, True)} {unit} ({format_interval(arm.gain.interval)})"
        for arm in known
    )
    means = [arm.gain.mean or 0.0 for arm in known]
    sure = len(known) == len(arms) and all(arm.gain.interval and arm.gain.interval[0] > 0 for arm in known)
    return Check(title, "fail" if min(means) <= 0 else "pass" if sure else "warn", f"gain: {each}")


def enough_pairs(pairs: Sequence[PairResult], arms: Sequence[ArmResult]) -> Check:
    """Warn where an exact test could not reach p < 0.05 whatever the data."""
    n = min((pair.test.n for pair in pairs), default=min((arm.confirmed.n for arm in arms), default=0))
    rule = f"at least {LEAST_PAIRS} pairs are needed before an exact sign-flip test could reach p < 0.05; here n = {n}"
    return Check("Enough seeds", "pass" if n >= LEAST_PAIRS else "warn", rule)


def runs_are_complete(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> Check:
    """Warn where fewer confirm runs have finished than were planned, unless the sweep ended because it was sure."""
    planned = experiment.plan.n_configs * experiment.plan.n_seeds
    done = {arm: sum(run.is_finished for run in experiment.of(arm, "confirm")) for arm in experiment.plan.arms}
    each = "; ".join(f"{arm} {n} of {planned}" for arm, n in done.items())
    complete = all(n >= planned for n in done.values())
    if not experiment.is_complete and is_over(experiment, pairs):
        return Check("The sweep is finished", "pass", f"it ended as sure as it would be; finished confirm runs: {each}")
    return Check("The sweep is finished", "pass" if complete else "warn", f"finished confirm runs: {each}")
