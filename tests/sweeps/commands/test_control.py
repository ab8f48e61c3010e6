"""What is done to a sweep from another terminal."""

import json
from pathlib import Path

import pytest

from cvae.errors import InputError
from cvae.files import held
from sweeps.commands.control import reopen, stop_sweep
from sweeps.experiment.experiment import build_experiment
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.coordinator.test_failure_policy import at
from tests.sweeps.stepping_sweep import TOY, Sweep


def test_a_stop_is_asked_of_whoever_works(tmp_path: Path) -> None:
    toy, root = build_experiment(TOY, "t"), ExperimentFolder(tmp_path / "toy")
    with pytest.raises(InputError, match="nothing was launched"):
        stop_sweep(toy, root)
    lay_out(toy, root)
    assert "asked 0 workers" in stop_sweep(toy, root)
    root.coordinator.write_text(json.dumps({"pid": 12, "host": "here"}))
    with held(root.lock):
        assert "asked process 12 on here to stop" in stop_sweep(toy, root)
    assert root.stop.exists()


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[1, 2]"])
def test_a_damaged_state_keeps_no_other_run_from_being_opened_again(damage: bytes, tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, at("tune-001", ValueError("a bug")))
    sweep.run()
    sweep.root.run(sweep.coordinator.plan[0]).state.write_bytes(damage)
    assert reopen(sweep.experiment, sweep.root, "failed") == 1
    assert sweep.state("tune-001").status == "interrupted"
