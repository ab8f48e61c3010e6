"""A worker seen from outside: when it stands still, and which process is signalled."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from cvae.files import held
from cvae.processes import mark_of
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from sweeps.experiment.plan import PlannedRun
from sweeps.workers.attempt import LOOK_S, Attempt

HANG_S = 60.0


def watched(place: Path, process: "subprocess.Popen[bytes] | None" = None) -> Attempt:
    place.mkdir(exist_ok=True)
    return Attempt(PlannedRun("a", "tune", 0, 0), RunFolder(place), "cpu", 1, process, now=0.0)


def test_what_stands_still_for_long_enough_has_hung_and_is_reported_once(tmp_path: Path) -> None:
    attempt = watched(tmp_path)
    attempt.folder.heartbeat.write_text("7 3")
    hung = [now for now in range(1, 130) if attempt.has_hung(now, HANG_S)]
    assert hung == [62, 123]  # the first look saw it beat


@pytest.mark.parametrize("beat", ["8 3", "7 4"])
def test_an_update_beats_and_so_does_other_work(beat: str, tmp_path: Path) -> None:
    # an evaluation longer than the limit makes no update, and is no hang
    attempt = watched(tmp_path)
    attempt.folder.heartbeat.write_text("7 3")
    assert not any(attempt.has_hung(now, HANG_S) for now in range(1, 60))
    attempt.folder.heartbeat.write_text(beat)
    assert not any(attempt.has_hung(now, HANG_S) for now in range(60, 120))


def test_an_empty_look_is_no_look(tmp_path: Path) -> None:
    # a file that is caught while it is written, or is gone, must not be taken for life
    attempt = watched(tmp_path)
    heartbeat, hung = attempt.folder.heartbeat, []
    for now in range(1, 130):
        heartbeat.write_text("" if now % 3 else "7 3")
        if now % 5 == 0:
            heartbeat.unlink()
        hung += [now] if attempt.has_hung(now, HANG_S) else []
    assert hung


@pytest.mark.parametrize("gap_s", [2 * HANG_S, 1e6])
def test_time_in_which_nobody_looked_does_not_count(gap_s: float, tmp_path: Path) -> None:
    # everything stood still, the one who watches too: SIGSTOP, a frozen container, a laptop that slept
    attempt = watched(tmp_path)
    attempt.folder.heartbeat.write_text("7 3")
    assert not any(attempt.has_hung(now, HANG_S) for now in range(1, 50))
    assert not attempt.has_hung(50 + gap_s, HANG_S)
    attempt.folder.heartbeat.write_text("8 3")
    assert not any(attempt.has_hung(50 + gap_s + n, HANG_S) for n in range(1, 60))
    assert LOOK_S < HANG_S / 4


@pytest.fixture
def stranger() -> "Iterator[subprocess.Popen[bytes]]":
    """A process of nobody's business, in a group of its own."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield process
    process.kill()
    process.communicate()


def lives(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(0.3)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_a_number_that_is_anothers_by_now_is_not_signalled(tmp_path: Path, stranger: "subprocess.Popen[bytes]") -> None:
    # the state, and the lock, say the stranger's number, with the birth of a worker that is no more
    attempt = watched(tmp_path)
    mark = mark_of(stranger.pid)
    assert mark is not None
    dead = replace(mark, birth=f"{mark.birth}0")
    attempt.folder.write_state(RunState("running", attempt=1, pid=stranger.pid, birth=dead.birth))
    with held(attempt.folder.lock):  # by the next attempt, that has not yet said who it is
        for said in (json.dumps(asdict(dead)), json.dumps(asdict(replace(mark, command="another"))), "", '{"pid": 1}'):
            attempt.folder.lock.write_text(said)
            assert attempt.folder.is_being_trained()
            attempt.signal(signal.SIGKILL)
    assert lives(stranger)
    attempt.folder.write_state(RunState("running", attempt=1, pid=stranger.pid, birth=mark.birth))
    attempt.signal(signal.SIGKILL)  # and the one that it is, is
    assert not lives(stranger)


def test_a_worker_of_ours_that_has_ended_is_not_signalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    attempt, signalled = watched(tmp_path, ended), []
    monkeypatch.setattr(os, "killpg", lambda *arguments: signalled.append(arguments))
    monkeypatch.setattr(os, "kill", lambda *arguments: signalled.append(arguments))
    attempt.signal(signal.SIGKILL)
    assert signalled == []


def test_a_run_whose_lock_file_was_removed_is_still_being_trained(
    tmp_path: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    attempt = watched(tmp_path)
    mark = mark_of(stranger.pid)
    assert mark is not None
    attempt.folder.write_state(RunState("running", attempt=1, pid=mark.pid, birth=mark.birth))
    assert not attempt.is_over()
    stranger.kill()
    stranger.wait()
    assert attempt.is_over()
