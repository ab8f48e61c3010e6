"""The command lines that Slurm gets, and what follows from the answers that were recorded of 22.05.8."""

import os
import sys
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.child_environment import ROOT
from sweeps.launchers import Job, Phase, Refused, Share, Unreachable
from sweeps.launchers.slurm import SlurmLauncher, SlurmOptions, make_launcher
from sweeps.launchers.slurm.slurm_launcher import own_environment
from tests.sweeps.launchers.fake_commands import FakeCommands

SQUEUE = ["--me", "-h", "-t", "all", "-O", "JobID:|,Name:|,State:|,NodeList:|,Reason:|,exit_code:|"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCommands:
    commands = FakeCommands(tmp_path / "bin")
    commands.answer("sbatch", "4711\n")
    commands.answer("squeue")
    commands.answer("scancel")
    monkeypatch.setenv("PATH", f"{commands.folder}{os.pathsep}{os.environ['PATH']}")
    return commands


def job_in(folder: Path, **facts: object) -> Job:
    return Job(RunFolder(folder), "cvae-0a1b2c3d4e5f", "slurm", **facts)  # type: ignore[arg-type]


def launcher(**options: object) -> SlurmLauncher:
    return SlurmLauncher(SlurmOptions.model_validate(options))


def test_the_plainest_job(fake: FakeCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jo")
    monkeypatch.setenv("USER", "jo")
    run = tmp_path / "50% off" / "run"
    assert launcher().submit(job_in(run), Share(2), {"OMP_NUM_THREADS": "2"}) == "4711"
    assert fake.calls("sbatch") == [
        [
            "--parsable",
            "--job-name=cvae-0a1b2c3d4e5f",
            "--no-requeue",
            "--open-mode=append",
            f"--output={tmp_path}/50%% off/run/worker.log",
            f"--chdir={run}",
            "--export=NIL",
            "--signal=B:TERM@90",
            "--cpus-per-task=2",
        ]
    ]
    assert fake.stdin("sbatch") == (
        "#!/bin/sh\nexport HOME=/home/jo\nexport USER=jo\nexport OMP_NUM_THREADS=2\n"
        f"export PYTHONPATH={ROOT}\nexport CUDA_VISIBLE_DEVICES=''\n"
        f"exec {sys.executable} -m sweeps.worker '{run}' cvae-0a1b2c3d4e5f\n"
    )


def test_all_that_a_user_can_say(fake: FakeCommands, tmp_path: Path) -> None:
    told = {
        "partition": "gpu", "account": "lab", "qos": "long", "cluster": "east", "time_limit": "4h", "gpus": 1.0,
        "memory_gb": 7.5, "setup": ["module load cuda/12.4"], "python": "/shared/env/bin/python",
        "options": ["--constraint=a100", "--nice"],
    }  # fmt: skip
    launcher(**told).submit(job_in(tmp_path), Share(4, 1.0, 7.5), {})
    assert fake.calls("sbatch")[0][7:] == [
        "--signal=B:TERM@90",
        "--cpus-per-task=4",
        "--time=240",
        "--mem=7680M",
        "--gres=gpu:1",
        "--partition=gpu",
        "--account=lab",
        "--qos=long",
        "--clusters=east",
        "--constraint=a100",
        "--nice",
    ]
    script = fake.stdin("sbatch")
    assert script.startswith("#!/bin/bash -l\n")
    assert "CUDA_VISIBLE_DEVICES" not in script  # Slurm says which
    assert script.index("module load cuda/12.4") < script.index("exec /shared/env/bin/python -m sweeps.worker")


def test_a_part_of_a_gpu_is_a_shard(fake: FakeCommands, tmp_path: Path) -> None:
    slurm = launcher(shards=2)
    slurm.submit(job_in(tmp_path), Share(2), {})
    assert "--gres=shard:2" in fake.calls("sbatch")[0]
    assert "CUDA_VISIBLE_DEVICES" not in fake.stdin("sbatch")


def test_a_short_limit_leaves_time_to_train(fake: FakeCommands, tmp_path: Path) -> None:
    launcher(time_limit="1m").submit(job_in(tmp_path), Share(2), {})
    assert {"--time=1", "--signal=B:TERM@15"} <= set(fake.calls("sbatch")[0])


def test_an_id_of_a_federation_is_its_number(fake: FakeCommands, tmp_path: Path) -> None:
    fake.answer("sbatch", "4711;east\n")
    assert launcher(cluster="east").submit(job_in(tmp_path), Share(2), {}) == "4711"


@pytest.mark.parametrize(
    ("err", "is_limit"),
    [
        (
            "sbatch: error: invalid partition specified: gpuu\nsbatch: error: Batch job submission failed: Invalid",
            False,
        ),
        ("sbatch: error: Batch job submission failed: Requested node configuration is not available", False),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates", True),
        ("sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying", True),
    ],
)
def test_what_slurm_does_not_take(fake: FakeCommands, tmp_path: Path, err: str, is_limit: bool) -> None:
    fake.answer("sbatch", err=err, rc=1)
    with pytest.raises(Refused) as refused:
        launcher().submit(job_in(tmp_path), Share(2), {})
    assert refused.value.is_limit == is_limit
    assert "sbatch: error" not in str(refused.value)
    assert err.split("error: ")[-1] in str(refused.value)


DOWN = [
    "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
    "squeue: error: Batch job submission failed: Socket timed out on send/recv operation",
]


@pytest.mark.parametrize("err", DOWN)
def test_a_controller_that_is_down_says_nothing_of_any_job(fake: FakeCommands, tmp_path: Path, err: str) -> None:
    for name in ("sbatch", "squeue", "scancel"):
        fake.answer(name, err=err, rc=1)
    slurm, job = launcher(), job_in(tmp_path, id="4711")
    for call in (
        lambda: slurm.submit(job, Share(2), {}),
        lambda: slurm.look([job]),
        lambda: slurm.find([job]),
        lambda: slurm.end(job, now=False),
    ):
        with pytest.raises(Unreachable):
            call()


def test_whatever_else_squeue_fails_with_is_no_death(fake: FakeCommands, tmp_path: Path) -> None:
    fake.answer("squeue", err="squeue: error: Unable to open configuration", rc=1)
    with pytest.raises(Unreachable):
        launcher().look([job_in(tmp_path, id="4711")])


def test_a_command_that_hangs_is_silence(fake: FakeCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake.folder / "squeue").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr("sweeps.launchers.slurm.slurm_launcher.CALL_S", 0.1)
    with pytest.raises(Unreachable, match="no answer"):
        launcher().look([job_in(tmp_path)])


def test_one_call_looks_at_all_jobs(fake: FakeCommands, tmp_path: Path) -> None:
    jobs = [Job(RunFolder(tmp_path), f"cvae-{i}", "slurm", id=str(i)) for i in range(1000)]
    fake.answer("squeue", "".join(f"{i}|cvae-{i}|PENDING||Resources|0|\n" for i in range(1000)))
    seen = launcher().look(jobs)
    assert len(seen) == 1000
    assert {each.phase for each in seen.values()} == {Phase.QUEUED}
    assert fake.calls("squeue") == [SQUEUE]


def test_nothing_to_look_at_is_no_call(fake: FakeCommands) -> None:
    assert launcher().look([]) == launcher().find([]) == {}
    assert fake.calls("squeue") == []


def test_a_number_given_out_twice_is_another_job(fake: FakeCommands, tmp_path: Path) -> None:
    fake.answer("squeue", "4711|cvae-another|RUNNING|n1|None|0|\n")
    job = job_in(tmp_path, id="4711")
    assert launcher().look([job])[job.token].phase is Phase.GONE
    assert launcher().find([job]) == {}


def test_a_job_is_found_by_its_name(fake: FakeCommands, tmp_path: Path) -> None:
    fake.answer("squeue", "CLUSTER: east\n12|cvae-0a1b2c3d4e5f|RUNNING|n1|None|0|\n13|vim|RUNNING|n1|None|0|\n")
    assert launcher(cluster="east").find([job_in(tmp_path)]) == {"cvae-0a1b2c3d4e5f": "12"}
    assert fake.calls("squeue") == [[*SQUEUE, "--clusters=east"]]


def test_a_job_is_ended_by_number_and_name(fake: FakeCommands, tmp_path: Path) -> None:
    job = job_in(tmp_path, id="4711")
    fake.answer("scancel", err="scancel: error: Kill job error on job id 4711: Invalid job id specified", rc=1)
    launcher().end(job, now=False)
    launcher().end(job, now=True)
    which = ["--name=cvae-0a1b2c3d4e5f", "4711"]
    assert fake.calls("scancel") == [which, ["--full", "--signal=KILL", *which], ["--state=PENDING", *which]]


def test_a_coordinator_within_a_job_asks_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "1000")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm.conf")
    assert {key for key in own_environment() if key.startswith("SLURM")} == {"SLURM_CONF"}


def test_a_machine_that_submits_no_jobs_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="sbatch, squeue, scancel not found"):
        make_launcher(SlurmOptions())


@pytest.mark.parametrize(("version", "is_taken"), [("slurm-wlm 22.05.8", True), ("slurm 20.02.3", False)])
def test_too_old_a_slurm_is_told(fake: FakeCommands, version: str, is_taken: bool) -> None:
    fake.answer("sbatch", version)
    if is_taken:
        assert make_launcher(SlurmOptions()).name == "slurm"
    else:
        with pytest.raises(InputError, match=r"slurm 20\.02\.3; needed is 20\.11"):
            make_launcher(SlurmOptions())


def test_more_memory_up_to_the_users_most() -> None:
    slurm = launcher(memory_gb=8.0, most_memory_gb=16.0)
    shares = [Share(2, 1, 8.0)]
    while (more := slurm.enlarge(shares[-1])) is not None:
        shares.append(more)
    assert [share.memory_gb for share in shares] == [8, 12, 16]
    assert launcher().enlarge(Share(2, 1)) is None
