"""Clips of equal length, cut from the episodes of one packed split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.errors import InputError


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
        frames, conditions = self._arrays()
        return frames[rows], conditions[rows]

    def rows(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Where the frames of clips lie in the split's arrays, (B, T)."""
        return self._starts[np.asarray(indices, dtype=np.int64)][:, None] + np.arange(self.length)

    def all_frames(self) -> NDArray[np.uint8]:
        """The whole split's frames (rows, H, W, 3), still on the disk."""
        return self._arrays()[0]

    def conditions_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Standardised conditions of rows (B, T) of the split's arrays, (B, T, C)."""
        return self._arrays()[1][rows]

    def _arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        if self._frames is None or self._conditions is None:
            self._frames = open_array(self._folder / "frames.npy")
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


def open_array(path: Path) -> NDArray[Any]:
    """A read-only memory map of an npy file of a packed store; InputError where it is damaged."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: the packed data is damaged ({error}); delete {path.parent.parent}") from error
