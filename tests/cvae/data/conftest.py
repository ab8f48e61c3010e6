"""Small data sets on disk for the data tests: the pushing world in the lab layout, and npz episodes."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvae.cli import run_command
from cvae.data.__main__ import app
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.pushing_world import PushingWorld

SMALL = PushingWorld(seed=5, n_train=3, n_validate=1, n_test=1, n_frames=12)


@pytest.fixture
def small_world() -> PushingWorld:
    return SMALL


@pytest.fixture(scope="session")
def lab_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lab") / "world"
    write_lab_layout(SMALL, root, 32)
    return root


@pytest.fixture
def lab(lab_original: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(lab_original, tmp_path / "lab"))


@pytest.fixture
def sequence(lab: Path) -> Path:
    """The second train sequence of `lab`: not the one that decides the frame size."""
    return lab / "train" / "traj_0_to_255.tfrecords" / "1"


@pytest.fixture
def write_npz(tmp_path: Path) -> Callable[..., Path]:
    """Write `tmp_path/npz/SPLIT/NAME.npz`: sound random arrays, some replaced or (None) left out."""

    def write(split: str = "train", name: str = "a", n_frames: int = 14, **replaced: object) -> Path:
        random = np.random.default_rng(sum(map(ord, split + name)))
        arrays: dict[str, object] = {
            "frames": random.integers(0, 256, (n_frames, 32, 32, 3), dtype=np.uint8),
            "actions": random.normal(size=(n_frames, 2)).astype(np.float32),
            "positions": random.normal(size=(n_frames, 3)).astype(np.float32),
        }
        arrays.update(replaced)
        path = tmp_path / "npz" / split / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
        return path

    return write


@pytest.fixture
def run_data(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Run `python -m cvae.data` with arguments, in an empty folder; what it printed."""

    def run(*arguments: object) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["cvae.data", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_command(app)
        assert not ended.value.code
        return capsys.readouterr().out

    return run


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in an empty folder: exit status, what it printed, its errors."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["cvae.data", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_command(app)
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run
