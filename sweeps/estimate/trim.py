"""Which totals of an experiment fit a budget."""

from collections.abc import Callable

from cvae.config import merge
from cvae.errors import InputError
from sweeps.decision import LEAST_PAIRS
from sweeps.estimate.costs import Costs, find_costs, print_estimate
from sweeps.estimate.placement import Placement
from sweeps.estimate.short_training import NotMeasured
from sweeps.experiment import Experiment, all_runs, build_experiment
from sweeps.experiment_folder import ExperimentFolder, runs_left
from sweeps.units import format_duration

Echo = Callable[[str], None]

#: Confirm seeds below which a budget does not trim: one seed has no spread.
LEAST_SEEDS = 2


def trim(experiment: Experiment, root: ExperimentFolder, costs: Costs, slots: int, budget_s: float) -> Experiment:
    """Return the experiment with as many trials and seeds, the same in every arm, as a budget of wall time allows.

    Both are cut in proportion, to numbers that the tunings share equally.
    Runs that exist are not cut, nor are trials once confirm has begun.

    Raises:
        InputError: the least that makes a comparison does not fit.
    """
    trials = experiment.tune.trials_per_arm if experiment.tune else 0
    seeds, least = experiment.confirm.seeds, _least(experiment, root)
    n, of = max(trials, seeds), experiment.n_tunings
    smallest = experiment
    for part in range(n, 0, -1):
        totals = {"confirm": {"seeds": max(least[1], seeds * part // n // of * of)}}
        if trials:
            totals["tune"] = {"trials_per_arm": max(least[0], trials * part // n // of * of)}
        smallest = build_experiment(merge(experiment.written(), totals), "the budget")
        if costs.wall_s(runs_left(smallest, root), slots) <= budget_s:
            return smallest
    need = format_duration(costs.wall_s(runs_left(smallest, root), slots))
    raise InputError(
        f"--budget {format_duration(budget_s)} is too small: {smallest.confirm.seeds} seeds an arm"
        + (f" and {smallest.tune.trials_per_arm} trials" if smallest.tune else "")
        + f" take about {need} at {slots} slots"
    )


def cut_to_budget(
    experiment: Experiment, root: ExperimentFolder, placement: Placement, budget_s: float, echo: Echo
) -> tuple[Experiment, str]:
    """Return the experiment that fits a budget, and what was cut, which is echoed too; see `find_costs`.

    Raises:
        InputError: nothing is known of its cost, or the least that makes a comparison does not fit.
    """
    try:
        costs = find_costs(experiment, root, placement, echo)
    except NotMeasured as error:
        raise InputError(f"--budget: nothing is known of what a run costs: {error}") from error
    smaller = trim(experiment, root, costs, placement.slots.total, budget_s)
    cut = describe_cut(experiment, smaller)
    echo(cut)
    return smaller, cut


def print_cut(
    experiment: Experiment, root: ExperimentFolder, placement: Placement, budget_s: float, echo: Echo
) -> None:
    """Echo what a budget would cut, and what is left then; nothing is written."""
    smaller, _ = cut_to_budget(experiment, root, placement, budget_s, echo)
    print_estimate(smaller, root, placement, echo)


def _least(experiment: Experiment, root: ExperimentFolder) -> tuple[int, int]:
    """Return the trials and seeds an arm below which nothing is cut."""
    existing = [run for run in all_runs(experiment) if root.run(run).path.exists()]
    trials = max((run.number + 1 for run in existing if run.phase == "tune"), default=1)
    seeds = max((run.seed - experiment.confirm_seed(0) + 1 for run in existing if run.phase == "confirm"), default=0)
    of = experiment.n_tunings  # every tuning has as many
    seeds = max(seeds, min(_least_seeds(experiment), experiment.confirm.seeds))
    return -(-trials // of) * of, -(-seeds // of) * of


def _least_seeds(experiment: Experiment) -> int:
    return LEAST_PAIRS if experiment.confirm.stop == "sure" and experiment.n_tunings == 1 else LEAST_SEEDS


def describe_cut(before: Experiment, after: Experiment) -> str:
    """Return what a budget has cut."""
    cuts = []
    if before.tune and after.tune and before.tune.trials_per_arm != after.tune.trials_per_arm:
        cuts.append(f"trials an arm {before.tune.trials_per_arm} -> {after.tune.trials_per_arm}")
    if before.confirm.seeds != after.confirm.seeds:
        cuts.append(f"seeds an arm {before.confirm.seeds} -> {after.confirm.seeds}")
    return f"cut in every arm to fit the budget: {', '.join(cuts)}" if cuts else "nothing had to be cut for the budget"
