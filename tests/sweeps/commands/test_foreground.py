"""How a sweep ends before a person: the exit status and the words tell the ends apart."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from sweeps.commands import foreground
from sweeps.commands.foreground import BROKEN, INTERRUPTED, STOPPED, WITH_LOSSES, echo_end, work_in_foreground
from sweeps.commands.options import LaunchOptions
from tests.sweeps.coordinator.test_failure_policy import at
from tests.sweeps.stepping_sweep import Sweep

OPTIONS = LaunchOptions(1, "offline", "quiet", storage=None, retry=None, budget_s=None, hang_s=60.0)


def end_of(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit status at a sweep's end, what is echoed, and what is said on the error stream."""
    echoed: list[str] = []
    status = 0
    try:
        echo_end(sweep.coordinator, echoed.append)
    except SystemExit as ended:
        status = int(str(ended.code))
    return status, "\n".join(echoed), capsys.readouterr().err


def test_a_whole_sweep_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = Sweep(tmp_path)
    sweep.run()
    assert end_of(sweep, capsys) == (0, f"compare the arms: python analyze.py {sweep.root.path}", "")


def test_lost_runs_are_told_in_words_and_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = Sweep(tmp_path, at("tune-001", ValueError("a bug")))
    sweep.run()
    status, echoed, said = end_of(sweep, capsys)
    assert status == WITH_LOSSES == 3
    assert "compare the arms" in echoed
    assert "warning: 1 of 6 runs have no result (1 failed); --status says why" in said
    assert "--retry failed goes on" in said
    # found as they were, a later start ends the same way
    again = Sweep(tmp_path)
    again.run()
    assert end_of(again, capsys)[0] == WITH_LOSSES


def test_a_sweep_that_lost_everything_does_not_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = iter("abcdefghijklmnop")

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        raise ValueError(next(words))

    change = {"tune": {"trials_per_arm": 1}, "confirm": {"seeds": 1}}
    sweep = Sweep(tmp_path, fault, change=change)
    sweep.run()
    status, echoed, said = end_of(sweep, capsys)
    assert (status, echoed) == (WITH_LOSSES, "")
    assert "2 of 2 runs have no result (1 failed, 1 unconfirmable)" in said


def test_broken_stopped_and_interrupted_are_three_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        raise ValueError("the same everywhere")

    broken = Sweep(tmp_path / "broken", fault, slots=1)
    broken.run()
    status, _, said = end_of(broken, capsys)
    assert status == BROKEN == 1
    assert "error: the sweep has stopped: the same error in 3 runs" in said
    stopped = Sweep(tmp_path / "stopped")
    for i, _ in enumerate(stopped.coordinator.run()):
        if i == 3:
            stopped.root.stop.touch()
    status, echoed, _ = end_of(stopped, capsys)
    assert status == STOPPED == 4
    assert "stopped (asked by --stop); the same command goes on" in echoed
    interrupted = Sweep(tmp_path / "interrupted")
    for i, _ in enumerate(interrupted.coordinator.run()):
        if i == 3:
            interrupted.coordinator.signals.append(signal.SIGINT)
    assert end_of(interrupted, capsys)[0] == INTERRUPTED == 130


class Companion:
    """A mirror that does not end: it waits for as long as it is given."""

    closed_with: float | None = None
    workers_then: list[str] | None = None

    def __init__(self, *arguments: object) -> None: ...

    def lines(self) -> Iterator[str]:
        yield from ()

    def close(self, patience_s: float) -> list[str]:
        Companion.closed_with, Companion.workers_then = patience_s, list(ended)
        return ["warning: did not finish"]


ended: list[str] = []


def test_interrupted_twice_workers_end_before_the_mirror_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # real signals to this process while its workers stand still
    monkeypatch.setattr(foreground, "MirrorProcess", Companion)
    begun = threading.Event()

    def stands_still(folder: RunFolder, attempt: int, step: int) -> None:
        begun.set()
        time.sleep(60)

    def ends(grace_s: float) -> None:
        ended.append(f"within {grace_s} s")

    stuck = Sweep(tmp_path, stands_still)
    monkeypatch.setattr(stuck.coordinator.fleet, "end_now", ends)

    def interrupt() -> None:
        begun.wait(60)
        for _ in range(2):
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGINT)

    ended.clear()
    thread = threading.Thread(target=interrupt)
    thread.start()
    before = time.monotonic()
    with suppress(KeyboardInterrupt):
        work_in_foreground(stuck.coordinator, OPTIONS)
    thread.join()
    assert time.monotonic() - before < 30
    assert ended == [f"within {foreground.GRACE_S} s"]
    assert Companion.workers_then == ended
    assert Companion.closed_with is not None
    assert Companion.closed_with <= 1.0


def test_a_seed_that_no_library_takes_is_refused_at_the_door(tmp_path: Path) -> None:
    for change in ({"seed": 2**64 - 1}, {"base": {"seed": 2**64 - 1}}, {"base": {"evaluation": {"seed": 2**63}}}):
        with pytest.raises(InputError, match="seed"):
            Sweep(tmp_path, change=change)
