"""Results from elsewhere become a folder whole, or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from cvae.errors import InputError
from cvae.record import RunIdentity, RunState
from sweeps.imported_experiment.imported import ImportedExperiment, ImportedRun, replace_experiment, write_experiment


def experiment(*arms: str) -> ImportedExperiment:
    runs = [
        ImportedRun(RunIdentity("x", arm, "confirm", 0, 7), {}, [], RunState("finished"), {"name": np.array(["c"])})
        for arm in arms
    ]
    return ImportedExperiment(runs, {"experiment.yaml": "name: x\n"})


def test_everything_is_written_and_nothing_else_stays(tmp_path: Path) -> None:
    write_experiment(experiment("a b", "ä"), tmp_path / "x", {"source": "here"})
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("confirm-0-s7"))
    assert found == ["x/00-a_b/confirm-0-s7", "x/01-ä/confirm-0-s7"]
    assert (tmp_path / "x/00-a_b/confirm-0-s7/clips.npz").exists()
    assert json.loads((tmp_path / "x" / "imported.json").read_text()) == {"source": "here"}
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_folder_is_replaced_and_its_report_stays(tmp_path: Path) -> None:
    write_experiment(experiment("a", "b"), tmp_path / "x", {"source": "1"})
    (tmp_path / "x" / "report").mkdir()
    (tmp_path / "x" / "report" / "verdict.json").write_text("kept")
    replace_experiment(experiment("c"), tmp_path / "x", {"source": "2"})
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        "00-c",
        "experiment.yaml",
        "imported.json",
        "report",
    ]
    assert (tmp_path / "x" / "report" / "verdict.json").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written \("):
        write_experiment(experiment("a"), tmp_path / "file" / "x", {})
