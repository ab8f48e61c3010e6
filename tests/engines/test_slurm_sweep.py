"""Whole sweeps on a real Slurm, disturbed in every way that its parts can be: they end like an undisturbed one."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cvae.record.run_folder import RunFolder
from sweeps.launchers import read_job
from tests.engines.engine_sweep import END_S, Sweep
from tests.engines.slurm_cluster import SlurmCluster, until

pytestmark = pytest.mark.engine


@pytest.fixture
def sweep(slurm: SlurmCluster, tmp_path: Path, calm: dict[str, Any]) -> Iterator[Sweep]:
    """A sweep that must have ended like the calm one when its test ends."""
    sweep = Sweep(tmp_path, "slurm")
    yield sweep
    sweep.check_one_writer_at_a_time()
    sweep.check_each_told_once()
    assert sweep.results() == calm


def until_held(sweep: Sweep, n: int) -> list[RunFolder]:
    """Wait until so many workers have made a step and wait; return their runs."""

    def at_work() -> list[RunFolder]:
        return [folder for folder in sweep.running() if folder.read_state().step > 0]

    until(lambda: len(at_work()) >= n, f"{n} workers are at work", 120)
    return at_work()


def attempts(sweep: Sweep) -> dict[str, int]:
    return {str(f.path.relative_to(sweep.root.path)): f.read_state().attempt for f in sweep.folders()}


def node_of(folder: RunFolder) -> str:
    job = read_job(folder)
    assert job is not None
    return job.where


def phase_of(folder: RunFolder) -> str:
    job = read_job(folder)
    return job.phase if job is not None else ""


def test_a_sweep_on_slurm_is_one_on_this_machine(sweep: Sweep) -> None:
    sweep.finish()
    assert set(attempts(sweep).values()) == {1}


def test_jobs_outlive_a_coordinator_that_is_killed_and_are_adopted(sweep: Sweep) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        until_held(sweep, 3)
        coordinator.kill()
        coordinator.wait()
    jobs = {folder.path: read_job(folder) for folder in sweep.running()}
    with sweep.started() as coordinator:
        until(lambda: sweep.n_events("adopted") >= 3, "its jobs are adopted")
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert set(attempts(sweep).values()) == {1}
    assert len(jobs) >= 3
    for path, job in jobs.items():
        now = read_job(RunFolder(path))
        assert job is not None
        assert now is not None
        assert now.token == job.token  # nothing was submitted again


def test_a_worker_that_is_killed_gets_its_next_attempt(sweep: Sweep) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        victim = until_held(sweep, 2)[0]
        os.kill(victim.read_state().pid or 0, signal.SIGKILL)
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert victim.read_state().attempt == 2


def test_a_controller_that_is_away_for_a_while_costs_nothing(sweep: Sweep, slurm: SlurmCluster) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        until_held(sweep, 2)
        slurm.save()
        slurm.kill("slurmctld")
        time.sleep(3)
        slurm.mend()
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert set(attempts(sweep).values()) == {1}


def until_placed(sweep: Sweep) -> RunFolder:
    """Wait until a worker that hears no signal is at work on a node that is known; return its run."""
    victim = until_held(sweep, 1)[0]
    until(lambda: node_of(victim) != "", "its node is known")
    return victim


@contextmanager
def cut_off(victim: RunFolder, sweep: Sweep, slurm: SlurmCluster) -> Iterator[None]:
    """Let a run's machine be lost to its engine and its worker stand still for the block, while all others go on.

    After the block the worker comes back, and this ends once it has left.
    """
    worker = victim.read_state().pid or 0
    os.kill(worker, signal.SIGSTOP)
    sweep.let_go()
    try:
        slurm.kill(node_of(victim))
        yield
    finally:
        os.kill(worker, signal.SIGCONT)
    until(lambda: not is_alive(worker), "the old worker leaves", 120)


def test_a_lost_node_whose_workers_train_on_is_waited_for(sweep: Sweep, slurm: SlurmCluster) -> None:
    sweep.hold_at(1)
    sweep.let_workers_be_deaf()
    with sweep.started() as coordinator:
        victim = until_placed(sweep)
        slurm.kill(node_of(victim))
        until(lambda: "ended" in phase_of(victim), "Slurm finds it lost, and the coordinator knows", 120)
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert victim.read_state().attempt == 1  # it was at work all the time, whatever Slurm said


def test_a_node_that_comes_back_with_its_worker_alive_has_one_that_leaves(sweep: Sweep, slurm: SlurmCluster) -> None:
    sweep.hold_at(1)
    sweep.let_workers_be_deaf()
    with sweep.started() as coordinator:
        victim = until_placed(sweep)
        with cut_off(victim, sweep, slurm):
            # of one machine, its lock is seen by all: who comes next leaves, and costs no attempt
            until(lambda: sweep.n_events("resubmitted") >= 2, "the run's next workers find it in its hands", 180)
        until(lambda: victim.read_state().attempt == 2, "the run's next attempt begins", 120)
        slurm.mend()
        assert coordinator.wait(END_S) == 0
    path = str(victim.path.relative_to(sweep.root.path))
    assert sum(e["event"] == "died" and e["run"] == path for e in sweep.events()) == 1  # as its node was lost


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_numbers_given_out_twice_confuse_nobody(sweep: Sweep, slurm: SlurmCluster) -> None:
    sweep.hold_at(1)
    sweep.let_workers_be_deaf()
    with sweep.started() as coordinator:
        until_held(sweep, 3)
        slurm.lose_memory()
        sweep.let_go()
        assert coordinator.wait(END_S) == 0


def test_a_preempted_run_goes_on(slurm: SlurmCluster, tmp_path: Path, calm: dict[str, Any]) -> None:
    sweep = Sweep(tmp_path, "slurm", slots=2, partition="low", options=["--exclusive"])
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        until_held(sweep, 2)
        slurm.call("sbatch", "--exclusive", "--nodes=1", "--output=/dev/null", "--wrap", "sleep 3")
        until(lambda: bool(sweep.preempted_runs()), "a run is preempted", 120)
        until(lambda: 2 in attempts(sweep).values(), "its next attempt", 120)
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    sweep.check_one_writer_at_a_time()
    sweep.check_each_told_once()
    assert sweep.results() == calm
    assert not sweep.n_events("died")  # it counts for nothing


def test_what_cannot_start_is_told_and_taken_back_at_once(slurm: SlurmCluster, tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, "slurm", time_limit="3h")  # of a partition that gives one
    with sweep.started() as coordinator:
        until(lambda: "PartitionTimeLimit" in [said_of(folder) for folder in sweep.folders()], "Slurm's reason is kept")
        sweep.root.stop.touch()
        assert coordinator.wait(60) == 0
    assert slurm.call("squeue", "-h", "-t", "PENDING,RUNNING") == ""
    assert set(attempts(sweep).values()) == {0}


def said_of(folder: RunFolder) -> str:
    job = read_job(folder)
    return job.said if job is not None else ""


def test_a_job_that_a_person_cancelled_is_not_started_again(
    slurm: SlurmCluster, tmp_path: Path, calm: dict[str, Any]
) -> None:
    sweep = Sweep(tmp_path, "slurm", slots=2)
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        victim = until_held(sweep, 2)[0]
        job = read_job(victim)
        assert job is not None
        slurm.call("scancel", job.id or "")
        until(lambda: victim.read_state().status != "running", "the worker left")
        sweep.let_go()
        coordinator.wait(END_S)
    assert victim.read_state().attempt == 1
    assert victim.read_state().status == "stopped"


@pytest.mark.slow
def test_a_run_longer_than_its_time_limit_goes_on_from_its_checkpoint(
    slurm: SlurmCluster, tmp_path: Path, calm: dict[str, Any]
) -> None:
    sweep = Sweep(tmp_path, "slurm", time_limit="1m")  # warned after 45 s; Slurm looks once in half a minute
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        until(lambda: 2 in attempts(sweep).values(), "the next attempt", 200)
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    sweep.check_one_writer_at_a_time()
    sweep.check_each_told_once()
    assert sweep.results() == calm
