"""Whole sweeps on a real Ray of three nodes, whose parts are killed: they end like an undisturbed one."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.launchers import read_job
from tests.engines.engine_sweep import END_S, Sweep
from tests.engines.ray_cluster import HEAD, HEADLESS_S, NODES, START_S, RayCluster, ray_cluster
from tests.engines.slurm_cluster import until
from tests.engines.test_commands_on_slurm import Desk
from tests.engines.test_slurm_sweep import attempts, is_alive, node_of, until_held

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def ray() -> Iterator[RayCluster]:
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # sockets lie in it: their paths must be short
    try:
        with ray_cluster(folder / "c") as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sweep(ray: RayCluster, tmp_path: Path, calm: dict[str, Any]) -> Iterator[Sweep]:
    """A sweep that must have ended like the calm one when its test ends."""
    sweep = Sweep(tmp_path, "ray", address=ray.url)
    yield sweep
    sweep.check_one_writer_at_a_time()
    sweep.check_each_told_once()
    assert sweep.results() == calm


def mend(ray: RayCluster) -> None:
    """Start again what was killed."""
    deadline = time.monotonic() + START_S
    try:
        for n, address in enumerate((HEAD, *NODES), 1):
            ray.bring_up(address, n, deadline)
    except AssertionError as error:
        pytest.skip(f"Ray does not come up again: {error}")


def test_a_sweep_on_ray_is_one_on_this_machine(sweep: Sweep) -> None:
    sweep.finish()
    assert set(attempts(sweep).values()) == {1}


def test_one_experiment_has_one_verdict_here_and_on_ray(ray: RayCluster, tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text("cpus: 1\ngpus: 0\n")
    Desk(tmp_path).check_one_verdict("ray", "--engine", "ray", "--ray", ray.url, "--engine-file", str(file))


def test_jobs_outlive_a_coordinator_that_is_killed_and_are_adopted(sweep: Sweep) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        until_held(sweep, 2)
        coordinator.kill()
        coordinator.wait()
    with sweep.started() as coordinator:
        until(lambda: sweep.n_events("adopted") >= 2, "its jobs are adopted")
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert set(attempts(sweep).values()) == {1}


def test_a_run_whose_supervisor_is_killed_gets_its_next_attempt(sweep: Sweep) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        victim = until_held(sweep, 2)[0]
        worker = victim.read_state().pid or 0
        stat = (Path("/proc") / str(worker) / "stat").read_text()
        os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)  # its parent
        until(lambda: not is_alive(worker), "Ray ends its worker too")
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert victim.read_state().attempt == 2


def test_runs_of_a_node_that_is_lost_go_on_elsewhere(sweep: Sweep, ray: RayCluster) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        victim = until_held(sweep, 2)[0]
        until(lambda: node_of(victim) in NODES, "its node is known")
        ray.kill("raylet", node_of(victim))
        until(lambda: (job := read_job(victim)) is not None and job.phase != "running", "Ray finds it lost")
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert victim.read_state().attempt == 2
    mend(ray)


def test_a_head_that_is_lost_with_all_that_it_knew_costs_no_attempt(sweep: Sweep, ray: RayCluster) -> None:
    sweep.hold_at(1)
    with sweep.started() as coordinator:
        victims = until_held(sweep, 2)
        workers = [victim.read_state().pid or 0 for victim in victims]
        ray.kill("", HEAD)
        time.sleep(3)
        assert all(map(is_alive, workers))  # they train on without it, for a while
        until(lambda: not any(map(is_alive, workers)), "Ray's nodes give it up, and end them", HEADLESS_S + 120)
        assert not sweep.n_events("ended")
        mend(ray)
        sweep.let_go()
        assert coordinator.wait(END_S) == 0
    assert not sweep.n_events("died")
    assert {victim.read_state().attempt for victim in victims} == {2}  # from their checkpoints
