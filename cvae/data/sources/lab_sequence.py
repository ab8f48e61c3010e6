"""One sequence in the lab layout: a folder of PNG frames and two csv files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources.episode import EpisodeFormat
from cvae.data.sources.pictures import read_picture
from cvae.data.sources.split_folders import listing
from cvae.data.sources.tables import read_numbers
from cvae.errors import InputError, fault_of

N_ACTIONS = 4  # planar displacement (2), lift, gripper

N_POSITIONS = 3  # end effector's x, y, z in metres


def sequence_format(folder: Path) -> EpisodeFormat:
    """What one sequence would have all others be: its first frame decides the size."""
    height, width = read_picture(folder / "0.png").shape[:2]
    return EpisodeFormat(height, width, N_ACTIONS, N_POSITIONS)


def read_sequence(
    folder: Path, n_frames: int, expected: EpisodeFormat
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Frames (T, H, W, 3), actions (T, 4) and positions (T, 3); InputError names the file at fault."""
    actions = read_numbers(folder / "actions.csv", n_frames, N_ACTIONS)
    positions = read_numbers(folder / "endeffector_positions.csv", n_frames, N_POSITIONS)
    _refuse_extra_frames(folder, n_frames)
    frames = np.stack([_read_frame(folder / f"{t}.png", expected) for t in range(n_frames)])
    return frames, actions, positions


def sequence_problems(folder: Path, n_frames: int, expected: EpisodeFormat) -> list[str]:
    """Every fault of one sequence folder, where `read_sequence` stops at the first."""
    checks: list[Callable[[], object]] = [
        lambda: read_numbers(folder / "actions.csv", n_frames, N_ACTIONS),
        lambda: read_numbers(folder / "endeffector_positions.csv", n_frames, N_POSITIONS),
        lambda: _refuse_extra_frames(folder, n_frames),
    ]
    checks.extend(partial(_read_frame, folder / f"{t}.png", expected) for t in range(n_frames))
    return [fault for check in checks if (fault := fault_of(check))]


def _refuse_extra_frames(folder: Path, n_frames: int) -> None:
    expected = {f"{t}.png" for t in range(n_frames)}
    names = {path.name for path in listing(folder) if path.suffix == ".png"}
    extra = sorted(names - expected)
    if extra:
        raise InputError(f"{folder / extra[0]}: is not one of the frames 0.png to {n_frames - 1}.png")


def _read_frame(path: Path, expected: EpisodeFormat) -> NDArray[np.uint8]:
    frame = read_picture(path)
    height, width = frame.shape[:2]
    if (height, width) != (expected.height, expected.width):
        wanted = f"{expected.width}x{expected.height}"
        raise InputError(f"{path}: the frame is {width}x{height} pixels; expected {wanted} like the first")
    return frame
