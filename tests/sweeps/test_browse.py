"""What `make browse` lists: runs by arm and seed."""

from pathlib import Path

import pytest

from sweeps.browse import name_runs
from sweeps.tracking.offline_runs import OfflineRun
from sweeps.tracking.process import mirror_now
from tests.sweeps.made_runs import made

#: Letters of a folder's name that `wandb leet` shows in a terminal of 120 columns.
SHOWN = 33


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browse") / "a-long-name-of-an-experiment"
    path.mkdir()
    made(path, name="confirm-0-s1003", seed=1003)
    made(path, arm="monotonic-with-a-long-name", name="confirm-0-s1004", seed=1004)
    mirror_now(path)
    return path


def test_every_run_is_found_by_arm_and_seed(root: Path) -> None:
    folder = name_runs(root)
    names = sorted(path.name for path in folder.iterdir())
    assert [name[:SHOWN] for name in names] == [
        "run-cyclical-s1003-confirm-3-run-",
        "run-monotoni..g-name-s1004-confir",
    ]
    assert [OfflineRun(folder / name).read().id for name in names] == [
        f"{root.name}-cyclical-confirm-0-s1003",
        f"{root.name}-monotonic-with-a-long-name-confirm-0-s1004",
    ]


def test_names_follow_the_runs(root: Path) -> None:
    folder = name_runs(root)
    (folder / "run-gone-run-20260101_000000-x").symlink_to(root / "gone")
    before = {path.name for path in folder.iterdir() if path.exists()}
    assert {path.name for path in name_runs(root).iterdir()} == before
    assert len(before) == 2
