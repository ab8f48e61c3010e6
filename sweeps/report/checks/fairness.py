"""Checks of the comparison: equal chances, the same conditions, enough search, enough training."""

from collections.abc import Sequence
from typing import Any

from sweeps.report.checks.boundary import at_a_boundary
from sweeps.report.checks.check import Check
from sweeps.report.comparison import ArmResult
from sweeps.report.reading import ExperimentRecord, RunRecord, clip_names
from sweeps.report.statistics import mean_interval
from sweeps.report.wording import format_interval, format_number

#: Differences between experiments that are listed; all are counted.
MAX_LISTED = 12


def arms_are_equal(experiment: ExperimentRecord) -> Check:
    """Warn where arms had unequal numbers of scored runs: the best of more looks better."""
    parts, equal = [], True
    for phase in ("tune", "confirm"):
        scored = [
            sum(experiment.score(run) is not None for run in experiment.of(arm, phase)) for arm in experiment.plan.arms
        ]
        # A sweep that stops once it is sure trains an arm only while one of its pairs asks.
        equal = equal and (len(set(scored)) == 1 or (phase == "confirm" and experiment.plan.stop == "sure"))
        parts.append(f"{phase} " + " / ".join(map(str, scored)))
    detail = f"runs with a score in the arms' order: {', '.join(parts)}"
    return Check("The arms had equal chances", "pass" if equal else "warn", detail)


def metric_is_as_declared(experiment: ExperimentRecord) -> Check:
    """Fail where the metric changed after it was first reported, or runs were scored without it."""
    title, metric = "The metric is the one declared", experiment.plan.metric
    if experiment.earlier_metrics:
        earlier = ", ".join(experiment.earlier_metrics)
        detail = f"now {metric.name} ({metric.direction}); this folder was reported before with {earlier}"
        return Check(title, "fail", detail)
    finished = [run for run in experiment.runs if run.is_finished]
    n_without = sum(experiment.score(run) is None for run in finished)
    detail = f"{n_without} of {len(finished)} finished runs have no {metric.short}; {metric.name} ({metric.direction})"
    return Check(title, "warn" if n_without else "pass", detail)


def confirmed_on_fresh_clips(experiment: ExperimentRecord) -> Check:
    """Warn where confirm runs are scored on the split that chose their configuration."""
    split, chose = experiment.plan.split, experiment.plan.metric.prefix
    same = experiment.plan.confirm_key == experiment.plan.metric.name and any(
        r.phase == "tune" for r in experiment.runs
    )
    detail = f"chosen by {chose}, confirmed on the {split} split" + (", which is the same" if same else "")
    return Check("Confirmed on fresh clips", "warn" if same else "pass", detail)


def conditions_are_the_same(experiment: ExperimentRecord) -> Check:
    """Warn where confirm runs differ in data, code, device or precision, or ran with uncommitted changes."""
    runs = [run for run in experiment.runs if run.phase == "confirm" and run.is_finished]
    mixed = []
    for key in ("data_fingerprint", "git_commit", "device", "precision", "versions"):
        values = {_text(getattr(run.state, key)) for run in runs}
        if len(values) > 1:
            mixed.append(f"{len(values)} different values of {key}")
    if len({run.final("n_clips") for run in runs}) > 1:
        mixed.append("different numbers of clips")
    if len({names for run in runs if (names := clip_names(run)) is not None}) > 1:
        mixed.append("different clips")
    if any(run.state.git_dirty for run in runs):
        mixed.append("uncommitted changes in the code")
    detail = "; ".join(mixed) or "the same clips, data fingerprint, commit, device, precision and versions"
    return Check("Every confirm run ran alike", "warn" if mixed else "pass", detail)


def _text(value: Any) -> str:
    return repr(sorted(value.items())) if isinstance(value, dict) else repr(value)


def search_was_wide_enough(experiment: ExperimentRecord, arms: Sequence[ArmResult]) -> Check:
    """Warn where a chosen parameter lies at the edge of its range: the best may lie beyond."""
    edges = [f"{arm.name} {edge}" for arm in arms for run in arm.chosen for edge in at_a_boundary(experiment.plan, run)]
    detail = "; ".join(edges) or "every chosen parameter lies inside its range"
    return Check("The search space was wide enough", "warn" if edges else "pass", detail)


def experiments_differ_in_nothing_else(experiment: ExperimentRecord) -> list[Check]:
    """Warn where merged experiments differ in more than their arms; nothing for a single experiment."""
    if not experiment.differences:
        return []
    shown = [*experiment.differences[:MAX_LISTED], *(["..."] if len(experiment.differences) > MAX_LISTED else [])]
    detail = f"{len(experiment.differences)} other values differ and may explain a difference: {'; '.join(shown)}"
    return [Check("The experiments differ in nothing else", "warn", detail)]


def training_has_levelled_off(experiment: ExperimentRecord) -> list[Check]:
    """Warn where an arm still gains more than the margin in the last quarter; nothing where no curve tells."""
    metric, parts, rising = experiment.plan.metric, [], False
    for arm in experiment.plan.arms:
        runs = [run for run in experiment.of(arm, "confirm") if run.is_finished]
        gains = [metric.sign * moved for run in runs if (moved := last_quarter(run, metric.name)) is not None]
        if not gains:
            continue
        gain = mean_interval(gains)
        surely = gain.interval is None or gain.interval[0] > 0
        rising = rising or (surely and (gain.mean or 0) > (metric.margin or 0))
        parts.append(f"{arm} {format_number(gain.mean, 2, True)} {metric.unit} ({format_interval(gain.interval)})")
    detail = f"gain in the last quarter of training: {'; '.join(parts)}" + (": longer may change it" if rising else "")
    return [Check("Training has levelled off", "warn" if rising else "pass", detail)] if parts else []


def last_quarter(run: RunRecord, key: str) -> float | None:
    """Return by how much a run's curve moved from the last evaluation before 3/4 of its steps; None for too few."""
    series = run.series(key)
    before = [value for step, value in series if step <= 0.75 * series[-1][0]]
    return series[-1][1] - before[-1] if before else None
