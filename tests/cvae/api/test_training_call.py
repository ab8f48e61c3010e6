"""Training from a program is training from the command line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cvae
from cvae.config.schema import Config
from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from tests.conftest import TINY, changed

ROOT = Path(__file__).parents[3]


def test_each_evaluation_is_handed_over_once_it_is_recorded(cache: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def look(values: Any) -> None:
        assert RunFolder(tmp_path / "run").read_epochs()[-1]["step"] == values["step"]
        seen.append(values["step"])

    run = cvae.train(TINY | {"store": str(cache)}, tmp_path / "run", look)
    assert seen == [2, 4, 6]
    assert run.status == "finished"
    assert cvae.train(run.config, tmp_path / "run").scores == run.scores  # done: nothing is trained again


def test_a_mistake_is_named_and_the_corrected_call_works(tiny: Config, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown key 'bta'"):
        cvae.train({"bta": 1.0}, tmp_path / "run")
    absent = changed(tiny, {"data": {"source": "episodes", "root": str(tmp_path / "none")}})
    with pytest.raises(InputError, match="does not exist"):
        cvae.train(absent, tmp_path / "run")
    assert cvae.train(tiny, tmp_path / "run").status == "finished"
    with pytest.raises(InputError, match="another configuration"):
        cvae.train(changed(tiny, {"beta": 0.5}), tmp_path / "run")


def test_train_is_the_function_whatever_was_imported_before() -> None:
    code = "import cvae, cvae.train; from cvae.train import prepare; from cvae import train; "
    code += "assert cvae.train is train; assert callable(train); assert prepare"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
