"""What was edited or copied by hand is a failed check that names the run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cvae.config.overrides import at_path, merge
from cvae.config.yaml_file import dump_yaml, load_yaml_mapping
from cvae.record.run_folder import RunFolder
from sweeps.report.analysis import analyse
from sweeps.report.checks.check import Check
from tests.sweeps.stepping_sweep import Sweep

TITLE = "The record is as the sweep wrote it"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sweep = Sweep(tmp_path)
    sweep.run()
    return sweep.root.path


def check_of(root: Path, title: str = TITLE) -> Check | None:
    return next((check for check in analyse(root).checks if check.title == title), None)


def test_an_untouched_record_has_nothing_to_be_said_of(root: Path) -> None:
    assert check_of(root) is None
    assert check_of(root, "The record can be read") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("optim.lr", 0.5), ("train.steps", 7), ("batch_size", 3), ("seed", 77), ("beta", 0.5), ("x", 1)],
)
@pytest.mark.parametrize("run", ["confirm-0-s1000", "tune-001"])
def test_an_edited_configuration_is_named(run: str, key: str, value: Any, root: Path) -> None:
    file = RunFolder(root / "a" / run).config
    values = load_yaml_mapping(file)
    edited = merge(values, at_path(key, value))
    assert edited != values
    file.write_text(dump_yaml(edited))
    check = check_of(root)
    assert check is not None
    assert (check.level, check.detail) == ("fail", f"a/{run}: config.yaml is not what the run was created with")


def test_where_data_lie_is_no_edit(root: Path) -> None:
    file = RunFolder(root / "a" / "tune-001").config
    file.write_text(dump_yaml(load_yaml_mapping(file) | {"store": "/elsewhere"}))
    assert check_of(root) is None


def test_parameters_that_are_not_the_trials_are_named(root: Path) -> None:
    folder = RunFolder(root / "a" / "tune-001")
    folder.identity.write_text(json.dumps(json.loads(folder.identity.read_text()) | {"params": {"optim.lr": 0.07}}))
    check = check_of(root)
    assert check is not None
    assert check.detail == "a/tune-001: the parameters in run.json are not those of its trial"


@pytest.mark.parametrize("copied", ["a/confirm-0-s1099", "a/confirm-1-s1000", "b/confirm-0-s1000"])
def test_a_copied_run_is_named_and_does_not_count(copied: str, root: Path) -> None:
    before = len(analyse(root).experiment.runs)
    shutil.copytree(root / "a" / "confirm-0-s1000", root / copied)
    analysis = analyse(root)
    assert len(analysis.experiment.runs) == before
    check = check_of(root)
    assert check is not None
    assert check.level == "fail"
    assert check.detail == f"{copied} is a copy: by its run.json it is a/confirm-0-s1000; it does not count"


@pytest.mark.parametrize("copied", ["a/confirm-0-s1099", "b/confirm-0-s1099"])
def test_a_copy_whose_original_is_gone_is_named_and_does_not_count(copied: str, root: Path) -> None:
    # two copies of one run would be two seeds; one of a run that was removed is a seed that nobody trained
    before = {run.name for run in analyse(root).experiment.runs}
    (root / copied).parent.mkdir(exist_ok=True)
    (root / "a" / "confirm-0-s1000").rename(root / copied)
    assert {run.name for run in analyse(root).experiment.runs} == before - {"confirm-0-s1000"}
    check = check_of(root)
    assert check is not None
    assert check.detail == f"{copied} is a copy: by its run.json it is a/confirm-0-s1000; it does not count"


def test_a_copied_trial_is_named_and_does_not_count(root: Path) -> None:
    shutil.copytree(root / "a" / "tune-001", root / "a" / "tune-007")
    assert [run.name for run in analyse(root).experiment.runs if run.phase == "tune"] == [
        f"tune-{n:03d}" for n in range(4)
    ]
    check = check_of(root)
    assert check is not None
    assert check.detail.startswith("a/tune-007 is a copy: by its run.json it is a/tune-001")


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"[1, 2]\n", b'{"arms": {"a": 3}}', b"[" * 5000])
def test_damaged_weights_of_the_launch_are_named_and_the_rest_is_reported(damage: bytes, root: Path) -> None:
    (root / "data.json").write_bytes(damage)
    analysis = analyse(root)
    assert len(analysis.experiment.runs) == 6
    check = check_of(root, "The record can be read")
    assert check is not None
    assert "data.json: is damaged" in check.detail


@pytest.mark.parametrize("file", ["state.json", "run.json", "config.yaml", "epochs.jsonl"])
def test_what_cannot_be_read_is_named_and_the_rest_is_reported(file: str, root: Path) -> None:
    path = root / "a" / "tune-001" / file
    path.write_bytes(b"\0" * 20 + b"\n")
    check = check_of(root, "The record can be read")
    assert check is not None
    assert check.level == "warn"
    assert str(path) in check.detail


def test_clip_scores_that_cannot_be_read_are_named(root: Path) -> None:
    path = root / "a" / "confirm-0-s1000" / "clips.npz"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 200)
    check = check_of(root, "The record can be read")
    assert check is not None
    assert str(path) in check.detail
