"""What is left of an experiment in device hours, wall time and bytes, and which totals fit a budget."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from cvae.accounting import training_flops
from cvae.config import Config
from cvae.errors import InputError
from cvae.overrides import merge
from cvae.record import FINAL_STATUSES
from sweeps.experiment import Experiment, build_experiment
from sweeps.launch import pin_to_machine
from sweeps.ledger import Ledger
from sweeps.plan import ExperimentFolder, Phase, PlannedRun, all_runs
from sweeps.probe import cost_key, measure
from sweeps.slots import Slots
from sweeps.space import draw
from sweeps.words import clock, flops, size

#: Confirm seeds below which a budget does not trim: one seed has no spread.
LEAST_SEEDS = 2
#: Ended runs of a phase from which its cost is taken rather than from a probe.
ENOUGH_RUNS = 2

Kind = tuple[str, str]  # arm, phase


@dataclass(frozen=True)
class Costs:
    """Seconds and bytes of one run of each arm and phase."""

    seconds: Mapping[Kind, float]
    n_bytes: Mapping[Kind, int]
    source: str

    def wall_s(self, runs: Sequence[PlannedRun], slots: int) -> float:
        """Return the time that runs take, each started in a slot as soon as one is free."""
        free = [0.0] * max(1, slots)
        for run in runs:
            heapq.heappush(free, heapq.heappop(free) + self.seconds[run.arm, run.phase])
        return max(free)

    def describe(self, runs: Sequence[PlannedRun], slots: int) -> str:
        """Return the estimate in words."""
        hours = sum(self.seconds[run.arm, run.phase] for run in runs) / 3600
        n_bytes = sum(self.n_bytes.get((run.arm, run.phase), 0) for run in runs)
        disk = f", {size(n_bytes)} on disk" if n_bytes else ""
        return (
            f"estimate for {len(runs)} runs: {hours:.2g} device hours ({hours / len(runs):.2g} a run), about "
            f"{clock(self.wall_s(runs, slots))} at {slots} slots{disk} ({self.source})"
        )


def typical(experiment: Experiment, arm: str, phase: str) -> Config:
    """Return the configuration of a run in the middle of an arm's space."""
    params = draw(experiment.space(arm), lambda parameter: parameter.dimension.at(0.5))
    split = "validate" if phase == "tune" else experiment.confirm.split
    return experiment.config(arm, params, experiment.seed, split, full=phase == "confirm")


def runs_left(experiment: Experiment, root: ExperimentFolder) -> list[PlannedRun]:
    """Return the runs that are still to be made, or to be finished."""
    plan = all_runs(experiment)
    if not root.path.exists():
        return plan
    return [run for run in plan if run.folder(root).read_state()["status"] not in FINAL_STATUSES]


def find_costs(
    experiment: Experiment, root: ExperimentFolder, slots: Slots, threads: int, say: Callable[[str], None]
) -> Costs | None:
    """Return what runs cost: from those that have ended here, else from a probe; None where neither tells."""
    kinds: list[tuple[str, Phase]] = list(dict.fromkeys((run.arm, run.phase) for run in all_runs(experiment)))
    seen = _costs_seen(root, kinds)
    if seen is not None:
        return seen
    configs = {kind: pin_to_machine(typical(experiment, *kind), threads) for kind in kinds}
    keys = {kind: cost_key(config, slots.total) for kind, config in configs.items()}
    device = next(iter(slots.caps))
    cache = root.path.parent / ".probe"
    by_key = {keys[kind]: configs[kind] for kind in kinds}
    found = measure(by_key, slots.total, cache, say, slots.environment(device, threads))
    if not all(key in found for key in keys.values()):
        return None
    cost = {kind: found[keys[kind]] for kind in kinds}
    work = span([training_flops(config) for config in configs.values()])
    rate = span([found[key].flops_per_second for key in keys.values()])
    return Costs(
        {kind: cost[kind].seconds(configs[kind]) for kind in kinds},
        {kind: cost[kind].n_bytes for kind in kinds},
        f"a training is {work} at {rate} a second, from short trainings on this machine, kept in {cache}",
    )


def span(amounts: Sequence[float]) -> str:
    """Return the least and the greatest amount of arithmetic for people, or the one where they look alike."""
    return " to ".join(dict.fromkeys((flops(min(amounts)), flops(max(amounts)))))


def _costs_seen(root: ExperimentFolder, kinds: Sequence[Kind]) -> Costs | None:
    """Return what the runs that ended here took; None where some phase has too few of them."""
    durations: dict[Kind, list[float]] = {}
    for entry in Ledger(root.ledger).read():
        if entry["event"] == "ended" and entry.get("status") == "finished" and entry.get("wall_s"):
            arm, _, name = str(entry["run"]).partition("/")
            durations.setdefault((arm, name.partition("-")[0]), []).append(float(entry["wall_s"]))
    if any(len(durations.get(kind, ())) < ENOUGH_RUNS for kind in kinds):
        return None
    return Costs({kind: mean(durations[kind]) for kind in kinds}, {}, "from the runs that have ended here")


def print_estimate(
    experiment: Experiment, root: ExperimentFolder, slots: Slots, threads: int, say: Callable[[str], None]
) -> None:
    """Say what is left of an experiment, measuring if need be."""
    left = runs_left(experiment, root)
    if not left:
        return
    costs = find_costs(experiment, root, slots, threads, say)
    say(costs.describe(left, slots.total) if costs else "no estimate: a short training of this experiment failed")


def trim(experiment: Experiment, root: ExperimentFolder, costs: Costs, slots: int, budget_s: float) -> Experiment:
    """Return the experiment with as many trials and seeds, the same in every arm, as a budget of wall time allows.

    Both are cut in proportion. Runs that exist are not cut, nor are trials once confirm has begun.

    Raises:
        InputError: the least that makes a comparison does not fit.
    """
    trials = experiment.tune.trials_per_arm if experiment.tune else 0
    seeds, least = experiment.confirm.seeds, _least(experiment, root)
    n = max(trials, seeds)
    smallest = experiment
    for part in range(n, 0, -1):
        totals = {"confirm": {"seeds": max(least[1], seeds * part // n)}}
        if trials:
            totals["tune"] = {"trials_per_arm": max(least[0], trials * part // n)}
        smallest = build_experiment(merge(experiment.written(), totals), "the budget")
        if costs.wall_s(runs_left(smallest, root), slots) <= budget_s:
            return smallest
    need = clock(costs.wall_s(runs_left(smallest, root), slots))
    raise InputError(
        f"--budget {clock(budget_s)} is too small: {smallest.confirm.seeds} seeds an arm"
        + (f" and {smallest.tune.trials_per_arm} trials" if smallest.tune else "")
        + f" take about {need} at {slots} slots"
    )


def _least(experiment: Experiment, root: ExperimentFolder) -> tuple[int, int]:
    """Return the trials and seeds an arm below which nothing is cut."""
    existing = [run for run in all_runs(experiment) if run.folder(root).path.exists()]
    trials = max((run.number + 1 for run in existing if run.phase == "tune"), default=1)
    seeds = max((run.seed - experiment.confirm_seed(0) + 1 for run in existing if run.phase == "confirm"), default=0)
    return trials, max(seeds, min(LEAST_SEEDS, experiment.confirm.seeds))


def describe_cut(before: Experiment, after: Experiment) -> str:
    """Return what a budget has cut."""
    cuts = []
    if before.tune and after.tune and before.tune.trials_per_arm != after.tune.trials_per_arm:
        cuts.append(f"trials an arm {before.tune.trials_per_arm} -> {after.tune.trials_per_arm}")
    if before.confirm.seeds != after.confirm.seeds:
        cuts.append(f"seeds an arm {before.confirm.seeds} -> {after.confirm.seeds}")
    return f"cut in every arm to fit the budget: {', '.join(cuts)}" if cuts else "nothing had to be cut for the budget"
