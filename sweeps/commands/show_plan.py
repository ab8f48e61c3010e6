"""The plan for people: every run that an experiment makes, and which of them are done."""

from collections import Counter
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cvae.console import echo_lines, new_console, printable
from cvae.data.sources import require_root
from cvae.errors import InputError, fault_of
from cvae.record import FINAL_STATUSES
from sweeps.decision import LEAST_PAIRS
from sweeps.experiment import Experiment, GridOptions, PlannedRun, Tune, all_runs, block_of, tuning_of
from sweeps.experiment_folder import ExperimentFolder, RunStanding, check_unchanged, read_standing
from sweeps.search_space import Params, format_params, grid

#: Rows that are drawn as a table.
MOST_DRAWN = 1000


def print_plan(experiment: Experiment, root: ExperimentFolder) -> None:
    """Print one line a run and a closing count."""
    console = new_console()
    asks = f": {printable(experiment.question)}" if experiment.question else ""
    has_blocks = experiment.n_tunings > 1
    headings = [*(["tuning"] if has_blocks else []), "arm", "run", "phase", "seed", "parameters", "state"]
    counts: Counter[str] = Counter()
    rows = []
    damage: list[str] = []
    for run in all_runs(experiment):
        standing = read_standing(run, root)
        status, damage = standing.state.status, [*damage, *standing.damage]
        counts[status] += 1
        block = [str(tuning_of(experiment, run))] if has_blocks else []
        params = _parameters(experiment, run, standing)
        rows.append([*block, run.arm, run.name, run.phase, str(run.seed), params, status])
    _print_rows(console, f"{experiment.name}{asks}", headings, rows)
    for line in design_lines(experiment):
        console.print(line)
    done = sum(counts[status] for status in FINAL_STATUSES)
    steps = experiment.config(next(iter(experiment.arms)), {}, 0, "validate").train.steps
    detail = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    line = f"{done} of {sum(counts.values())} runs done ({detail}); {steps} steps a run; folder {root.path}"
    console.print(line, soft_wrap=True)
    for line in damage:
        console.print(f"warning: {line}", soft_wrap=True)


def _print_rows(console: Console, title: str, headings: list[str], rows: list[list[str]]) -> None:
    """Print a table; of more rows than `MOST_DRAWN` without lines, which take rich most of a millisecond a row."""
    if len(rows) <= MOST_DRAWN:
        table = Table(title=title)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    echo_lines([title, *("  ".join(map(str.ljust, row, widths)).rstrip() for row in [headings, *rows])])


def design_lines(experiment: Experiment) -> list[str]:
    """Return what the verdict will speak of, and when a sweep that ends once it is sure looks."""
    tune, confirm, n, lines = experiment.tune, experiment.confirm, experiment.n_tunings, []
    if tune and n > 1:
        lines.append(
            f"{n} tunings of every arm with {tune.trials_per_arm // n} trials each, confirmed with "
            f"{confirm.seeds // n} seeds each: the verdict is about the arms so tuned"
        )
    elif tune:
        lines.append(
            f"one tuning of every arm with {tune.trials_per_arm} trials: the verdict is about the configurations that "
            "it chooses (confirm.replicates: several tunings)"
        )
    if confirm.stop == "sure":
        unit = "tuning" if n > 1 else "seed"
        runs = all_runs(experiment)
        first = sum(block_of(experiment, run) < LEAST_PAIRS for run in runs)
        lines.append(
            f"looked at after each {unit} from number {LEAST_PAIRS}: at least {first}, at most {len(runs)} runs, and "
            "an arm trains on while one of its pairs asks"
        )
    return lines


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


def _parameters(experiment: Experiment, run: PlannedRun, standing: RunStanding) -> str:
    params = None if standing.identity is None else standing.identity.params
    if params is None and run.phase == "tune" and experiment.tune:
        params = known_params(experiment, experiment.tune, run)
    if params is None:
        return (
            "the sampler's"
            if run.phase == "tune"
            else "the tuning's best"
            if experiment.n_tunings > 1
            else "the arm's best"
            if experiment.tune
            else ""
        )
    return printable(format_params(params, digits=3))
