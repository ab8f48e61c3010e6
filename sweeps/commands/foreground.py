"""A coordinator at work in the foreground of a shell: its signals, its mirror, a full disk, its exit status."""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cvae.console import echo_line, new_console
from cvae.errors import InputError
from cvae.record import LOST
from sweeps.commands.control import REOPENED
from sweeps.commands.notify import Notifier, ending_of
from sweeps.commands.options import LaunchOptions
from sweeps.commands.output import watch
from sweeps.coordinator import Coordinator
from sweeps.experiment_folder import ExperimentFolder, describe_look, passing_trouble
from sweeps.study.storage import database_trouble
from sweeps.tracking.process import HURRIED_S, PATIENCE_S, MirrorProcess

#: Exit statuses beside 0, every run has its result, and 2, a mistake of the user's: the sweep was stopped by what went
#: wrong; runs were lost; it was asked to stop by `--stop`, or by a signal.
BROKEN, WITH_LOSSES, STOPPED, INTERRUPTED = 1, 3, 4, 130

#: Seconds that a worker has to end by itself when all is to end at once.
GRACE_S = 3.0


def work_in_foreground(coordinator: Coordinator, options: LaunchOptions) -> None:
    """Let a coordinator work until every run is settled or the sweep is stopped, its mirror beside it.

    Raises:
        InputError: the disk or the database takes nothing, so that nothing can be taken up.
    """
    root = coordinator.root
    with (
        _notified(coordinator, options) as notifier,
        _mirrored(coordinator, options) as mirror,  # the workers are ended before anybody waits for the mirror
        _obeying_signals(coordinator),
        _naming_trouble(root),
    ):
        watch(coordinator, new_console(), options.output, [mirror, notifier])


@contextmanager
def _mirrored(coordinator: Coordinator, options: LaunchOptions) -> Iterator[MirrorProcess]:
    """Mirror the experiment into wandb beside the block, and print what the mirror has to report at its end."""
    mirror = MirrorProcess(coordinator.root.path, options.tracker)
    try:
        yield mirror
    finally:
        patience_s = HURRIED_S if len(coordinator.signals) > 1 else PATIENCE_S
        for line in mirror.close(patience_s):
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
        if len(coordinator.signals) == 2:  # a third one must not keep the workers from being ended
            raise KeyboardInterrupt

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        coordinator.fleet.end_now(GRACE_S)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _naming_trouble(root: ExperimentFolder) -> Iterator[None]:
    """A sweep at work waits for what passes; one that cannot even take up what is there says so."""
    try:
        yield
    except Exception as error:
        why = database_trouble(error) or passing_trouble(error, root.path)
        if why is None:
            raise
        raise InputError(f"{why}; nothing is lost: once that has passed, the same command goes on") from error


def echo_end(coordinator: Coordinator, echo: Callable[[str], None]) -> None:
    """Echo how a sweep has ended and what comes next.

    Raises:
        SystemExit: it was stopped before its end, or runs were lost.
    """
    standing = coordinator.standing
    if coordinator.signals:
        echo("interrupted: every run keeps its last checkpoint; the same command goes on")
        sys.exit(INTERRUPTED)
    if standing.is_broken:
        echo_line(f"error: the sweep has stopped: {standing.stopping}", sys.stderr)
        echo_line("once the cause is gone, the same command with --retry failed goes on", sys.stderr)
        sys.exit(BROKEN)
    if standing.stopping:
        echo(f"stopped ({standing.stopping}); the same command goes on")
        sys.exit(STOPPED)
    if (look := coordinator.rule.last) is not None:
        early = f"ended early, {n} runs were spared: " if (n := len(coordinator.counts.spared)) else ""
        echo(f"{early}{describe_look(look, coordinator.experiment)}")
    settled = coordinator.counts.settled
    lost = Counter(status for status in settled.values() if status in (*LOST, "unconfirmable"))
    if "finished" in settled.values():
        echo(f"compare the arms: python analyze.py {coordinator.root.path}")
    if lost:
        each = ", ".join(f"{n} {status}" for status, n in lost.items())
        reopened = [status for status in lost if status in REOPENED]
        again = f"; once the cause is gone, the same command with --retry {reopened[0]} goes on" if reopened else ""
        echo_line(
            f"warning: {lost.total()} of {len(settled)} runs have no result ({each}); --status says why{again}",
            sys.stderr,
        )
        sys.exit(WITH_LOSSES)
