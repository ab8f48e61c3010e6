"""What a run's folder is made with."""

from pathlib import Path

import pytest

from cvae.config.schema import build_config
from sweeps.experiment_folder.layout import pin_to_machine


def test_weight_files_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pinned = pin_to_machine(build_config({"evaluation": {"lpips": "weights/alex.pth"}, "store": "cache"}, "t"), 1)
    assert (pinned.evaluation.lpips, pinned.evaluation.fvd) == (str(tmp_path / "weights/alex.pth"), None)
    assert pinned.store == str(tmp_path / "cache")
