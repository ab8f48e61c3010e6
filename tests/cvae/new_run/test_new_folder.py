"""The folder of a new run."""

import subprocess
import sys
from pathlib import Path

import pytest

from cvae.config.schema import Config
from cvae.errors import InputError
from cvae.new_run.new_folder import prepare
from cvae.record.run_folder import RunFolder
from cvae.record.run_state import RunState
from cvae.run.train_run import load_config
from tests.conftest import changed


def test_a_first_start_that_failed_does_not_block_the_corrected_one(tiny: Config, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    prepare(folder, changed(tiny, {"beta": 0.5}))
    folder.write_state(RunState("infeasible", attempt=1))
    prepare(folder, tiny)
    assert load_config(folder) == tiny
    assert folder.read_state().status == "pending"
    folder.append_epoch({"step": 2})  # now something has been trained
    with pytest.raises(InputError, match="holds a run with another configuration"):
        prepare(folder, changed(tiny, {"beta": 0.5}))
    folder.write_state(RunState("interrupted", attempt=1))
    prepare(folder, tiny)
    assert folder.read_state().status == "interrupted"


def test_data_that_is_not_there_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("data: {source: episodes, root: nowhere}\n")
    command = [sys.executable, "-m", "cvae.train", str(tmp_path / "run.yaml"), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert not (tmp_path / "run").exists()
