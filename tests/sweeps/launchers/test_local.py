"""Workers that are processes of this machine: which is signalled, which is found again, which is known to be over."""

import json
import os
import socket
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
from sweeps.launchers.job_record import Job, Share
from sweeps.launchers.launcher import Phase, Seen
from sweeps.launchers.local import LocalLauncher, id_of, seen_here


def job_in(place: Path, process_id: str | None = None) -> Job:
    place.mkdir(exist_ok=True)
    return Job(RunFolder(place), "cvae-1", id=process_id)


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
    # the state, the lock and the job's record say the stranger's number, with the birth of a worker that is no more
    mark = mark_of(stranger.pid)
    assert mark is not None
    dead = replace(mark, birth=f"{mark.birth}0")
    job, launcher = job_in(tmp_path, f"{socket.gethostname()} {dead.pid} {dead.birth}"), LocalLauncher()
    job.folder.write_state(RunState("running", attempt=1, pid=stranger.pid, birth=dead.birth))
    with held(job.folder.lock):  # by the next attempt, that has not yet said who it is
        for said in (json.dumps(asdict(dead)), json.dumps(asdict(replace(mark, command="another"))), "", '{"pid": 1}'):
            job.folder.lock.write_text(said)
            assert job.folder.is_being_trained()
            launcher.end(job, now=True)
    assert lives(stranger)
    job.folder.write_state(RunState("running", attempt=1, pid=stranger.pid, birth=mark.birth))
    launcher.end(job, now=True)  # and the one that it is, is
    assert not lives(stranger)


def test_a_worker_that_has_not_yet_said_who_it_is_is_found_and_signalled_by_its_id(
    tmp_path: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    job = job_in(tmp_path, id_of(stranger.pid))
    assert seen_here(job).phase is Phase.RUNNING
    LocalLauncher().end(job, now=False)
    assert not lives(stranger)
    assert seen_here(job).phase is Phase.ENDED


def test_a_worker_of_ours_that_has_ended_is_not_signalled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    launcher, job, signalled = LocalLauncher(lambda *given: ended), job_in(tmp_path), []
    launcher.submit(job, Share(1), {})
    monkeypatch.setattr(os, "getpgid", lambda pid: pid)  # the number has been given away again
    monkeypatch.setattr(os, "killpg", lambda *arguments: signalled.append(arguments))
    monkeypatch.setattr(os, "kill", lambda *arguments: signalled.append(arguments))
    launcher.end(job, now=True)
    assert signalled == []


def test_a_run_whose_lock_file_was_removed_is_still_being_trained(
    tmp_path: Path, stranger: "subprocess.Popen[bytes]"
) -> None:
    job = job_in(tmp_path)
    mark = mark_of(stranger.pid)
    assert mark is not None
    job.folder.write_state(RunState("running", attempt=1, pid=mark.pid, birth=mark.birth))
    assert seen_here(job).phase is Phase.RUNNING
    stranger.kill()
    stranger.wait()
    assert seen_here(job).phase is Phase.ENDED


def test_a_worker_of_another_machine_is_not_taken_for_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # its number is a stranger's here, or nobody's; the lock of a shared disk may be each machine's own
    job = job_in(tmp_path, f"elsewhere {os.getpid()} boot/1")
    assert seen_here(job).phase is Phase.ENDED  # a disk of this machine alone, and nobody holds the lock
    monkeypatch.setattr("sweeps.launchers.local.network_type", lambda path: "nfs4")
    assert seen_here(job) == Seen(Phase.GONE, "elsewhere")
    with held(job.folder.lock):
        assert seen_here(job).phase is Phase.RUNNING
