"""Every fault ends in the state that the policy names, and is seen in the status."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cvae.config.yaml_file import dump_yaml
from cvae.errors import InputError
from cvae.record import RunError
from cvae.record.run_folder import RunFolder
from sweeps.commands.control import reopen
from sweeps.coordinator.failure_policy import FRUITLESS_ATTEMPTS, Breaker, Tries, backoff_s, decide_action, signature
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.coordinator.test_coordinator import EXPERIMENT, results_of
from tests.sweeps.stepping_sweep import Fault, Sweep, seen_in
from tests.sweeps.stub_sweep import sweep


def at(name: str, error: Exception, attempts: int = 99) -> Fault:
    """An error in one run at its second step, in its first attempts."""

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == name and step == 2 and attempt <= attempts:
            raise error

    return fault


def test_the_policy_table() -> None:
    assert [decide_action("interruption", n, 1) for n in (1, FRUITLESS_ATTEMPTS - 1, FRUITLESS_ATTEMPTS)] == [
        "retry",
        "retry",
        "failed",
    ]
    assert [decide_action("memory", 1, n) for n in (4, 2, 1)] == ["halve", "halve", "infeasible"]
    assert [backoff_s(n) for n in (1, 2, 3, 4, 20)] == [0, 1, 2, 4, 60]
    tries = Tries()
    assert [tries.add(step) for step in (0, 0, 3, 3, 3)] == [1, 2, 1, 2, 3]  # a new checkpoint starts the count again


def test_the_same_error_is_the_same_whatever_its_numbers() -> None:
    a = RunError("error", "RuntimeError", "shape (3, 7) in /runs/a/tune-001/x")
    b = RunError("error", "RuntimeError", "shape (4, 9) in /runs/b/tune-002/x")
    assert signature(a) == signature(b)
    breaker = Breaker()
    assert [breaker.note("failed", e, d) for e, d in ((a, "0"), (b, "1"))] == [None, None]
    assert breaker.note("finished", None, "0") is None
    assert "the same error in 3 runs" in str(breaker.note("failed", a, "2"))


def test_a_non_finite_loss_is_told_as_a_finite_bad_value(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-002", ArithmeticError("step 2: loss nan")), slots=1)
    sweep.run()
    assert sweep.state("tune-002").status == "diverged"
    worst = min(v for i, (_, v) in enumerate(sweep.told()) if i < 2 and v is not None)
    assert sweep.told()[2] == ("COMPLETE", worst - 1.0)
    assert "a/tune-002 diverged, attempt 1: step 2: loss nan" in sweep.seen()
    # and it is never what confirm takes
    Sweep(tmp_path / "all", at("tune-000", ArithmeticError("nan"))).run()
    assert RunFolder(tmp_path / "all/toy/a/confirm-0-s1000").read_identity().trial != 0


def test_an_exception_fails_its_run_and_not_the_sweep(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", ValueError("a bug at step 2")))
    sweep.run()
    assert sweep.state("tune-001").status == "failed"
    assert sweep.told()[1] == ("FAIL", None)
    assert "a/tune-001 failed, attempt 1: a bug at step 2" in sweep.seen()
    assert sum(status == "finished" for status in sweep.coordinator.counts.settled.values()) == 5


def test_a_passing_io_error_is_retried_from_where_it_was(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", OSError(errno.EIO, "input/output error"), attempts=2))
    sweep.run()
    state = sweep.state("tune-001")
    assert (state.status, state.attempt) == ("finished", 3)
    assert [e["step"] for e in sweep.events("died")] == [1, 1]
    assert "put right: an attempt died twice" in sweep.seen()
    assert sweep.told()[1][0] == "COMPLETE"


def test_an_io_error_that_does_not_pass_fails_its_run(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", OSError(errno.EIO, "input/output error")))
    sweep.run()
    state = sweep.state("tune-001")
    assert (state.status, state.attempt, state.error.kind) == ("failed", 5, "io")
    assert "a/tune-001 failed, attempt 5: " in sweep.seen()
    assert "input/output error" in sweep.seen()


def test_a_torn_last_line_of_the_evaluations_is_cut_off(tmp_path: Path) -> None:
    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == "tune-001" and step == 3 and attempt == 1:
            with folder.epochs.open("ab") as file:
                file.write(b'{"step": 3, "val/ps')
            raise OSError(errno.EIO, "input/output error")

    Sweep(tmp_path / "calm").run()
    sweep = Sweep(tmp_path, fault)
    sweep.run()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")
    assert "a/tune-001: attempt 2 cut off a torn line of epochs.jsonl" in sweep.seen()


def test_out_of_memory_halves_the_slots_then_the_run_is_infeasible(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", MemoryError("CUDA out of memory")), slots=4)
    sweep.run()
    assert [e["slots"] for e in sweep.events("halved")] == [2, 1]
    state = sweep.state("tune-001")
    assert (state.status, state.attempt) == ("infeasible", 3)
    assert state.flags == {"diverged": False, "collapsed": False}
    assert "a/tune-001 infeasible, attempt 3: CUDA out of memory" in sweep.seen()
    assert "slots were halved twice" in sweep.seen()
    kind, value = sweep.told()[1]
    assert kind == "COMPLETE"
    assert value is not None
    assert value < min(v for i, (_, v) in enumerate(sweep.told()) if i != 1 and v is not None)


def test_memory_that_suffices_for_fewer_is_no_failure(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", MemoryError("CUDA out of memory"), attempts=1), slots=4)
    sweep.run()
    assert sweep.state("tune-001").status == "finished"
    assert sweep.coordinator.slots.caps == {"cpu": 2}


def test_the_same_error_in_three_runs_stops_the_sweep(tmp_path: Path) -> None:
    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        raise ValueError(f"shape ({step}, 7) of {folder.path} does not fit")

    sweep = Sweep(tmp_path, fault, slots=1, change={"tune": {"trials_per_arm": 20}})
    lines = sweep.run()
    assert sweep.coordinator.standing.is_broken
    assert len(sweep.coordinator.counts.settled) == 3
    assert any("the same error in 3 runs: shape (1, 7)" in line for line in lines)
    assert "the same error in 3 runs" in sweep.seen()


def test_failures_in_a_row_on_one_device_stop_the_sweep(tmp_path: Path) -> None:
    words = iter("abcdefgh")

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        raise ValueError(next(words))  # never the same

    sweep = Sweep(tmp_path, fault, slots=1, change={"tune": {"trials_per_arm": 20}})
    assert any("3 failures in a row on device cpu" in line for line in sweep.run())


def test_failed_runs_are_opened_again_and_told_again(tmp_path: Path) -> None:
    Sweep(tmp_path, at("tune-001", ValueError("a bug"))).run()
    sweep = Sweep(tmp_path)
    assert reopen(sweep.experiment, sweep.root, "failed") == 1
    sweep.run()
    assert sweep.state("tune-001").status == "finished"
    assert [state for state, _ in sweep.told()] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    again = Sweep(tmp_path)
    again.run()  # told once: a third start adds nothing
    assert len(again.told()) == 5
    with pytest.raises(InputError, match="allowed: failed, infeasible, stopped"):
        reopen(sweep.experiment, sweep.root, "diverged")


def test_more_trials_after_a_retry_keep_their_numbers(tmp_path: Path) -> None:
    Sweep(tmp_path, at("tune-001", ValueError("a bug")), change={"confirm": {"seeds": 1}}).run()
    for folder in (tmp_path / "toy" / "a").glob("confirm-*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    sweep = Sweep(tmp_path)
    reopen(sweep.experiment, sweep.root, "failed")
    sweep.run()
    for folder in (tmp_path / "toy" / "a").glob("confirm-*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    Sweep(tmp_path, change={"tune": {"trials_per_arm": 6}}).run()
    again = Sweep(tmp_path, change={"tune": {"trials_per_arm": 6}})
    again.run()
    assert len(again.told()) == 6 + 1  # one run was told twice, and started again nothing is
    Sweep(tmp_path / "straight", change={"tune": {"trials_per_arm": 6}}).run()
    for k in range(6):
        grown, straight = (RunFolder(p / f"toy/a/tune-{k:03d}") for p in (tmp_path, tmp_path / "straight"))
        assert grown.read_identity().params == straight.read_identity().params


def test_a_journal_that_lost_its_end_is_restored_from_the_folders(tmp_path: Path) -> None:
    # half of the file gone and rubbish in its place, as after a power cut: trials, parameters and outcomes come back
    Sweep(tmp_path).run()
    sweep = Sweep(tmp_path)
    before, data = sweep.told(), sweep.root.journal.read_bytes()
    sweep.root.journal.write_bytes(data[: len(data) // 3] + b"\0" * 300)
    torn = Sweep(tmp_path)
    assert any("was torn" in line for line in torn.run())
    assert torn.told() == before
    assert list(torn.root.path.glob("study.journal.torn-0"))
    assert torn.events("journal repaired")
    assert "put right: the journal was repaired once" in torn.seen()
    torn.root.journal.unlink()
    lost = Sweep(tmp_path)
    lost.run()
    assert lost.told() == before


def test_a_clock_that_jumps_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Sweep(tmp_path / "calm").run()
    jumps = iter(range(10**9))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + (-1) ** next(jumps) * 10**8)

    class Jumping:
        @staticmethod
        def now(zone: Any) -> Any:
            from datetime import datetime

            return datetime.fromtimestamp(time.time(), zone)

    monkeypatch.setattr("sweeps.experiment_folder.ledger.datetime", Jumping)
    sweep = Sweep(tmp_path / "jumping")
    sweep.run()
    calm, jumping = (results_of(tmp_path / name) for name in ("calm", "jumping"))
    assert calm == jumping
    assert not sweep.events("hung")
    assert len({e["time"][:4] for e in sweep.events("ended")}) == 2  # the ledger shows two years, and nobody minded
    assert "6 of 6 runs done" in sweep.seen()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast: Path) -> None:
    """Write a file until there is no room."""
    if not ballast.exists():
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)


def test_a_full_disk_pauses_the_sweep_and_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    Sweep(tmp_path / "calm").run()
    ballast = small_disk / "ballast"

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == "tune-002" and step == 3 and attempt == 1:
            fill(ballast)

    sweep = Sweep(small_disk, fault)
    lines, waited, seen = [], 0, ""
    for line in sweep.coordinator.run():
        lines.append(line)
        if sweep.coordinator.standing.waits_for:
            waited += 1
            seen = seen or sweep.seen()
            if waited == 3:
                ballast.unlink()
    assert any("is full: nothing is launched until there is room" in line for line in lines)
    assert any("the disk has room again" in line for line in lines)
    assert results_of(small_disk) == results_of(tmp_path / "calm")
    assert f"waits: the disk of {sweep.root.path} is full" in seen
    assert "it waited for trouble to pass once" in sweep.seen()
    assert [state for state, _ in sweep.told()] == ["COMPLETE"] * 4


def test_a_worker_that_hangs_is_ended_and_goes_on(tmp_path: Path) -> None:
    # a real process that stands still in its first attempt, and works in its second
    path = tmp_path / "toy.yaml"
    path.write_text(EXPERIMENT.replace("SAMPLER", "qmc").replace("trials_per_arm: 4", "trials_per_arm: 1"))
    path.write_text(path.read_text().replace("seeds: 3", "seeds: 1"))
    coordinator = sweep(path, tmp_path, how="hangs", hang_s=4.0)
    assert coordinator is not None
    assert set(coordinator.counts.settled.values()) == {"finished"}
    events = [json.loads(line) for line in (tmp_path / "toy" / "ledger.jsonl").read_text().splitlines()]
    assert [e["event"] for e in events if e.get("run") == "constant/tune-000"].count("hung") == 1
    assert RunFolder(tmp_path / "toy" / "constant" / "tune-000").read_state().attempt == 2
    assert "a worker stood still" in seen_in(coordinator.experiment, coordinator.root)


def test_a_second_coordinator_says_who_holds_the_experiment(tmp_path: Path) -> None:
    from cvae.files import held
    from tests.sweeps.commands.test_launch import EXPERIMENT as COMMANDS
    from tests.sweeps.commands.test_launch import ROOT

    (tmp_path / "e.yaml").write_text(dump_yaml(COMMANDS))
    root = ExperimentFolder(tmp_path / "runs" / "tiny")
    root.path.mkdir(parents=True)
    root.coordinator.write_text(json.dumps({"pid": 4711, "host": "elsewhere"}))
    command = [sys.executable, "run_sweep.py", str(tmp_path / "e.yaml"), "--runs", str(tmp_path / "runs")]
    command += ["--set", f"base.store={tmp_path / 'store'}"]
    with held(root.lock):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "process 4711 on elsewhere is working on it; --status shows" in done.stderr


def test_asked_to_stop_the_runs_go_on_later_as_if_nothing_had_been(tmp_path: Path) -> None:
    Sweep(tmp_path / "calm").run()
    sweep = Sweep(tmp_path / "stopped")
    for i, _ in enumerate(sweep.coordinator.run()):
        if i == 3:
            sweep.root.stop.touch()
    assert sweep.coordinator.standing.stopping == "asked by --stop"
    assert 0 < len(sweep.coordinator.counts.settled) + len(list(sweep.root.path.glob("a/*"))) < 12
    assert not sweep.root.stop.exists()
    paused = [f for f in map(RunFolder, sweep.root.path.glob("a/*")) if f.read_state().status == "interrupted"]
    assert paused
    going_on = Sweep(tmp_path / "stopped")
    going_on.run()
    assert results_of(tmp_path / "stopped") == results_of(tmp_path / "calm")
    assert not going_on.events("died")


def test_one_interrupt_ends_gracefully(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    for i, _ in enumerate(sweep.coordinator.run()):
        if i == 3:
            sweep.coordinator.signals.append(signal.SIGINT)
    assert sweep.coordinator.standing.stopping is not None
    assert not sweep.coordinator.active
    assert len(sweep.coordinator.counts.settled) < 6


def test_only_checkpoints_that_confirm_takes_are_kept(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.run()
    kept = sorted(path.parent.name for path in sweep.root.path.glob("a/*/checkpoint.pt"))
    best = RunFolder(sweep.root.path / "a" / "confirm-0-s1000").read_identity().trial
    assert kept == ["confirm-0-s1000", "confirm-0-s1001", f"tune-{best:03d}"]
    Sweep(tmp_path / "all", change={"tune": {"trials_per_arm": 4, "checkpoints": "all"}}).run()
    assert len(list((tmp_path / "all").glob("toy/a/*/checkpoint.pt"))) == 6
