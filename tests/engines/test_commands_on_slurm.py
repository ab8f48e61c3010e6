"""The commands that a person types, on a real Slurm, with workers that train."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cvae.config.yaml_file import dump_yaml
from sweeps.compare_verdicts import app as compare_verdicts
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.engines.engine_sweep import END_S, REPOSITORY
from tests.engines.slurm_cluster import SlurmCluster, until
from tests.sweeps.commands.test_launch import EXPERIMENT

pytestmark = pytest.mark.engine

#: What Slurm is told of a run, of one that its partition never starts, and of one that it starts after the test.
SMALL = {"cpus": 1, "gpus": 0, "memory_gb": 0.9}
NEVER = SMALL | {"time_limit": "3h"}
LATER = SMALL | {"options": ["--begin=now+1hour"]}


#: `run_sweep.py`, which asks Slurm every second: a test has no time for every ten. A shell's background jobs are born
#: deaf to Ctrl-C.
SWEEP = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from sweeps.launchers.slurm import SlurmLauncher
SlurmLauncher.poll_s = 1.0
runpy.run_path("run_sweep.py", run_name="__main__")
"""


class Desk:
    """A folder with an experiment, and a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.experiment = folder, folder / "tiny.yaml"
        self.experiment.write_text(
            dump_yaml(EXPERIMENT | {"base": EXPERIMENT["base"] | {"store": str(folder / "store")}})
        )

    def root(self, runs: str) -> ExperimentFolder:
        return ExperimentFolder(self.folder / runs / "tiny")

    def sweep_command(self, runs: str, *options: str) -> list[str]:
        command = [sys.executable, "-c", SWEEP, str(self.experiment), "--runs", str(self.folder / runs)]
        return [*command, "--tracker", "disabled", *options]

    def call(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=3 * END_S, check=False)

    def on_slurm(self, options: dict[str, object]) -> list[str]:
        """Options of a sweep whose runs ask Slurm for something."""
        path = self.folder / "cluster.yaml"
        path.write_text(dump_yaml(options))
        return ["--engine", "slurm", "--engine-file", str(path), "--output", "plain"]

    @contextmanager
    def started(self, runs: str, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
        with (self.folder / "coordinator.log").open("ab") as log:
            process = subprocess.Popen(self.sweep_command(runs, *options), cwd=REPOSITORY, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def verdict(self, runs: str) -> Path:
        """Write the report of a sweep; return its verdict."""
        done = self.call(sys.executable, "analyze.py", str(self.root(runs).path))
        assert done.returncode == 0, done.stderr
        return self.root(runs).path / "report" / "verdict.json"

    def check_one_verdict(self, engine: str, *options: str) -> None:
        """Run the experiment here and on an engine: both verdicts are the same, machine facts aside."""
        for runs, told in (("here", ["--slots", "2"]), ("there", [*options, "--slots", "4"])):
            done = self.call(*self.sweep_command(runs, *told))
            assert done.returncode == 0, done.stderr
        compared = CliRunner().invoke(compare_verdicts, [str(self.verdict("here")), str(self.verdict("there"))])
        assert compared.exit_code == 0, compared.output
        jobs = list(self.root("there").path.glob("*/*/job.json"))
        assert len(jobs) == 6
        assert all(f'"engine": "{engine}"' in path.read_text() for path in jobs)


@pytest.fixture
def desk(slurm: SlurmCluster, tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def is_empty(slurm: SlurmCluster) -> bool:
    return not slurm.call("squeue", "-h", "-t", "PENDING,RUNNING,COMPLETING")


def test_one_experiment_has_one_verdict_here_and_on_slurm(desk: Desk) -> None:
    desk.check_one_verdict("slurm", *desk.on_slurm(SMALL))


@pytest.mark.parametrize("how", [pytest.param("--stop", marks=pytest.mark.slow), "Ctrl-C"])
def test_status_says_what_a_queued_run_waits_for_and_stopping_takes_it_back(
    how: str, desk: Desk, slurm: SlurmCluster
) -> None:
    with desk.started("runs", *desk.on_slurm(NEVER)) as sweep:
        until(lambda: b"PartitionTimeLimit" in b"".join(p.read_bytes() for p in jobs_of(desk)), "Slurm's reason", 300)
        status = desk.call(*desk.sweep_command("runs", "--status"))
        assert "constant/tune-000: slurm " in status.stdout
        assert "PartitionTimeLimit" in status.stdout
        if how == "--stop":
            assert desk.call(*desk.sweep_command("runs", "--stop")).returncode == 0
        else:
            sweep.send_signal(signal.SIGINT)
        sweep.wait(END_S)
    until(lambda: is_empty(slurm), "nothing is queued")
    states = [path.parent / "state.json" for path in jobs_of(desk)]
    assert states
    assert not any(path.exists() for path in states)  # nothing has begun, and nothing is lost


def jobs_of(desk: Desk) -> list[Path]:
    return list(desk.root("runs").path.glob("*/*/job.json"))


def probes(desk: Desk) -> list[Path]:
    return [path for path in (desk.folder / "runs" / ".probe").glob("*") if path.suffix != ".json"]


def test_a_plan_estimates_from_a_short_training_on_a_node_which_it_names(desk: Desk, slurm: SlurmCluster) -> None:
    done = desk.call(*desk.sweep_command("runs", "--plan", *desk.on_slurm(SMALL)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "estimate for 6 runs" in done.stdout, done.stdout
    assert "from short trainings on slurm's n" in done.stdout.replace("\n", " ")
    assert is_empty(slurm)
    assert not probes(desk)


def test_a_plan_that_is_interrupted_leaves_no_job_and_no_folder(desk: Desk, slurm: SlurmCluster) -> None:
    with desk.started("runs", "--plan", *desk.on_slurm(LATER)) as plan:
        until(lambda: not is_empty(slurm), "the short training is queued")
        plan.send_signal(signal.SIGINT)
        plan.wait(END_S)
    assert is_empty(slurm)
    assert not probes(desk)
    assert "estimate" not in (desk.folder / "coordinator.log").read_text()


def check_cluster(desk: Desk, options: dict[str, object]) -> "subprocess.CompletedProcess[str]":
    engine, name, file, path, *_ = desk.on_slurm(options)
    command = [sys.executable, "-m", "sweeps.check_cluster", engine, name, file, path]
    return desk.call(*command, "--folder", str(desk.folder / "shared"), "--wait", "4m")


def test_a_cluster_that_is_fit_is_called_so_and_left_as_it_was(desk: Desk, slurm: SlurmCluster) -> None:
    done = check_cluster(desk, SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("slurm took two jobs", "probe-1 runs on", "clocks agree", "of two claims one won",
                 "a lock is held once", "told by SIGTERM first", "asked to stop does", "fit for a sweep"):  # fmt: skip
        assert said in done.stdout
    assert is_empty(slurm)
    assert not list((desk.folder / "shared").iterdir())


def test_a_cluster_whose_nodes_lack_the_python_is_told_of(desk: Desk, slurm: SlurmCluster) -> None:
    done = check_cluster(desk, SMALL | {"python": "/nowhere/python"})
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ended without a word" in done.stdout
    assert "/nowhere/python" in done.stdout
    until(lambda: is_empty(slurm), "nothing is left")
