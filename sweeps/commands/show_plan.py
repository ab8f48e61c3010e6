"""The plan for people: every run that an experiment makes, and which of them are done."""

from collections import Counter
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cvae.data.sources import require_root
from cvae.errors import InputError, fault_of
from cvae.record import FINAL_STATUSES
from sweeps.experiment import Experiment, GridOptions, PlannedRun, Tune, all_runs
from sweeps.experiment_folder import ExperimentFolder, check_unchanged, read_standing
from sweeps.search_space import Params, format_params, grid


def print_plan(experiment: Experiment, root: ExperimentFolder) -> None:
    """Print one line a run and a closing count."""
    console = Console()
    table = Table(title=f"{experiment.name}: {experiment.question}" if experiment.question else experiment.name)
    for heading in ("arm", "run", "phase", "seed", "parameters", "state"):
        table.add_column(heading)
    counts: Counter[str] = Counter()
    for run in all_runs(experiment):
        status = read_standing(run, root).state.status
        counts[status] += 1
        table.add_row(run.arm, run.name, run.phase, str(run.seed), _parameters(experiment, run, root), status)
    console.print(table)
    done = sum(counts[status] for status in FINAL_STATUSES)
    steps = experiment.config(next(iter(experiment.arms)), {}, 0, "validate").train.steps
    detail = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    console.print(f"{done} of {sum(counts.values())} runs done ({detail}); {steps} steps a run; folder {root.path}")


def check_plan(experiment: Experiment, root: ExperimentFolder) -> None:
    """Check what can be checked of a launch without packing data: what was launched there, and that data is there.

    Raises:
        InputError: a launch would be refused; says why.
    """
    faults = [fault_of(lambda: check_unchanged(experiment, root))]
    for arm in experiment.arms:
        source = experiment.config(arm, {}, experiment.seed, experiment.confirm.split).data
        if (folder := getattr(source, "root", None)) is not None:
            faults.append(fault_of(partial(require_root, Path(folder))))
    if reason := next((fault for fault in faults if fault), None):
        raise InputError(f"a launch would be refused: {reason}")


def known_params(experiment: Experiment, tune: Tune, run: PlannedRun) -> Params | None:
    """Return the parameters that a trial will have; None where they depend on the trials before it."""
    space = experiment.space(run.arm)
    if tune.sampler == "grid":
        return grid(space, GridOptions.model_validate(tune.sampler_options).points, experiment.seed)[run.number]
    if tune.sampler == "qmc":
        from sweeps.search_space import qmc_params

        return qmc_params(space, experiment.seed, run.number)
    return None


def _parameters(experiment: Experiment, run: PlannedRun, root: ExperimentFolder) -> str:
    identity = root.run(run).read_identity()
    params = None if identity is None else identity.params
    if params is None and run.phase == "tune" and experiment.tune:
        params = known_params(experiment, experiment.tune, run)
    if params is None:
        return "the sampler's" if run.phase == "tune" else "the arm's best" if experiment.tune else ""
    return format_params(params, digits=3)
