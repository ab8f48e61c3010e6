"""What is done to a sweep from another terminal: who works on it, end it, open lost runs again."""

from dataclasses import replace

from cvae.errors import InputError, unless_damaged
from cvae.record import RunFolder, RunState
from sweeps.experiment import Experiment, all_runs
from sweeps.experiment_folder import ExperimentFolder, Ledger, is_worked_on, read_coordinator
from sweeps.launchers import read_job

#: Statuses that `--retry` may open again.
REOPENED = ("failed", "infeasible", "stopped")


def stop_sweep(experiment: Experiment, root: ExperimentFolder) -> str:
    """Ask a sweep to end at its runs' next checkpoints; workers without a coordinator are asked themselves.

    Returns:
        What was done, as a sentence.

    Raises:
        InputError: the experiment was never launched.
    """
    if not (root.experiment.exists() or root.ledger.exists()):
        raise InputError(f"{root.path}: nothing was launched there")
    if is_worked_on(root):
        try:
            root.stop.touch()
        except OSError as error:
            raise InputError(f"{root.stop}: cannot be created ({error.strerror}), so nobody was asked") from error
        holder = read_coordinator(root).holder
        return f"asked {holder} to stop: its runs end at their next checkpoint, the same command goes on"
    folders = [root.run(run) for run in all_runs(experiment)]
    alive = [folder for folder in folders if folder.path.exists() and is_at_work(folder)]
    for folder in alive:
        if not folder.stop.exists():
            folder.ask_to_stop("paused")
    return f"no coordinator works on {root.path}; asked {len(alive)} workers to end at their next checkpoint"


def is_at_work(folder: RunFolder) -> bool:
    """Return whether a run is being trained here, or an engine has a job for it as far as was last seen."""
    job = read_job(folder)
    return folder.is_being_trained() or (job is not None and job.is_elsewhere)


def reopen(experiment: Experiment, root: ExperimentFolder, status: str) -> int:
    """Let every run with a lost status go on from its checkpoint; return how many. The caller holds the lock.

    Raises:
        InputError: runs with that status cannot be opened again.
    """
    if status not in REOPENED:
        raise InputError(f"--retry is '{status}'; allowed: {', '.join(REOPENED)}")
    ledger, n = Ledger(root.ledger), 0
    for run in all_runs(experiment):
        folder = root.run(run)
        state = unless_damaged(folder.read_state, RunState(), [])  # a damaged one is mended by the start that follows
        if state.status != status or is_at_work(folder):
            continue
        folder.stop.unlink(missing_ok=True)
        ledger.append("reopened", run.path, status=status)
        folder.write_state(replace(state, status="interrupted", error=None, final=None))
        n += 1
    return n
