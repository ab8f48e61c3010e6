"""`coordinator.json`: who works on an experiment, read by one class whatever version wrote it."""

from pathlib import Path

import pytest

from cvae.files import held
from sweeps.experiment_folder.coordinator_record import (
    CoordinatorRecord,
    is_worked_on,
    read_coordinator,
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
  "birth": "b/7"
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
