"""Machines that share a disk without locks, by mounts of one folder: one winner, nothing torn, no harm by old news."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cvae.files import held, network_type
from cvae.record.run_folder import RunFolder
from sweeps.child_environment import with_project
from tests.engines.engine_sweep import END_S, REPOSITORY, Sweep
from tests.engines.slurm_cluster import SlurmCluster, until
from tests.engines.test_slurm_sweep import cut_off, until_held, until_placed
from tests.engines.twin_mounts import twin_mounts

pytestmark = pytest.mark.engine

N_CLAIMS = 20


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[dict[str, Path]]:
    with twin_mounts(tmp_path / "disk") as machines:
        yield machines


def start(host: str, code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start Python on a machine of a name."""
    command = ["unshare", "--uts", "sh", "-c", f'hostname {host}; exec "$@"', "-", sys.executable, "-c", code]
    return subprocess.Popen(
        [*command, *map(str, arguments)], cwd=REPOSITORY, env=with_project(), stdout=subprocess.PIPE, text=True
    )


def printed(process: "subprocess.Popen[str]") -> list[Any]:
    output, _ = process.communicate(timeout=END_S)
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()]


def test_a_lock_holds_nobody_out_on_another_machine(machines: dict[str, Path]) -> None:
    # what the other tests are about: with locks in common they would show nothing
    assert network_type(machines["n1"]) == "fuse.sshfs"
    with held(machines["n1"] / "lock") as first, held(machines["n2"] / "lock") as second:
        assert first
        assert second


CLAIM = """
import json, sys, time
from pathlib import Path
from cvae.files.claims import claim_once
here, me, other, n = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
for i in range(n):
    (here / f"ready-{i}-{me}").touch()
    while not (here / f"ready-{i}-{other}").exists():
        time.sleep(0.01)
    print(json.dumps(claim_once(here / f"claim-{i}")))
"""


def test_of_two_claims_from_two_machines_one_wins(machines: dict[str, Path]) -> None:
    first, second = (start(me, CLAIM, machines[me], me, other, N_CLAIMS) for me, other in (("n1", "n2"), ("n2", "n1")))
    won = list(zip(printed(first), printed(second), strict=True))
    assert len(won) == N_CLAIMS
    assert {sorted(each) == [False, True] for each in won} == {True}


TAKE_OVER = """
import json, sys, time
from pathlib import Path
from cvae.errors import InputError
from dataclasses import replace
from sweeps.experiment_folder.coordinator_record import read_coordinator, take_over, write_coordinator
from sweeps.experiment_folder.paths import ExperimentFolder
here, me, other, n = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
for i in range(n):
    root = ExperimentFolder(here / f"toy-{i}")
    root.path.mkdir(exist_ok=True)
    (here / f"ready-{i}-{me}").touch()
    while not (here / f"ready-{i}-{other}").exists():
        time.sleep(0.01)
    try:
        take_over(root, lambda line: None, patience_s=20.0)
        print("true")
        record = read_coordinator(root)
        while not (here / f"lost-{i}-{other}").exists():
            record = replace(record, beat=record.beat + 1)
            write_coordinator(record, root)
            time.sleep(0.2)
    except InputError as error:
        print(json.dumps(str(error)))
        (here / f"lost-{i}-{me}").touch()
"""


def test_of_two_coordinators_that_begin_at_once_one_wins(machines: dict[str, Path]) -> None:
    both = [start(me, TAKE_OVER, machines[me], me, other, 5) for me, other in (("n1", "n2"), ("n2", "n1"))]
    for ends in zip(*(printed(process) for process in both), strict=True):
        assert [end for end in ends if end is True] == [True], ends
        assert "coordinator has just begun" in str(ends) or "is working on it" in str(ends)


WRITE = """
import sys, time
from pathlib import Path
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
for step in range(1, int(sys.argv[2]) + 1):
    folder.append_epoch({"step": step, "val/psnr": 20.0 + step, "filler": "x" * (37 * step % 211)})
    folder.write_state(RunState("running", 1, step=step, git_commit="y" * (53 * step % 509)))
    time.sleep(0.02)
folder.write_state(RunState("finished", 1, step=step))
"""


def test_what_one_machine_writes_another_reads_whole_and_in_order(machines: dict[str, Path]) -> None:
    (machines["n1"] / "run").mkdir()
    writer = start("n1", WRITE, machines["n1"] / "run", 200)
    folder, offset, epochs, steps = RunFolder(machines["n2"] / "run"), 0, [], [0]
    while folder.read_state().status != "finished":
        steps.append(folder.read_state().step)
        lines, offset = folder.read_epochs_after(offset)
        epochs += lines
    assert printed(writer) == []
    until(lambda: len(folder.read_epochs()) == 200, "all is seen")
    epochs += folder.read_epochs_after(offset)[0]
    assert steps == sorted(steps)
    assert len(set(steps)) > 3  # it did look while it was written
    assert [line["step"] for line in epochs] == list(range(1, 201))


@pytest.fixture
def sweep(slurm: SlurmCluster, machines: dict[str, Path], tmp_path: Path, calm: dict[str, Any]) -> Iterator[Sweep]:
    """A sweep whose coordinator and whose nodes see the disk each through a mount of its own."""
    runs = machines["front"] / "runs"
    sweep = Sweep(tmp_path, "slurm", runs=runs, journal=str(tmp_path / "journal.log"), patience_s=12.0)
    yield sweep
    sweep.check_one_writer_at_a_time()
    assert sweep.results() == calm


@pytest.mark.slow  # a sweep that is disturbed there is not
def test_a_sweep_over_machines_without_common_locks_is_one_on_this_machine(sweep: Sweep) -> None:
    sweep.finish()
    sweep.check_each_told_once()


def test_a_machine_that_was_cut_off_and_comes_back_finds_its_run_anothers(sweep: Sweep, slurm: SlurmCluster) -> None:
    sweep.hold_at(1)
    sweep.let_workers_be_deaf()
    with sweep.started() as coordinator:
        victim = until_placed(sweep)
        with cut_off(victim, sweep, slurm):
            # its lock is of its own machine: the next attempt trains while the old worker is still there
            until(lambda: victim.read_state().attempt == 2, "the run's next attempt begins", 180)
        slurm.mend()
        assert coordinator.wait(END_S) == 0
    sweep.check_each_told_once()


def test_a_coordinator_on_a_second_machine_leaves_one_at_work_alone_and_takes_over_a_dead_one(
    sweep: Sweep, machines: dict[str, Path]
) -> None:
    sweep.hold_at(1)
    elsewhere = machines["back"] / "runs"
    with sweep.started("login-1") as first:
        until_held(sweep, 3)
        with sweep.started("login-2", elsewhere) as second:
            assert second.wait(END_S) != 0
        assert "on login-1 is working on it" in sweep.log.read_text()
        first.send_signal(signal.SIGSTOP)  # for all that anybody can see it is dead
        with sweep.started("login-2", elsewhere) as second:
            until(lambda: sweep.n_events("adopted") >= 3, "its runs are adopted", 120)
            first.send_signal(signal.SIGCONT)
            assert first.wait(END_S) != 0  # it finds that it is none any more
            assert "login-2 has taken over" in sweep.log.read_text()
            sweep.let_go()
            assert second.wait(END_S) == 0
    assert sweep.n_events("died") == 0
    sweep.check_each_told_once()
