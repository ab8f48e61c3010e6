"""What was damaged between two starts, or while a sweep works, is made again, to the same results."""

import json
import shutil
from pathlib import Path

import pytest

from cvae.record.run_folder import RunFolder
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


def test_an_edited_configuration_is_said_and_left(tmp_path: Path) -> None:
    Sweep(tmp_path).run()
    config = tmp_path / "toy" / "a" / "tune-002" / "config.yaml"
    edited = config.read_text().replace("steps: 4", "steps: 7")
    assert edited != config.read_text()
    config.write_text(edited)
    lines = Sweep(tmp_path).run()
    assert [line for line in lines if str(config) in line]
    assert config.read_text() == edited


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
