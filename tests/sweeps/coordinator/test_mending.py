"""What was damaged between two starts, or while a sweep works, is made again, to the same results."""

import errno
import json
import shutil
from pathlib import Path

import pytest

from cvae.record.run_folder import RunFolder
from sweeps.coordinator.failure_policy import FRUITLESS_ATTEMPTS
from sweeps.experiment.plan import PlannedRun
from sweeps.launchers.job_record import Job
from sweeps.launchers.local import LocalLauncher
from sweeps.workers.attempt import Attempt
from sweeps.workers.fleet import Fleet
from sweeps.workers.slots import Slots
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.stepping_sweep import Sweep


@pytest.mark.parametrize("phase", ["tune-001", "confirm-0-s1000"])
def test_a_run_folder_removed_while_it_trains_is_made_anew(phase: str, tmp_path: Path) -> None:
    Sweep(tmp_path / "calm").run()

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == phase and step == 3 and not (tmp_path / "removed").exists():
            (tmp_path / "removed").touch()
            shutil.rmtree(folder.path)

    sweep = Sweep(tmp_path, fault)
    sweep.run()
    assert (tmp_path / "removed").exists()
    assert set(sweep.coordinator.counts.settled.values()) == {"finished"}
    assert results_of(tmp_path) == results_of(tmp_path / "calm")
    assert RunFolder(sweep.root.path / "a" / phase).config.exists()


def test_a_run_folder_removed_again_and_again_is_made_anew_each_time(tmp_path: Path) -> None:
    # more often than a run may die: nobody could write down that it has failed, so it has not
    Sweep(tmp_path / "calm").run()
    n_removed = 0

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        nonlocal n_removed
        if folder.path.name == "tune-001" and step == 3 and n_removed < FRUITLESS_ATTEMPTS + 2:
            n_removed += 1
            shutil.rmtree(folder.path)

    sweep = Sweep(tmp_path, fault)
    queue, counts = sweep.coordinator._queue, sweep.coordinator.counts
    for line in sweep.coordinator.run():
        is_going_on = sweep.coordinator.active or queue._ready or queue._later
        assert line or is_going_on or len(counts.settled) == counts.n_planned, "the run is neither settled nor due"
    assert n_removed == FRUITLESS_ATTEMPTS + 2
    assert set(sweep.coordinator.counts.settled.values()) == {"finished"}
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


def without_folder(path: Path) -> Attempt:
    return Attempt(PlannedRun("a", "tune", 0, 0), Job(RunFolder(path / "gone"), "cvae-1"), "cpu", now=0.0)


def test_who_is_asked_to_stop_in_a_folder_that_is_gone_gets_none(tmp_path: Path) -> None:
    attempt = without_folder(tmp_path)
    attempt.pause()
    assert attempt.is_paused
    assert not attempt.ask_to_stop("pruned")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_pruned_when_its_folder_is_gone_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, removed = Sweep(tmp_path), list[str]()

    def is_hopeless(run: PlannedRun, new_epochs: object) -> bool:
        if run.number == 1 and run.phase == "tune" and not removed:
            removed.append(run.path)
            shutil.rmtree(sweep.root.run(run).path)
            return True
        return False

    monkeypatch.setattr(sweep.coordinator._trials, "is_hopeless", is_hopeless)
    sweep.run()
    assert removed == ["a/tune-001"]
    assert set(sweep.coordinator.counts.settled.values()) == {"finished"}
    assert not sweep.events("pruning")


STRANGE = b'{"experiment": "toy", "arm": "a", "phase": "tune", "number": 1, "seed": 1, "params": {"optim.mr": 1.0}}'


@pytest.mark.parametrize("damage", [b"", b"\0" * 50, b"[1, 2]\n", b'{"another": "shape"}', STRANGE])
@pytest.mark.parametrize("file", ["state.json", "run.json"])
def test_what_is_damaged_while_a_run_waits_for_its_turn_is_mended(file: str, damage: bytes, tmp_path: Path) -> None:
    Sweep(tmp_path / "calm").run()

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        if folder.path.name == "tune-001" and step == 3 and attempt <= 2:
            raise OSError(errno.EIO, "input/output error")  # after the second death it waits

    sweep, damaged = Sweep(tmp_path, fault), False
    for _ in sweep.coordinator.run():
        if not damaged and len(sweep.events("died")) == 2:
            damaged = True
            (sweep.root.path / "a" / "tune-001" / file).write_bytes(damage)
    assert damaged
    assert sweep.events("mended")
    assert set(sweep.coordinator.counts.settled.values()) == {"finished"}
    assert results_of(tmp_path) == results_of(tmp_path / "calm")


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[1, 2]\n", b'{"attempt": 3}'])
def test_a_state_damaged_as_its_worker_starts_stops_nothing(damage: bytes, tmp_path: Path) -> None:
    # between the launch and the first look at it; the worker puts it aside
    folder = RunFolder(tmp_path)
    folder.state.write_bytes(damage)
    launcher = LocalLauncher(lambda *given: Working())
    fleet = Fleet(Slots({"cpu": 1}), 1, launcher)
    assert fleet.launch(PlannedRun("a", "tune", 0, 0), folder, "cpu").attempt == 1
    fleet.look()
    ((_, attempt),) = fleet.running()
    assert attempt.number_before == 0
    assert not fleet.is_over(attempt, 0.0)


class Working:
    """A process that is at work."""

    pid, returncode = 0, None

    def poll(self) -> None:
        return None


def test_the_whole_folder_removed_is_said_and_nothing_else(tmp_path: Path) -> None:
    from cvae.errors import InputError

    def fault(folder: RunFolder, attempt: int, step: int) -> None:
        shutil.rmtree(tmp_path / "toy")

    sweep = Sweep(tmp_path, fault)
    with pytest.raises(InputError, match="has been removed while its sweep was at work"):
        sweep.run()
    assert not sweep.root.path.exists()  # no look at a lock makes it anew


@pytest.mark.parametrize("file", ["run.json", "config.yaml", "state.json"])
@pytest.mark.parametrize("damage", [None, b"", b"\0" * 50, b"[1, 2]\n", b'{"another": "shape"}'])
def test_what_can_be_made_again_is_and_is_said(file: str, damage: bytes | None, tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    before, run = results_of(tmp_path), tmp_path / "toy" / "a" / "tune-002"
    (run / file).unlink()
    if damage is not None:
        (run / file).write_bytes(damage)
    sweep = Sweep(tmp_path)
    lines = sweep.run()
    assert results_of(tmp_path) == before
    is_silent = file == "state.json" and damage is None  # a run that has none is one that has not begun
    assert any(f"{run / file}" in line for line in lines) != is_silent
    assert bool(sweep.events("mended")) != is_silent
    assert not any("mended" in line or "warning" in line for line in Sweep(tmp_path).run())  # once


def test_a_run_that_is_anothers_is_put_aside(tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    before, arm = results_of(tmp_path), tmp_path / "toy" / "a"
    shutil.rmtree(arm / "tune-002")
    shutil.copytree(arm / "tune-001", arm / "tune-002")
    sweep = Sweep(tmp_path)
    lines = sweep.run()
    assert any("is that of another run (a tune 1, seed" in line for line in lines)
    assert (tmp_path / "toy" / "damaged" / "a" / "tune-002-0" / "run.json").exists()
    assert {k: v for k, v in results_of(tmp_path).items() if "damaged" not in k} == before


@pytest.mark.parametrize("run", ["tune-002", "confirm-0-s1000"])
@pytest.mark.parametrize("file", ["run.json", "ledger.jsonl"])
@pytest.mark.parametrize("damage", [('"optim.lr"', '"optim.mr"'), ('"optim.lr": 0.0', '"optim.lr": 0.00')])
def test_of_two_records_that_differ_the_configuration_says_which_is_right(
    run: str, file: str, damage: tuple[str, str], tmp_path: Path
) -> None:
    # a bit that flips in a key or a number leaves JSON: another seed would have been given parameters of nobody
    Sweep(tmp_path).run()
    root, before = tmp_path / "toy", results_of(tmp_path)
    shutil.rmtree(root / "a" / "confirm-0-s1001")
    damaged = root / "ledger.jsonl" if file == "ledger.jsonl" else root / "a" / run / file
    lines = damaged.read_text().splitlines(keepends=True)
    of_run = [i for i, line in enumerate(lines) if file == "run.json" or ('"created"' in line and f"a/{run}" in line)]
    for i in of_run:
        lines[i] = lines[i].replace(*damage)
    assert damage[1] in "".join(lines[i] for i in of_run)
    damaged.write_text("".join(lines))
    said = [
        line for line in Sweep(tmp_path).run() if "its parameters are none" in line or "says other parameters" in line
    ]
    assert results_of(tmp_path) == before  # their parameters too
    assert bool(said) == (file == "run.json")


def test_a_run_without_its_parameters_is_damaged(tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    folder, before = RunFolder(tmp_path / "toy" / "a" / "confirm-0-s1000"), results_of(tmp_path)
    folder.identity.write_text(folder.identity.read_text().replace('"params"', '"parcms"'))
    assert any("it has no params" in line for line in Sweep(tmp_path).run())
    assert results_of(tmp_path) == before


def test_an_edited_configuration_is_said_and_left(tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    config = tmp_path / "toy" / "a" / "tune-002" / "config.yaml"
    edited = config.read_text().replace("steps: 4", "steps: 7")
    assert edited != config.read_text()
    config.write_text(edited)
    lines = Sweep(tmp_path).run()
    assert [line for line in lines if str(config) in line]
    assert config.read_text() == edited


def test_a_run_that_goes_on_trains_what_it_was_created_with(tmp_path: Path) -> None:
    # a configuration cut short is one, with defaults where the rest was
    Sweep(tmp_path).run()
    folder, before = RunFolder(tmp_path / "toy" / "a" / "tune-002"), results_of(tmp_path)
    whole = folder.config.read_bytes()
    state = json.loads(folder.state.read_text())
    folder.state.write_text(json.dumps(state | {"status": "interrupted", "step": 2, "final": None}))
    folder.epochs.write_bytes(b"".join(folder.epochs.read_bytes().splitlines(keepends=True)[:2]))
    folder.config.write_bytes(whole[: whole.index(b"steps: 4")] + b"steps: 40\n")
    lines = Sweep(tmp_path).run()
    assert any("config.yaml: is not what the run was created with: made again" in line for line in lines)
    assert folder.config.read_bytes() == whole
    assert results_of(tmp_path) == before
    assert (tmp_path / "toy" / "damaged" / "a" / "tune-002" / "config.yaml-0").exists()


def test_the_ledger_says_what_a_run_is_before_it_exists(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path)
    sweep.run()
    created = {event["run"]: event for event in sweep.events("created")}
    assert len(created) == 6
    for path, event in created.items():
        identity = RunFolder(sweep.root.path / path).read_identity()
        assert identity is not None
        assert (event["trial"], event["params"]) == (identity.trial, identity.params)
        assert json.dumps(event["trains"])
