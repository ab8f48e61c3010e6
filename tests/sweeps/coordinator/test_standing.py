"""Trouble that passes is waited for, said once, and nothing is lost by it."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from sweeps.coordinator import standing
from sweeps.coordinator.failure_policy import FRUITLESS_ATTEMPTS
from sweeps.study.trial_storage import TrialStorage
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.postgres import open_to_all, outcomes_at, server
from tests.sweeps.stepping_sweep import TOY, Sweep

PASSING = ("EROFS", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EDQUOT", "ENOSPC", "ESTALE")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "TRY_AGAIN_S", (0.001, 0.01))


class Trouble:
    """Raises an error for the first calls, then lets them through."""

    def __init__(self, error: Exception, call: Any, times: int = 3) -> None:
        self.error, self.call, self.left = error, call, times

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.left:
            self.left -= 1
            raise self.error
        return self.call(*arguments, **options)


def check(lines: list[str], place: Path) -> None:
    """Said once, and gone on with, to the results of an undisturbed sweep."""
    assert len([line for line in lines if "nothing is launched until" in line]) == 1
    assert len([line for line in lines if line.endswith(": going on")]) == 1
    Sweep(place / "calm").run()
    assert results_of(place) == results_of(place / "calm")


@pytest.mark.parametrize("name", PASSING)
def test_a_worker_that_cannot_be_started_is_waited_for(name: str, tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    number = getattr(errno, name)
    trouble = Trouble(OSError(number, os.strerror(number)), sweep.coordinator.fleet.launcher.start)
    sweep.coordinator.fleet.launcher.start = trouble
    check(sweep.run(), tmp_path)
    assert trouble.left == 0
    assert "it waited for trouble to pass once" in sweep.seen()


@pytest.mark.parametrize("name", PASSING)
def test_a_record_that_cannot_be_written_is_waited_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = getattr(errno, name)
    wrapped = InputError("a/tune-001: cannot be created")
    wrapped.__cause__ = OSError(number, os.strerror(number))
    from sweeps.coordinator import creation

    trouble = Trouble(wrapped, creation.write_run)
    monkeypatch.setattr(creation, "write_run", trouble)
    check(Sweep(tmp_path).run(), tmp_path)
    assert trouble.left == 0


SILENT = OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))


def wrapped_by_optuna() -> Exception:
    error = StorageInternalError("An exception is raised during the commit.")
    error.__cause__ = SILENT
    return error


@pytest.mark.parametrize("error", [SILENT, wrapped_by_optuna()], ids=["bare", "wrapped"])
@pytest.mark.parametrize("operation", ["add_params", "add_values", "propose", "read"])
def test_a_database_that_falls_silent_is_waited_for(
    operation: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble(error, None)
    plain = getattr(TrialStorage, operation)
    monkeypatch.setattr(
        TrialStorage,
        operation,
        lambda *arguments: trouble() if trouble.left else plain(*arguments),
    )
    sweep = Sweep(tmp_path)
    lines = sweep.run()
    check(lines, tmp_path)
    assert any("the studies' storage does not answer (server closed" in line for line in lines)
    assert [state for state, _ in sweep.told()] == ["COMPLETE"] * 4


@pytest.mark.parametrize("operation", ["add_trial", "tell"])
def test_what_a_database_took_before_it_fell_silent_is_not_done_twice(
    operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # committed, and the connection died before it could say so
    import optuna

    plain, silent = getattr(optuna.Study, operation), {2, 5, 6}
    calls: list[int] = []

    def falls_silent(*arguments: Any, **options: Any) -> Any:
        done = plain(*arguments, **options)
        calls.append(1)
        if len(calls) in silent:
            raise SILENT
        return done

    monkeypatch.setattr(optuna.Study, operation, falls_silent)
    sweep = Sweep(tmp_path)
    sweep.run()
    assert len(calls) == 4
    Sweep(tmp_path / "calm").run()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")
    assert [state for state, _ in sweep.told()] == ["COMPLETE"] * 4


def test_postgresql_restarted_mid_sweep(tmp_path: Path) -> None:
    # a real server, stopped as by a crash and started again while its sweep works
    with open_to_all("restarted-") as place, server(place) as database:
        sweep = Sweep(tmp_path, storage=database.url)
        lines, n_waited, is_down = [], 0, False
        for line in sweep.coordinator.run():
            lines.append(line)
            if not is_down and not n_waited and len(sweep.coordinator.counts.settled) == 2:
                database.stop()
                is_down = True
            n_waited += bool(sweep.coordinator.standing.waits_for)
            if is_down and n_waited == 20:
                database.start()
                is_down = False
        check(lines, tmp_path)
        assert n_waited >= 20
        assert "the studies' storage does not answer" in "\n".join(lines)
        for study in sweep.coordinator._trials._studies.values():
            backend = study._study._storage._backend
            backend.remove_session()
            backend.engine.dispose()
        (told,) = outcomes_at(database.url).values()
        assert [(state, value) for _, state, value, _ in told] == Sweep(tmp_path / "calm").told()


def test_evaluations_that_a_database_did_not_take_are_reported_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a pruner that misses a value would judge otherwise than in an undisturbed sweep
    pruner = {"pruner": "median", "pruner_options": {"n_startup_trials": 2}}
    change = {"tune": {"trials_per_arm": 5, **pruner}, "base": TOY["base"] | {"train": {"steps": 9}}}
    calm = Sweep(tmp_path / "calm", slots=1, change=change)
    calm.run()
    assert "pruned" in calm.coordinator.counts.settled.values()
    from sweeps.study.arm_study import ArmStudy

    plain, calls = ArmStudy.report, [0]

    def falls_silent(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] % 3 == 0:
            raise SILENT
        plain(*arguments)

    monkeypatch.setattr(ArmStudy, "report", falls_silent)
    sweep = Sweep(tmp_path, slots=1, change=change)
    sweep.run()
    statuses = {run.path: status for run, status in sweep.coordinator.counts.settled.items()}
    assert statuses == {run.path: status for run, status in calm.coordinator.counts.settled.items()}


def test_asked_to_stop_while_a_database_is_silent_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = Sweep(tmp_path)
    monkeypatch.setattr(TrialStorage, "add_values", Trouble(SILENT, None, 10**9))
    for line in sweep.coordinator.run():
        if "does not answer" in line:
            sweep.coordinator.signals.append(2)
    assert sweep.coordinator.standing.stopping
    monkeypatch.undo()
    Sweep(tmp_path).run()
    Sweep(tmp_path / "calm").run()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


def test_what_does_not_pass_is_not_waited_for(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.coordinator.fleet.launcher.start = Trouble(PermissionError(errno.EACCES, "Permission denied"), None)
    with pytest.raises(PermissionError):
        sweep.run()


def test_a_full_quota_is_found_by_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.experiment_folder.disk import trouble_now

    assert trouble_now(tmp_path) is None
    assert list(tmp_path.iterdir()) == []

    class NoRoom:
        def __init__(self, **options: Any) -> None:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr("sweeps.experiment_folder.disk.tempfile.NamedTemporaryFile", NoRoom)
    assert trouble_now(tmp_path) == f"the disk of {tmp_path} is full"


def test_a_worker_that_dies_of_passing_trouble_fails_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the disk can only be read for a while: no attempt counts
    Sweep(tmp_path / "calm").run()
    looks = iter([None] * 4 + ["the disk of X can only be read"] * 5)
    monkeypatch.setattr("sweeps.coordinator.outcomes.trouble_now", lambda *arguments: next(looks, None))

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == "tune-002" and step == 2 and attempt == 1:
            raise OSError(errno.EROFS, "Read-only file system")

    sweep = Sweep(tmp_path, fault)
    sweep.run()
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


def test_deaths_of_passing_trouble_are_not_counted_however_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # more of them than a run may have in vain, by the coordinator that saw them and by the next one
    Sweep(tmp_path / "calm").run()
    n_deaths, trouble = 0, list[str]()
    monkeypatch.setattr("sweeps.coordinator.outcomes.trouble_now", lambda *a: trouble.pop() if trouble else None)

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        nonlocal n_deaths
        if folder.path.name == "tune-002" and step == 2 and n_deaths < FRUITLESS_ATTEMPTS + 2:
            n_deaths += 1
            if n_deaths < FRUITLESS_ATTEMPTS + 2:  # the last one counts: it is the first
                trouble.append("the disk of X can only be read")
            raise OSError(errno.EROFS, "Read-only file system")

    sweep = Sweep(tmp_path, fault, slots=1)
    for _ in sweep.coordinator.run():
        if n_deaths == FRUITLESS_ATTEMPTS and not sweep.coordinator.signals:
            sweep.coordinator.signals.append(2)
    assert n_deaths >= FRUITLESS_ATTEMPTS
    Sweep(tmp_path, fault, slots=1).run()
    assert n_deaths == FRUITLESS_ATTEMPTS + 2
    assert sweep.state("tune-002").status == "finished"
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


def test_taken_over_from_another_machine_a_coordinator_leaves_the_runs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeps.experiment_folder.coordinator_record import CoordinatorRecord, write_coordinator

    monkeypatch.setattr("sweeps.coordinator.standing.BEAT_S", 0.0)
    sweep = Sweep(tmp_path)
    work = sweep.coordinator.run()
    for _ in range(4):
        next(work)
    write_coordinator(CoordinatorRecord(7, "elsewhere", birth="boot/1"), sweep.root)
    with pytest.raises(InputError, match="process 7 on elsewhere has taken over"):
        list(work)
    assert not list(sweep.root.path.glob("a/*/stop"))  # they are the other's by now
