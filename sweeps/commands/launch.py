"""One launch of a sweep, from its checks to its last run: prepare, check, start."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from cvae.errors import InputError, NoLocks
from cvae.files import held, network_type
from sweeps.commands.control import reopen
from sweeps.commands.design_check import design_warnings
from sweeps.commands.foreground import echo_end, work_in_foreground
from sweeps.commands.options import LaunchOptions
from sweeps.commands.output import echo_to_whoever_reads
from sweeps.coordinator import Coordinator
from sweeps.estimate import Placement, cut_to_budget
from sweeps.experiment import ArmWeights, Experiment, measure_arms, weight_lines
from sweeps.experiment_folder import (
    DataRecord,
    ExperimentFolder,
    Ledger,
    Origin,
    check_origin,
    check_unchanged,
    create_folder,
    describe_origin,
    is_worked_on,
    pack_data,
    read_coordinator,
    take_over,
    tidy,
    write_data_record,
    write_experiment_file,
)
from sweeps.launchers import EngineChoice
from sweeps.workers import Slots

#: Seconds to wait for who only looks whether anybody is at work.
LOOK_S = 0.5

Echo = Callable[[str], None]


def echo_nothing(line: str) -> None:
    """Print nothing: what is printed is for a machine, or only what went wrong."""


@dataclass(frozen=True)
class PreparedLaunch:
    """What is known of a launch before its folder is touched."""

    experiment: Experiment  # cut to the budget
    weights: Mapping[str, ArmWeights]
    origin: Origin
    cut: str | None  # what the budget has cut, for people


def launch(experiment: Experiment, root: ExperimentFolder, slots: Slots, options: LaunchOptions) -> None:
    """Bring an experiment to its end, or as far as it is let.

    Raises:
        InputError: something given cannot be used, or another coordinator works on the experiment.
        SystemExit: the sweep was stopped before its end.
    """
    echo = echo_to_whoever_reads if options.output in ("live", "plain") else echo_nothing
    prepared = prepare_launch(experiment, root, slots, options, echo)
    create_folder(root)
    if os.path.lexists(root.lock) and not root.lock.is_file():  # so nobody can hold it
        root.put_aside(root.lock)
    with _held_if_possible(root) as is_ours:
        before = read_coordinator(root)
        # its lock file may have been removed under a coordinator that is at work
        if not is_ours or (before.is_alive and before.pid != os.getpid()):
            raise _worked_on(root)
        take_over(root, echo, is_forced=options.take_over)
        check_launch(prepared, root, echo)
        coordinator = start_launch(prepared, root, slots, options, echo)
    echo_end(coordinator, echo)


def prepare_launch(
    experiment: Experiment, root: ExperimentFolder, slots: Slots, options: LaunchOptions, echo: Echo
) -> PreparedLaunch:
    """Pack the data, measure it, and cut the experiment to the budget. Nothing of the experiment's folder changes.

    Raises:
        InputError: the data has a fault, the budget is too small, or another coordinator works on the experiment.
    """
    if is_worked_on(root):  # not after minutes of packing and measuring; what counts is the lock
        raise _worked_on(root)
    data = pack_data(experiment)
    for line in data:
        echo(line)
    weights = measure_arms(experiment)
    for line in weight_lines(weights):
        echo(line)
    cut = None
    if options.budget_s is not None:
        placement = Placement(slots, options.threads, options.engine or EngineChoice())
        experiment, cut = cut_to_budget(experiment, root, placement, options.budget_s, echo)
    for warning in design_warnings(experiment):
        echo(f"warning: {warning}")
    return PreparedLaunch(experiment, weights, describe_origin(experiment, data), cut)


def check_launch(prepared: PreparedLaunch, root: ExperimentFolder, echo: Echo) -> None:
    """Check that what lies in the folder and what is launched belong together. It changes nothing.

    Raises:
        InputError: the folder holds another experiment, or its runs were trained on other data.
    """
    check_unchanged(prepared.experiment, root)
    for line in check_origin(prepared.origin.facts, root):
        echo(line)


def start_launch(
    prepared: PreparedLaunch, root: ExperimentFolder, slots: Slots, options: LaunchOptions, echo: Echo
) -> Coordinator:
    """Write what is launched, and work until every run is settled or the sweep is stopped; return who worked."""
    root.stop.unlink(missing_ok=True)
    for line in tidy(root):
        echo(f"warning: {line}")
    write_experiment_file(prepared.experiment, root)
    write_data_record(DataRecord(prepared.weights), root)
    prepared.origin.keep_changes(root)
    if prepared.cut is not None:
        Ledger(root.ledger).append("budget", seconds=options.budget_s, cut=prepared.cut)
    if options.retry is not None:
        echo(f"{reopen(prepared.experiment, root, options.retry)} {options.retry} runs opened again")
    engine = options.engine or EngineChoice()
    with closing(engine.launcher()) as launcher:
        coordinator = Coordinator(
            prepared.experiment,
            root,
            slots,
            options.threads,
            launcher=launcher,
            share=engine.share,
            storage=options.journal or options.storage,
            hang_s=options.hang_s,
            provenance=prepared.origin.facts,
        )
        work_in_foreground(coordinator, options)
    return coordinator


@contextmanager
def _held_if_possible(root: ExperimentFolder) -> Iterator[bool]:
    """Hold the experiment's lock for the block; on a shared disk without locks `take_over` keeps others out."""
    with ExitStack() as stack:
        is_ours = True
        try:
            is_ours = stack.enter_context(held(root.lock, LOOK_S))
        except NoLocks:
            if network_type(root.path) is None:
                raise
        yield is_ours


def _worked_on(root: ExperimentFolder) -> InputError:
    return InputError(f"{root.path}: {read_coordinator(root).holder} is working on it; --status shows how it stands")
