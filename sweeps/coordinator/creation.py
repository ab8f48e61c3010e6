"""A run's folder, made when its turn comes: by then its trial can be asked for and its arm's best is known."""

from sweeps.experiment import Experiment, PlannedRun
from sweeps.experiment_folder import ExperimentFolder, pin_to_machine, write_run
from sweeps.study.trials import Trials


def create_run(run: PlannedRun, experiment: Experiment, root: ExperimentFolder, trials: Trials, threads: int) -> bool:
    """Write a run's folder; return False for a confirm run that has no configuration to confirm."""
    choice = trials.choose(run)
    if choice is None:
        return False
    trial, params = choice
    split = "validate" if run.phase == "tune" else experiment.confirm.split
    config = experiment.config(run.arm, params, run.seed, split, full=run.phase == "confirm")
    write_run(run, root, pin_to_machine(config, threads), params, trial)
    return True
