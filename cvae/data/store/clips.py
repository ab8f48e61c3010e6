"""Clips of equal length, cut from the episodes of one packed split."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.errors import InputError

FRAMES = "frames.npy"


class Clip(NamedTuple):
    """One clip: frames (T, H, W, 3) uint8, standardised conditions (T, C) float32, and its name."""

    frames: NDArray[np.uint8]
    conditions: NDArray[np.float32]
    name: str


class Clips:
    """The clips of a split: `clips[i]` depends on i alone, in every process.

    Frames stay on the disk behind a read-only memory map, opened by each process for itself: what is pickled
    for a loader's worker is paths, numbers and names. Conditions are small and are kept standardised.
    """

    def __init__(
        self,
        folder: Path,
        starts: NDArray[np.int64],  # (N,) row of each clip's first frame in the split's arrays
        names: list[str],
        length: int,
        n_columns: int,
        statistics: ConditionStatistics,
    ) -> None:
        self.names = names
        self.length = length
        self.n_conditions = n_columns
        self.statistics = statistics.first(n_columns)
        self._folder = folder
        self._starts = starts
        self._frames: NDArray[np.uint8] | None = None
        self._conditions: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Clip:
        start = int(self._starts[index])
        frames, conditions = self._arrays()
        rows = slice(start, start + self.length)
        return Clip(np.array(frames[rows]), np.array(conditions[rows]), self.names[index])

    def gather(
        self, indices: Sequence[int] | NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Many clips in one read: frames (B, T, H, W, 3) uint8 and conditions (B, T, C) float32."""
        rows = self.rows(indices)
        return self.frames_of(rows), self.conditions_of(rows)

    def rows(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Where the frames of clips lie in the split's arrays, (B, T)."""
        return self._starts[np.asarray(indices, dtype=np.int64)][:, None] + np.arange(self.length)

    def all_frames(self) -> NDArray[np.uint8]:
        """The whole split's frames (rows, H, W, 3), still on the disk."""
        return self._arrays()[0]

    def frames_of(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Frames of rows (B, T) of the split's arrays, (B, T, H, W, 3).

        The system is told of all clips before the first is read. By itself it reads a map's missing pages one after
        another, and the disk has one request at a time.
        """
        frames = self.all_frames()
        announce_reads(self._folder / FRAMES, frames, rows)
        return frames[rows]

    def conditions_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Standardised conditions of rows (B, T) of the split's arrays, (B, T, C)."""
        return self._arrays()[1][rows]

    def _arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        if self._frames is None or self._conditions is None:
            self._frames = open_array(self._folder / FRAMES)
            raw = open_array(self._folder / "conditions.npy")[:, : self.n_conditions]
            self._conditions = self.statistics.standardise(raw)
        return self._frames, self._conditions

    def __getstate__(self) -> dict[str, Any]:
        """Without the arrays: pickling a memory map would copy the whole split."""
        return self.__dict__ | {"_frames": None, "_conditions": None}


def clip_starts(n_frames: int, length: int, stride: int | None) -> range:
    """First frames of the clips of one episode: frame 0 alone for a stride of None, else every `stride` frames."""
    n_starts = max(n_frames - length + 1, 0)
    return range(min(n_starts, 1)) if stride is None else range(0, n_starts, stride)


def explain_shortness(location: str, split: str, length: int, longest: int) -> str:
    """Why a split gives no clip, in one sentence."""
    return f"{location}: no {split} episode is long enough for a clip of {length} frames; the longest has {longest}"


def explain_no_positions(location: str) -> str:
    """Why a model cannot be given positions, in one sentence."""
    return f"{location}: the episodes have no positions; set `model.use_positions: false` to do without"


def announce_reads(path: Path, array: NDArray[Any], rows: NDArray[np.int64]) -> None:
    """Ask the system to read rows (B, T) of an npy file, each B in one piece; where it takes no such advice, nothing.

    Args:
        path: the file.
        array: what it holds, (N, ...), which ends where the file does.
        rows: rising in each B.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    of_row = array.nbytes // len(array)
    with path.open("rb") as file:
        header = os.fstat(file.fileno()).st_size - array.nbytes
        for first, last in zip(rows[:, 0].tolist(), rows[:, -1].tolist(), strict=True):
            length = (last + 1 - first) * of_row
            os.posix_fadvise(file.fileno(), header + first * of_row, length, os.POSIX_FADV_WILLNEED)


def open_array(path: Path) -> NDArray[Any]:
    """A read-only memory map of an npy file of a packed store; InputError where it is damaged."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: the packed data is damaged ({error}); delete {path.parent.parent}") from error
