"""When was it clear: the same verdict from the validation curves, after a part of the training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from cvae.record import RunState
from sweeps.report.comparison import PairResult, compare_all_pairs, compare_arms
from sweeps.report.reading import ExperimentRecord, RunRecord

#: Parts of the training after which the verdict is read; at the end on the validation split, as before.
STAGES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class StageVerdict:
    """What a pair's validation scores said after a share of the training."""

    a: str
    b: str
    share: float
    word: str
    difference: float
    n: int  # paired seeds
    n_agree: int  # of these, on the side of the confirmed difference


def verdicts_over_training(experiment: ExperimentRecord, pairs: Sequence[PairResult]) -> list[StageVerdict]:
    """Return each pair's verdict at each stage that its runs' evaluations reach; none before confirm is complete."""
    if not experiment.is_complete and experiment.plan.stop != "sure":
        return []
    confirmed = {(pair.a, pair.b): pair.test.difference or 0.0 for pair in pairs}
    found = []
    for share in STAGES:
        stood = as_it_stood(experiment, share)
        arms = {arm.name: arm for arm in compare_arms(stood)}
        for pair in compare_all_pairs(stood, list(arms.values())):
            a, b = arms[pair.a].by_seed, arms[pair.b].by_seed
            differences = [a[seed] - b[seed] for seed in a if seed in b]
            if differences:
                n_agree = sum(d * confirmed[pair.a, pair.b] > 0 for d in differences)
                found.append(
                    StageVerdict(pair.a, pair.b, share, pair.verdict, fmean(differences), len(differences), n_agree)
                )
    return found


def as_it_stood(experiment: ExperimentRecord, share: float) -> ExperimentRecord:
    """Return the confirm runs as they stood after a share of their training, by their last evaluation until then.

    A run that broke down in the end is left as it is, so that every stage rests on the seeds that the verdict rests on.
    Nobody looked at that time: earlier reports are no part of it.
    """
    runs = (run for run in experiment.runs if run.phase == "confirm")
    return replace(experiment, runs=tuple(_stood(experiment, run, share) for run in runs), looks={}, first_planned=None)


def _stood(experiment: ExperimentRecord, run: RunRecord, share: float) -> RunRecord:
    there = replace(run, folder=_no_clips(run.folder))
    if not run.is_finished or run.has_diverged:
        return there
    plan, state = experiment.plan, run.state
    until = share * (state.total_steps or (int(run.epochs.steps[-1]) if len(run.epochs) else 0))
    scores = [value for step, value in run.series(plan.metric.name) if step <= until]
    kls = [value for step, value in run.series("train/kl") if step <= until]
    if not scores:
        return replace(there, state=RunState())  # not evaluated yet
    final = {plan.confirm_key: scores[-1], **({"train/kl": kls[-1]} if kls else {})}
    return replace(there, state=replace(state, final=final, flags=None))


def _no_clips(folder: Path) -> Path:
    """Return a folder of the run's name where nothing lies: clips were scored at the end alone."""
    return folder / "as it stood" / folder.name
