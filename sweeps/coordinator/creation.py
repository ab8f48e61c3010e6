"""A run's folder, made when its turn comes: by then its trial can be asked for and its arm's best is known."""

from cvae.config import Config
from sweeps.coordinator.event_log import EventLog
from sweeps.experiment import Experiment, PlannedRun
from sweeps.experiment_folder import ExperimentFolder, config_hash, pin_to_machine, relocate, write_run
from sweeps.search_space import Params
from sweeps.study.trials import Trials


def create_run(
    run: PlannedRun, experiment: Experiment, root: ExperimentFolder, trials: Trials, threads: int, log: EventLog
) -> bool:
    """Write a run's folder; return False for a confirm run that has no configuration to confirm.

    The ledger says first what it will be: the folder may be damaged later, or edited.
    """
    choice = trials.choose(run)
    if choice is None:
        return False
    trial, params = choice
    config = config_of_run(run, experiment, params, threads)
    trains = config_hash(config.model_dump(mode="json"))
    log.note("created", run=run.path, trial=trial, params=params, trains=trains)
    write_run(run, root, config, params, trial)
    return True


def config_of_run(run: PlannedRun, experiment: Experiment, params: Params, threads: int) -> Config:
    """Return the configuration of a run on this machine."""
    split = "validate" if run.phase == "tune" else experiment.confirm.split
    config = experiment.config(run.arm, params, run.seed, split, full=run.phase == "confirm")
    return pin_to_machine(config, threads)


def make_ready(
    run: PlannedRun, experiment: Experiment, root: ExperimentFolder, trials: Trials, threads: int, log: EventLog
) -> bool:
    """Make a run's folder, or let one that exists find its data where they lie now; return whether it can be launched.

    Raises:
        InputError: the run's record cannot be read or written.
    """
    folder = root.run(run)
    if not folder.path.exists():
        return create_run(run, experiment, root, trials, threads, log)
    identity = folder.read_identity()
    params = {} if identity is None else identity.params
    if relocate(folder, config_of_run(run, experiment, params, threads)):
        log.note("moved", run=run.path)
    if folder.asked_status() == "interrupted":
        folder.stop.unlink()
    return True
