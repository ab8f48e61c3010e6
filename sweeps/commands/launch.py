"""One start of a sweep, from its checks to its last run: what `run_sweep.py` does when it launches."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from rich.console import Console

from cvae.errors import InputError
from cvae.files import held
from sweeps.commands.control import reopen
from sweeps.commands.output import Output, watch
from sweeps.coordinator import Coordinator
from sweeps.estimate import describe_cut, find_costs, trim
from sweeps.experiment import Experiment, measure_arms, weight_lines
from sweeps.experiment_folder import (
    ExperimentFolder,
    Ledger,
    check_origin,
    describe_origin,
    holder,
    is_disk_full,
    lay_out,
    pack_data,
    record_weights,
)
from sweeps.tracking.process import MirrorProcess, Mode
from sweeps.workers import Slots

#: Exit statuses: the breaker stopped the sweep; a signal did.
BROKEN, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class LaunchOptions:
    """How a sweep is run; nothing of it moves a result."""

    threads: int
    tracker: Mode
    output: Output
    storage: str | None
    retry: str | None
    budget_s: float | None
    hang_s: float


def echo(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def no_echo(line: str) -> None:
    """Say nothing: what is printed is for a machine, or only what went wrong."""


def run_session(experiment: Experiment, root: ExperimentFolder, slots: Slots, options: LaunchOptions) -> None:
    """Bring an experiment to its end, or as far as it is let.

    Raises:
        InputError: something given cannot be used, or another coordinator works on the experiment.
        SystemExit: the sweep was stopped before its end.
    """
    tell = echo if options.output in ("live", "plain") else no_echo
    data = pack_data(experiment)
    for line in data:
        tell(line)
    weights = measure_arms(experiment)
    tell("\n".join(weight_lines(weights)))
    with held(root.lock) if root.path.exists() else _nobody() as is_ours:
        if not is_ours:
            raise InputError(f"{root.path}: {holder(root)} is working on it; --status shows how it stands")
        if options.budget_s is not None:
            experiment = _fit(experiment, root, slots, options, tell)
        lay_out(experiment, root)
    with held(root.lock) as is_ours:
        if not is_ours:
            raise InputError(f"{root.path}: {holder(root)} is working on it; --status shows how it stands")
        root.stop.unlink(missing_ok=True)
        record_weights(weights, root)
        origin = describe_origin(experiment, root, data)
        for line in check_origin(origin, root):
            tell(line)
        if options.retry is not None:
            tell(f"{reopen(experiment, root, options.retry)} {options.retry} runs opened again")
        coordinator = Coordinator(
            experiment,
            root,
            slots,
            options.threads,
            storage=options.storage,
            hang_s=options.hang_s,
            provenance=origin,
        )
        with _obeying_signals(coordinator) as signals, _naming_a_full_disk(root), _mirrored(root, options) as mirror:
            watch(coordinator, Console(), options.output, mirror)
    _say_end(coordinator, root, signals, tell)


@contextmanager
def _mirrored(root: ExperimentFolder, options: LaunchOptions) -> Iterator[MirrorProcess]:
    """Mirror the experiment into wandb beside the block, and say what the mirror says last."""
    mirror = MirrorProcess(root.path, options.tracker)
    try:
        yield mirror
    finally:
        for line in mirror.close():
            print(line, file=sys.stderr)


def _fit(
    experiment: Experiment, root: ExperimentFolder, slots: Slots, options: LaunchOptions, tell: Callable[[str], None]
) -> Experiment:
    """Cut an experiment to the budget and say what was cut."""
    assert options.budget_s is not None
    costs = find_costs(experiment, root, slots, options.threads, tell)
    if costs is None:
        raise InputError("--budget: a short training of this experiment failed, so nothing is known of its cost")
    smaller = trim(experiment, root, costs, slots.total, options.budget_s)
    cut = describe_cut(experiment, smaller)
    tell(cut)
    if root.path.exists():
        Ledger(root.ledger).append("budget", seconds=options.budget_s, cut=cut)
    return smaller


@contextmanager
def _nobody() -> Iterator[bool]:
    yield True


@contextmanager
def _obeying_signals(coordinator: Coordinator) -> Iterator[list[int]]:
    """Ctrl-C or SIGTERM once: every run ends at its next checkpoint; twice: now."""
    seen: list[int] = []

    def obey(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    coordinator.signals = seen
    try:
        yield seen
    except KeyboardInterrupt:
        coordinator.fleet.end_now()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _naming_a_full_disk(root: ExperimentFolder) -> Iterator[None]:
    """A sweep at work waits for room; one that cannot even take up what is there says so."""
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise InputError(f"{root.path}: the disk is full; nothing is lost, make room and start again") from error


def _say_end(coordinator: Coordinator, root: ExperimentFolder, signals: list[int], tell: Callable[[str], None]) -> None:
    if signals:
        tell("interrupted: every run keeps its last checkpoint; the same command goes on")
        sys.exit(INTERRUPTED)
    if coordinator.standing.is_broken:
        print(f"error: the sweep has stopped: {coordinator.standing.stopping}", file=sys.stderr)
        print("once the cause is gone, the same command with --retry failed goes on", file=sys.stderr)
        sys.exit(BROKEN)
    if coordinator.standing.stopping:
        tell(f"stopped ({coordinator.standing.stopping}); the same command goes on")
        return
    tell(f"compare the arms: python analyze.py {root.path}")
