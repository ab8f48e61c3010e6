"""The launcher against a real Slurm: what its methods say, and what reaches a worker."""

import json
import time
from pathlib import Path

import pytest

from cvae.record import RunFolder
from sweeps.launchers import Job, Phase, Refused, Seen, Unreachable
from sweeps.launchers.job_record import new_token
from sweeps.launchers.slurm import SlurmLauncher, SlurmOptions
from tests.engines.slurm_cluster import SlurmCluster, until

pytestmark = pytest.mark.engine

#: A stand-in for Python: it gets `-m sweeps.worker FOLDER TOKEN` and does what its folder says.
WORKER = """\
#!/bin/sh
env > "$3/environment"
exec sh "$3/does"
"""

TIDY = "trap 'touch got-term; exit 143' TERM\ntouch began\nwhile :; do sleep 0.1; done\n"
DEAF = "trap '' TERM\ntouch began\nwhile :; do sleep 0.1; done\n"


class Bench:
    """Jobs of one launcher, in folders of their own."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder, worker = folder, folder / "worker"
        worker.write_text(WORKER)
        worker.chmod(0o755)
        told = {"gpus": 0.0, "cpus": 1, "memory_gb": 0.1, "python": str(worker), **options}
        self.options = SlurmOptions.model_validate(told)
        self.slurm = SlurmLauncher(self.options)

    def submit(self, does: str, environment: dict[str, str] | None = None) -> Job:
        token = new_token()
        run = self.folder / token
        run.mkdir()
        (run / "does").write_text(does)
        job = Job(RunFolder(run), token, "slurm")
        number = self.slurm.submit(job, self.options.share("cpu"), environment or {})
        return Job(job.folder, token, "slurm", id=number)

    def seen(self, job: Job) -> Seen:
        return self.slurm.look([job])[job.token]

    def until(self, job: Job, phase: Phase) -> Seen:
        until(lambda: self.seen(job).phase is phase, f"the job is {phase}")
        return self.seen(job)

    def until_began(self, job: Job) -> None:
        until(lambda: (job.folder.path / "began").exists(), "the worker began")


@pytest.fixture
def bench(slurm: SlurmCluster, tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_job_ends_with_its_workers_status(bench: Bench) -> None:
    good, bad = bench.submit("exit 0"), bench.submit("exit 4")
    assert bench.until(good, Phase.ENDED) == Seen(Phase.ENDED, "n1", "exit", 0, "COMPLETED")
    seen = bench.until(bad, Phase.ENDED)
    assert (seen.cause, seen.exit_status) == ("exit", 4)
    assert bench.slurm.find([good, bad]) == {good.token: good.id, bad.token: bad.id}


def test_a_worker_gets_what_is_its_own_and_nothing_of_the_login_node(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    monkeypatch.setenv("VIRTUAL_ENV", "/login/env")
    job = bench.submit("exit 0", {"OMP_NUM_THREADS": "3"})
    bench.until(job, Phase.ENDED)
    lines = (job.folder.path / "environment").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert variables["OMP_NUM_THREADS"] == "3"
    assert variables["CUDA_VISIBLE_DEVICES"] == ""
    assert "VIRTUAL_ENV" not in variables


def test_a_gpu_is_named_by_slurm(slurm: SlurmCluster, tmp_path: Path) -> None:
    bench = Bench(tmp_path, gpus=1.0)
    job = bench.submit("exit 0")
    bench.until(job, Phase.ENDED)
    assert "CUDA_VISIBLE_DEVICES=0\n" in (job.folder.path / "environment").read_text()


@pytest.mark.parametrize(("does", "now", "is_told"), [(TIDY, False, True), (DEAF, False, False), (DEAF, True, False)])
def test_a_job_is_ended(bench: Bench, does: str, now: bool, is_told: bool) -> None:
    job = bench.submit(does)
    bench.until_began(job)
    bench.slurm.end(job, now=now)
    assert bench.until(job, Phase.ENDED).cause == "cancelled"
    assert (job.folder.path / "got-term").exists() == is_told
    bench.slurm.end(job, now=False)  # it is over: nothing happens


def test_a_queued_job_says_what_it_waits_for_and_is_ended_at_once(slurm: SlurmCluster, tmp_path: Path) -> None:
    bench = Bench(tmp_path, time_limit="3h")  # of a partition that gives one
    job = bench.submit("exit 0")
    until(lambda: bench.seen(job).said == "PartitionTimeLimit", "Slurm says what it waits for")
    assert bench.seen(job).phase is Phase.QUEUED
    bench.slurm.end(job, now=True)
    assert bench.until(job, Phase.ENDED).cause == "cancelled"


def test_nobody_elses_job_is_ended_by_its_number(bench: Bench) -> None:
    other = bench.submit(TIDY)
    bench.until_began(other)
    ours = Job(other.folder, new_token(), "slurm", id=other.id)  # a controller gave the number out again
    assert bench.seen(ours).phase is Phase.GONE
    for now in (False, True):
        bench.slurm.end(ours, now=now)
    time.sleep(0.5)
    assert bench.seen(other).phase is Phase.RUNNING


def test_a_job_whose_number_was_lost_is_found_and_ended(bench: Bench) -> None:
    job = bench.submit(TIDY)
    bench.until_began(job)
    nameless = Job(job.folder, job.token, "slurm")
    assert bench.slurm.find([nameless]) == {job.token: job.id}
    bench.slurm.end(nameless, now=False)
    bench.until(job, Phase.ENDED)


def test_what_slurm_refuses_is_said(slurm: SlurmCluster, tmp_path: Path) -> None:
    bench = Bench(tmp_path, partition="gpuu")
    with pytest.raises(Refused, match="invalid partition specified: gpuu"):
        bench.submit("exit 0")
    bench = Bench(tmp_path, gpus=3.0)
    with pytest.raises(Refused, match="Requested node configuration is not available"):
        bench.submit("exit 0")


@pytest.mark.slow  # a sweep to which it happens is not
def test_a_preempted_job_says_so(slurm: SlurmCluster, tmp_path: Path) -> None:
    low = Bench(tmp_path, partition="low", options=["--exclusive"])
    jobs = [low.submit(TIDY) for _ in range(2)]
    for job in jobs:
        low.until_began(job)
    high = Bench(tmp_path, options=["--exclusive"])
    urgent = high.submit("sleep 1")
    until(lambda: "preempted" in {low.seen(job).cause for job in jobs}, "one was preempted")
    assert sum((job.folder.path / "got-term").exists() for job in jobs) == 1
    high.until(urgent, Phase.ENDED)


@pytest.mark.slow  # a sweep to which it happens is not
def test_a_controller_that_is_down_is_silence_and_its_jobs_go_on(bench: Bench, slurm: SlurmCluster) -> None:
    job = bench.submit(TIDY)
    bench.until_began(job)
    slurm.save()
    slurm.kill("slurmctld")
    with pytest.raises(Unreachable):
        bench.seen(job)
    with pytest.raises(Unreachable):
        bench.submit(TIDY)
    slurm.mend()
    assert bench.until(job, Phase.RUNNING).where == "n1"
    assert not (job.folder.path / "got-term").exists()


@pytest.mark.slow  # a sweep to which it happens is not
def test_a_lost_node_is_told_while_its_worker_lives(bench: Bench, slurm: SlurmCluster) -> None:
    job = bench.submit(DEAF)
    bench.until_began(job)
    slurm.kill(bench.until(job, Phase.RUNNING).where)
    assert bench.until(job, Phase.ENDED).cause == "node_lost"
    assert json.dumps(slurm.states_of_nodes()).count("down") == 1
