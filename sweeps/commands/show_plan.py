"""The plan for people: every run that an experiment makes, and which of them are done."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from cvae.errors import unless_damaged
from cvae.record import FINAL_STATUSES
from sweeps.experiment import Experiment, GridOptions, PlannedRun, Tune, all_runs
from sweeps.experiment_folder import ExperimentFolder, read_standing
from sweeps.search_space import Params, format_params, grid


def print_plan(experiment: Experiment, root: ExperimentFolder) -> None:
    """Print one line a run and a closing count."""
    console = Console()
    table = Table(title=f"{experiment.name}: {experiment.question}" if experiment.question else experiment.name)
    for heading in ("arm", "run", "phase", "seed", "parameters", "state"):
        table.add_column(heading)
    counts: Counter[str] = Counter()
    damage: list[str] = []
    for run in all_runs(experiment):
        standing = read_standing(run, root)
        status, damage = standing.state.status, [*damage, *standing.damage]
        counts[status] += 1
        table.add_row(run.arm, run.name, run.phase, str(run.seed), _parameters(experiment, run, root), status)
    console.print(table)
    done = sum(counts[status] for status in FINAL_STATUSES)
    steps = experiment.config(next(iter(experiment.arms)), {}, 0, "validate").train.steps
    detail = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    console.print(f"{done} of {sum(counts.values())} runs done ({detail}); {steps} steps a run; folder {root.path}")
    for line in damage:
        console.print(f"warning: {line}", markup=False, highlight=False, soft_wrap=True)


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
    identity = unless_damaged(root.run(run).read_identity, None, [])
    params = None if identity is None else identity.params
    if params is None and run.phase == "tune" and experiment.tune:
        params = known_params(experiment, experiment.tune, run)
    if params is None:
        return "the sampler's" if run.phase == "tune" else "the arm's best" if experiment.tune else ""
    return format_params(params, digits=3)
