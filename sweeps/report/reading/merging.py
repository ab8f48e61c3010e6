"""Arms of several experiments against each other: only where their scores measure the same thing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from sweeps.experiment import SecondaryMetric
from sweeps.report.reading.clip_scores import clip_names
from sweeps.report.reading.records import ExperimentRecord, PlanRecord, RunRecord

#: Keys of a run's configuration without which two scores are not the same quantity.
OF_THE_SCORE = ("image_size", "n_past", "n_eval", "evaluation.seed")

#: Keys of a configuration that may always differ: where and with which noise a run was made.
OF_THE_ATTEMPT = ("seed", "store", "runtime")


def refuse_what_differs(first: ExperimentRecord, other: ExperimentRecord) -> None:
    """Refuse two experiments whose scores measure different things.

    Raises:
        InputError: naming every difference.
    """
    differences = list(differences_in_score(first, other))
    if differences:
        raise InputError(f"{first.folder} and {other.folder} cannot be compared: {'; '.join(differences)}")


def differences_in_score(first: ExperimentRecord, other: ExperimentRecord) -> Iterator[str]:
    """Yield what makes scores incomparable: metric, split, data, clips, task; or no seed in common."""
    declared = [
        {
            "metric.name": experiment.plan.metric.name,
            "metric.direction": experiment.plan.metric.direction,
            "confirm.split": experiment.plan.split,
            "confirm.configs_per_arm": experiment.plan.n_configs,
            "confirm.replicates": experiment.plan.n_tunings,
        }
        for experiment in (first, other)
    ]
    for key, value in declared[0].items():
        if value != declared[1][key]:
            yield f"{key} is {value} and {declared[1][key]}"
    for words, (x, y) in {
        "the data's fingerprint": [_states(e, "data_fingerprint") for e in (first, other)],
        **{key: [_values(e, key) for e in (first, other)] for key in OF_THE_SCORE},
    }.items():
        if x != y and x and y:
            yield f"{words} is {', '.join(sorted(x))} and {', '.join(sorted(y))}"
    clips = [{names for run in _confirmed(e) if (names := clip_names(run)) is not None} for e in (first, other)]
    if clips[0] != clips[1] and all(clips):
        yield "they were scored on different clips"
    if not set(first.confirm_seeds) & set(other.confirm_seeds):
        yield "they have no confirm seed in common"


def _confirmed(experiment: ExperimentRecord) -> list[RunRecord]:
    return [run for run in experiment.runs if run.phase == "confirm" and run.is_finished]


def _states(experiment: ExperimentRecord, key: str) -> set[str]:
    return {str(value) for run in _confirmed(experiment) if (value := getattr(run.state, key)) is not None}


def _values(experiment: ExperimentRecord, key: str) -> set[str]:
    return {str(flat[key]) for run in _confirmed(experiment) if key in (flat := dict(_flat(run.config)))}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def merged(experiments: Sequence[ExperimentRecord], folder: Path) -> ExperimentRecord:
    """Return one experiment with every arm, named `experiment: arm`."""
    names = _names(experiments)
    renamed = [{arm: f"{name}: {arm}" for arm in e.plan.arms} for e, name in zip(experiments, names, strict=True)]
    pairs = list(zip(experiments, renamed, strict=True))
    return ExperimentRecord(
        folder=folder,
        plan=_plan(experiments, renamed, names),
        runs=tuple(replace(run, arm=arms[run.arm]) for e, arms in pairs for run in e.runs),
        strangers=tuple(stranger for e in experiments for stranger in e.strangers),
        earlier_metrics=tuple(dict.fromkeys(name for e in experiments for name in e.earlier_metrics)),
        beta_c={arms[arm]: value for e, arms in pairs for arm, value in e.beta_c.items() if arm in arms},
        differences=tuple(_other_differences(experiments, names)),
    )


def _names(experiments: Sequence[ExperimentRecord]) -> list[str]:
    """Return the experiments' names; their folders' where two are called the same."""
    names = [experiment.plan.name for experiment in experiments]
    return names if len(set(names)) == len(names) else [str(experiment.folder) for experiment in experiments]


def _plan(
    experiments: Sequence[ExperimentRecord], renamed: Sequence[Mapping[str, str]], names: Sequence[str]
) -> PlanRecord:
    plans = [experiment.plan for experiment in experiments]
    margin = strictest_margin(plan.metric.margin for plan in plans)
    return replace(
        plans[0],
        name=" against ".join(names),
        question="; ".join(dict.fromkeys(plan.question for plan in plans if plan.question)),
        metric=plans[0].metric.model_copy(update={"margin": margin}),
        arms=tuple(name for arms in renamed for name in arms.values()),
        spaces={arms[a]: space for plan, arms in zip(plans, renamed, strict=True) for a, space in plan.spaces.items()},
        trials_per_arm=max(plan.trials_per_arm for plan in plans),
        sampler=plans[0].sampler if len({plan.sampler for plan in plans}) == 1 else None,
        n_seeds=max(plan.n_seeds for plan in plans),
        also=tuple(_shared_also(plans)),
    )


def _shared_also(plans: Sequence[PlanRecord]) -> Iterator[SecondaryMetric]:
    """Yield the secondary metrics that every experiment declares in the same direction, by the rule of the margin."""
    for metric in plans[0].also:
        each = [[m for m in plan.also if (m.name, m.direction) == (metric.name, metric.direction)] for plan in plans]
        if all(each):
            yield metric.model_copy(update={"margin": strictest_margin(same.margin for [same] in each)})


def strictest_margin(margins: Iterable[float | None]) -> float | None:
    """Return the smallest margin, and only where every experiment declared one before it was launched."""
    each = list(margins)
    known = [margin for margin in each if margin is not None]
    return min(known) if len(known) == len(each) else None


def _other_differences(experiments: Sequence[ExperimentRecord], names: Sequence[str]) -> Iterator[str]:
    """Yield every configured value that no two experiments share: what else could explain a difference."""
    flats = [[dict(_flat(run.config)) for run in _confirmed(experiment)] for experiment in experiments]
    for key in dict.fromkeys(key for configs in flats for flat in configs for key in flat):
        if key.partition(".")[0] in OF_THE_ATTEMPT:
            continue
        values = [sorted({str(flat.get(key)) for flat in configs}) for configs in flats]
        if not set.intersection(*map(set, values)):
            each = (f"{name} {' or '.join(own)}" for name, own in zip(names, values, strict=True))
            yield f"{key}: {', '.join(each)}"
