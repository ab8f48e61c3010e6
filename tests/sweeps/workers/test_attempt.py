"""A job seen from outside: when it stands still, when it is lost, when it is over."""

from pathlib import Path

import pytest

from cvae.record.run_folder import RunFolder
from sweeps.experiment.plan import PlannedRun
from sweeps.launchers.job_record import Job
from sweeps.launchers.launcher import Phase, Seen
from sweeps.workers.attempt import LOOK_S, Attempt

HANG_S = 60.0


def watched(place: Path) -> Attempt:
    place.mkdir(exist_ok=True)
    attempt = Attempt(PlannedRun("a", "tune", 0, 0), Job(RunFolder(place), "cvae-1"), "cpu", now=0.0)
    attempt.note(Seen(Phase.RUNNING), now=0.0)
    return attempt


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
