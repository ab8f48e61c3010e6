"""What follows when a worker has ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from cvae.record.run_folder import RunFolder
from tests.sweeps.stepping_sweep import Sweep


def test_a_run_in_several_attempts_took_what_its_training_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = RunFolder.read_state
    trained = {"tune-001": {"seconds": 1234.5}}
    monkeypatch.setattr(
        RunFolder, "read_state", lambda folder: replace(read(folder), **trained.get(folder.path.name, {}))
    )
    sweep = Sweep(tmp_path)
    sweep.run()
    took = {event["run"]: event["wall_s"] for event in sweep.events("ended")}
    assert took["a/tune-001"] == 1234.5
    assert 0 < took["a/tune-000"] < 100
