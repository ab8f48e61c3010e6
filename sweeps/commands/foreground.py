"""A coordinator at work in the foreground of a shell: its signals, its mirror, a full disk, its exit status."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cvae.console import echo_line, new_console
from cvae.errors import InputError
from sweeps.commands.notify import Notifier, ending_of
from sweeps.commands.options import LaunchOptions
from sweeps.commands.output import watch
from sweeps.coordinator import Coordinator
from sweeps.experiment_folder import ExperimentFolder, describe_look, is_disk_full
from sweeps.tracking.process import MirrorProcess

#: Exit statuses: the breaker stopped the sweep; a signal did.
BROKEN, INTERRUPTED = 1, 130


def work_in_foreground(coordinator: Coordinator, options: LaunchOptions) -> None:
    """Let a coordinator work until every run is settled or the sweep is stopped, its mirror beside it.

    Raises:
        InputError: the disk is so full that nothing can be taken up.
    """
    root = coordinator.root
    with (
        _obeying_signals(coordinator),
        _naming_a_full_disk(root),
        _notified(coordinator, options) as notifier,
        _mirrored(root, options) as mirror,
    ):
        watch(coordinator, new_console(), options.output, [mirror, notifier])


@contextmanager
def _mirrored(root: ExperimentFolder, options: LaunchOptions) -> Iterator[MirrorProcess]:
    """Mirror the experiment into wandb beside the block, and print what the mirror has to report at its end."""
    mirror = MirrorProcess(root.path, options.tracker)
    try:
        yield mirror
    finally:
        for line in mirror.close():
            echo_line(line, sys.stderr)


@contextmanager
def _notified(coordinator: Coordinator, options: LaunchOptions) -> Iterator[Notifier]:
    """Tell whom `--notify` names of what happens in the block, and of its end, however it ends."""
    notifier = Notifier(options.notify, coordinator.experiment, coordinator.root)
    try:
        yield notifier
    except Exception as error:
        notifier.tell("broken", f"the sweep has stopped: {error}")
        raise
    else:
        notifier.tell(*ending_of(coordinator))
    finally:
        for line in notifier.close():
            echo_line(line, sys.stderr)


@contextmanager
def _obeying_signals(coordinator: Coordinator) -> Iterator[None]:
    """Ctrl-C or SIGTERM once: every run ends at its next checkpoint; twice: now."""

    def obey(number: int, frame: FrameType | None) -> None:
        coordinator.signals.append(number)
        if len(coordinator.signals) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
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


def echo_end(coordinator: Coordinator, echo: Callable[[str], None]) -> None:
    """Echo how a sweep has ended and what comes next.

    Raises:
        SystemExit: it was stopped before its end.
    """
    standing = coordinator.standing
    if coordinator.signals:
        echo("interrupted: every run keeps its last checkpoint; the same command goes on")
        sys.exit(INTERRUPTED)
    if standing.is_broken:
        echo_line(f"error: the sweep has stopped: {standing.stopping}", sys.stderr)
        print("once the cause is gone, the same command with --retry failed goes on", file=sys.stderr)
        sys.exit(BROKEN)
    if standing.stopping:
        echo(f"stopped ({standing.stopping}); the same command goes on")
        return
    if (look := coordinator.rule.last) is not None:
        early = f"ended early, {n} runs were spared: " if (n := len(coordinator.counts.spared)) else ""
        echo(f"{early}{describe_look(look, coordinator.experiment)}")
    echo(f"compare the arms: python analyze.py {coordinator.root.path}")
