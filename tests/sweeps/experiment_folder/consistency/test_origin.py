"""What results come from is compared with the last start."""

from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.experiment_folder.consistency.origin import check_origin
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.paths import ExperimentFolder


def test_changed_data_is_refused_and_changed_code_is_said(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path)
    origin = {"data": ["aa"], "git_commit": "1", "git_changes": None, "versions": {"torch": "2"}}
    assert check_origin(origin, root) == []
    Ledger(root.ledger).append("started", **origin)
    assert check_origin(origin, root) == []
    lines = check_origin(origin | {"git_commit": "2", "versions": {"torch": "3"}}, root)
    assert ["code has changed" in lines[0], "torch" in lines[1]] == [True, True]
    with pytest.raises(InputError, match="the data has changed since its runs began"):
        check_origin(origin | {"data": ["bb"]}, root)
