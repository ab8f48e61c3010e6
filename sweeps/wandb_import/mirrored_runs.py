"""Runs that this project mirrored, back into the record that they were mirrored from."""

from collections.abc import Sequence
from dataclasses import replace

from cvae.errors import InputError
from sweeps.imported_experiment import ImportedExperiment, ImportedRun
from sweeps.tracking.offline_runs import LoggedRun
from sweeps.tracking.wandb_schema import RunOrigin, line_of, origin_of, recorded_state


def restore(runs: Sequence[LoggedRun]) -> ImportedExperiment | None:
    """Return the experiment that runs were mirrored from; None where this project has mirrored none of them.

    Raises:
        InputError: some are of another trainer or of another experiment, or one cannot be read.
    """
    origins = [_origin(run) for run in runs]
    ours = [(run, origin) for run, origin in zip(runs, origins, strict=True) if origin is not None]
    if not ours:
        return None
    if len(ours) < len(runs):
        raise InputError(f"this project has mirrored {len(ours)} of the {len(runs)} runs; they cannot be read together")
    names = sorted({origin.identity.experiment for _, origin in ours})
    if len(names) > 1:
        raise InputError(f"holds several experiments; name one, as ENTITY/PROJECT/{names[0]}: {', '.join(names)}")
    files = ours[-1][1].files  # the newest run's: an experiment may have grown
    if "experiment.yaml" not in files:
        raise InputError(f"wandb run {ours[-1][0].id}: was mirrored without its experiment.yaml")
    return ImportedExperiment([_restored(run, origin) for run, origin in ours], files)


def _origin(run: LoggedRun) -> RunOrigin | None:
    try:
        return origin_of(run.config)
    except InputError as error:
        raise InputError(f"wandb run {run.id}: {error}") from error


def _restored(run: LoggedRun, origin: RunOrigin) -> ImportedRun:
    by_step = {line["step"]: line for row in run.history if (line := line_of(row))}
    lines = [by_step[step] for step in sorted(by_step)]
    try:
        state = recorded_state(run.summary, lines)
    except InputError as error:
        raise InputError(f"wandb run {run.id}: {error}") from error
    return ImportedRun(replace(origin.identity, wandb_id=run.id), origin.config, lines, state)
