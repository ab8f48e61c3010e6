"""What runs cost, and what is left of an experiment in device hours, wall time and bytes."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from cvae.config import Config, training_flops
from sweeps.decision import LEAST_PAIRS
from sweeps.estimate.engine_probe import engine_facts, measure_on_engine
from sweeps.estimate.placement import Placement
from sweeps.estimate.probe import Cost, cost_key, machine_facts, measure
from sweeps.estimate.short_training import NotMeasured
from sweeps.experiment import Experiment, Phase, PlannedRun, all_runs, block_of, parse_run_name
from sweeps.experiment_folder import ExperimentFolder, Ledger, ended_runs, pin_to_machine, runs_left
from sweeps.search_space import sample_params
from sweeps.units import format_bytes, format_duration, format_flops

#: Ended runs of a phase from which its cost is taken rather than from a probe.
ENOUGH_RUNS = 2

#: When there will be an estimate where there is none.
LATER = f"Once {ENOUGH_RUNS} runs of each arm and phase have ended, --plan says what the rest takes"

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
        disk = f", {format_bytes(n_bytes)} on disk" if n_bytes else ""
        return (
            f"estimate for {len(runs)} runs: {hours:.2g} device hours ({hours / len(runs):.2g} a run), about "
            f"{format_duration(self.wall_s(runs, slots))} at {slots} slots{disk} ({self.source})"
        )


def typical(experiment: Experiment, arm: str, phase: str) -> Config:
    """Return the configuration of a run in the middle of an arm's space."""
    params = sample_params(experiment.space(arm), lambda parameter: parameter.dimension.at(0.5))
    split = "validate" if phase == "tune" else experiment.confirm.split
    return experiment.config(arm, params, experiment.seed, split, full=phase == "confirm")


def find_costs(
    experiment: Experiment, root: ExperimentFolder, placement: Placement, echo: Callable[[str], None]
) -> Costs:
    """Return what runs cost: from those that have ended here, else from short trainings where runs would train.

    Args:
        experiment: the experiment.
        root: its folder.
        placement: where they would train.
        echo: called before anything is measured.

    Raises:
        NotMeasured: neither tells; says why.
        InputError: the engine is not there.
    """
    kinds: list[tuple[str, Phase]] = list(dict.fromkeys((run.arm, run.phase) for run in all_runs(experiment)))
    from_ended = _costs_of_ended(root, kinds)
    if from_ended is not None:
        return from_ended
    slots, engine = placement.slots, placement.engine
    configs = {kind: pin_to_machine(typical(experiment, *kind), placement.threads) for kind in kinds}
    facts = machine_facts(slots.total) if engine.share is None else engine_facts(engine)
    keys = {kind: cost_key(config, facts) for kind, config in configs.items()}
    cache = root.path.parent / ".probe"
    by_key = {keys[kind]: configs[kind] for kind in kinds}
    if engine.share is None:
        environment = slots.environment(next(iter(slots.caps)), placement.threads)
        measured = measure(by_key, slots.total, cache, echo, environment)
    else:
        measured = measure_on_engine(by_key, engine, cache, echo)
    if not all(key in measured for key in by_key):
        raise NotMeasured("a short training of this experiment failed")
    cost = {kind: measured[keys[kind]] for kind in kinds}
    work = format_span([training_flops(config) for config in configs.values()])
    rate = format_span([each.flops_per_second for each in cost.values()])
    return Costs(
        {kind: cost[kind].seconds(configs[kind]) for kind in kinds},
        {kind: cost[kind].n_bytes for kind in kinds},
        f"a training is {work} at {rate} a second, from short trainings on {format_places(cost.values())}, "
        f"kept in {cache}",
    )


def format_places(costs: Iterable[Cost]) -> str:
    """Return the machines that costs were measured on, each once."""
    return ", ".join(dict.fromkeys(cost.where or "this machine" for cost in costs))


def format_span(amounts: Sequence[float]) -> str:
    """Return the least and the greatest amount of arithmetic for people, or the one where they look alike."""
    return " to ".join(dict.fromkeys((format_flops(min(amounts)), format_flops(max(amounts)))))


def _costs_of_ended(root: ExperimentFolder, kinds: Sequence[Kind]) -> Costs | None:
    """Return what the runs that ended here took; None where some phase has too few of them."""
    durations: dict[Kind, list[float]] = {}
    for run in ended_runs(Ledger(root.ledger).read()):
        if run.status == "finished" and run.wall_s:
            arm, _, name = run.path.partition("/")
            if named := parse_run_name(name):
                durations.setdefault((arm, named[0]), []).append(run.wall_s)
    if any(len(durations.get(kind, ())) < ENOUGH_RUNS for kind in kinds):
        return None
    return Costs({kind: mean(durations[kind]) for kind in kinds}, {}, "from the runs that have ended here")


def print_estimate(
    experiment: Experiment, root: ExperimentFolder, placement: Placement, echo: Callable[[str], None]
) -> None:
    """Echo what is left of an experiment, measuring if need be; arguments as those of `find_costs`.

    Raises:
        InputError: the engine is not there.
    """
    left = runs_left(experiment, root)
    if not left:
        return
    try:
        costs = find_costs(experiment, root, placement, echo)
    except NotMeasured as error:
        echo(f"no estimate: {error}. {LATER}")
        return
    slots = placement.slots.total
    echo(costs.describe(left, slots))
    first = [run for run in left if block_of(experiment, run) < LEAST_PAIRS]
    if experiment.confirm.stop == "sure" and 0 < len(first) < len(left):
        echo(f"that is at most; sure at the first look, it ends sooner: {costs.describe(first, slots)}")
