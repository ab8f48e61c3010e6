"""A study belongs to the folder that made it: another folder of that name is refused, a moved one goes on."""

import shutil
from pathlib import Path

import pytest

from cvae.errors import InputError
from tests.sweeps.coordinator.test_coordinator import results_of
from tests.sweeps.stepping_sweep import Sweep


def test_a_study_of_another_folder_is_refused_with_both_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    first = Sweep(tmp_path / "one", storage=url)
    first.run()
    told = first.told_at(url)
    with pytest.raises(InputError) as refusal:
        Sweep(tmp_path / "two", storage=url)
    assert str(tmp_path / "one" / "toy") in str(refusal.value)
    assert str(tmp_path / "two" / "toy") in str(refusal.value)
    assert first.told_at(url) == told
    shutil.rmtree(tmp_path / "one")  # started over: the trials there are of runs that are gone
    with pytest.raises(InputError, match="belongs to"):
        Sweep(tmp_path / "one", storage=url)


def test_a_moved_folder_goes_on_and_a_copied_one_does_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    Sweep(tmp_path / "one", storage=url).run()
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    with pytest.raises(InputError, match="of which this folder is a copy"):
        Sweep(tmp_path / "copy", storage=url)
    (tmp_path / "one").rename(tmp_path / "moved")
    moved = Sweep(tmp_path / "moved", storage=url)
    moved.run()
    assert len(moved.coordinator.counts.settled) == 6


@pytest.mark.parametrize("damage", [None, b"", b"\0" * 33, b"not an id"])
def test_a_lost_id_is_had_back_from_the_ledger(damage: bytes | None, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    sweep = Sweep(tmp_path, storage=url)
    sweep.run()
    before, results = sweep.root.folder_id.read_bytes(), results_of(tmp_path)
    sweep.root.folder_id.unlink()
    if damage is not None:
        sweep.root.folder_id.write_bytes(damage)
    Sweep(tmp_path, storage=url).run()
    assert sweep.root.folder_id.read_bytes() == before
    assert results_of(tmp_path) == results
