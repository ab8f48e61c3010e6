"""`coordinator.json`: who works on an experiment, read by one class whatever version wrote it."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.files import held
from sweeps.experiment_folder.coordinator_record import (
    CoordinatorRecord,
    is_worked_on,
    own_record,
    read_coordinator,
    take_over,
    write_coordinator,
)
from sweeps.experiment_folder.paths import ExperimentFolder

SLOTS = {"0": 2, "1": 1}
RECORD = CoordinatorRecord(4711, "here", SLOTS, 3, "the disk of runs/toy is full", None, is_broken=False, birth="b/7")

#: As every coordinator has written it.
WRITTEN = """{
  "pid": 4711,
  "host": "here",
  "slots": {
    "0": 2,
    "1": 1
  },
  "threads": 3,
  "waits_for": "the disk of runs/toy is full",
  "stopping": null,
  "is_broken": false,
  "birth": "b/7",
  "beat": 0,
  "is_over": false,
  "generation": 0
}
"""


def test_what_is_written_is_read_and_the_bytes_are_those_of_every_coordinator(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    write_coordinator(RECORD, root)
    assert root.coordinator.read_text() == WRITTEN
    assert read_coordinator(root) == RECORD
    assert (RECORD.n_slots, RECORD.holder) == (3, "process 4711 on here")


@pytest.mark.parametrize("text", [None, "", "[]", '{"pid": 12', '{"pid": "twelve"}'])
def test_where_nobody_can_be_read_it_is_nobody(tmp_path: Path, text: str | None) -> None:
    # it is for people: a status is printed beside a file that a full disk has torn
    root = ExperimentFolder(tmp_path)
    if text is not None:
        root.coordinator.write_text(text)
    assert read_coordinator(root) == CoordinatorRecord()
    assert (read_coordinator(root).n_slots, read_coordinator(root).holder) == (1, "process ? on ?")


def test_an_older_one_and_a_newer_one_are_read(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    root.coordinator.write_text('{"pid": 12, "host": "there", "mood": "good"}')
    assert read_coordinator(root) == CoordinatorRecord(12, "there")


def test_who_holds_the_lock_works(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    assert not is_worked_on(root)
    assert not root.path.exists()  # looking creates nothing
    with held(root.lock):
        assert is_worked_on(root)
    assert not is_worked_on(root)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExperimentFolder:
    """An experiment on a disk that several machines share, where a lock holds nobody out."""
    monkeypatch.setattr("sweeps.experiment_folder.coordinator_record.network_type", lambda path: "nfs4")
    return ExperimentFolder(tmp_path)


ELSEWHERE = CoordinatorRecord(7, "elsewhere", birth="boot/1", beat=3, generation=4)


def test_one_of_another_machine_whose_beat_stands_still_is_taken_over_from(shared: ExperimentFolder) -> None:
    told: list[str] = []
    write_coordinator(ELSEWHERE, shared)
    take_over(shared, told.append, patience_s=0.1)
    assert "whether process 7 on elsewhere still works" in told[0]
    assert read_coordinator(shared) == replace(own_record(), generation=5)


def test_one_of_another_machine_that_beats_is_left_alone(shared: ExperimentFolder) -> None:
    write_coordinator(ELSEWHERE, shared)

    def beats() -> None:
        time.sleep(0.2)
        write_coordinator(replace(ELSEWHERE, beat=4), shared)

    other = threading.Thread(target=beats)
    other.start()
    with pytest.raises(InputError, match="process 7 on elsewhere is working on it"):
        take_over(shared, lambda line: None, patience_s=60.0)
    other.join()


@pytest.mark.parametrize("how", ["it said that it ended", "this machine", "by a person's word", "nobody"])
def test_where_nothing_is_in_doubt_nobody_waits(how: str, shared: ExperimentFolder) -> None:
    before = {
        "it said that it ended": replace(ELSEWHERE, is_over=True),
        "this machine": replace(own_record(), birth="boot/1"),
        "by a person's word": ELSEWHERE,
        "nobody": CoordinatorRecord(),
    }[how]
    write_coordinator(before, shared)
    told: list[str] = []
    take_over(shared, told.append, is_forced="word" in how)
    assert told == []
    assert read_coordinator(shared).is_same_process(own_record())


def test_of_two_that_take_over_at_once_one_wins(shared: ExperimentFolder) -> None:
    (shared.path / "coordinator.1").touch()  # the other has claimed, and not yet said so
    with pytest.raises(InputError, match="another coordinator has just begun"):
        take_over(shared, lambda line: None)
    take_over(shared, lambda line: None, is_forced=True)
    assert [path.name for path in shared.path.glob("coordinator.[0-9]*")] == ["coordinator.2"]


def test_on_a_disk_of_this_machine_alone_the_lock_says_all(tmp_path: Path) -> None:
    write_coordinator(ELSEWHERE, ExperimentFolder(tmp_path))
    take_over(ExperimentFolder(tmp_path), lambda line: None)
    assert read_coordinator(ExperimentFolder(tmp_path)) == ELSEWHERE
