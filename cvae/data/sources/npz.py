"""Episodes of any robot as npz archives: frames, actions and, where there are any, positions."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources import split_folders as folders
from cvae.data.sources.digests import content_of, manifest_of
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.npz_archive import load_arrays
from cvae.data.sources.recorded import (
    ClipStride,
    FrameStride,
    FramesUsed,
    Recorded,
    as_frames,
    fit_frames,
    frame_stride_words,
    reduce_rate,
)
from cvae.data.sources.tables import as_float32, require_finite
from cvae.errors import InputError
from cvae.sections import Section

FILES = frozenset({".npz"})

WANTED = "npz files"


class NpzKeys(Section):
    """Names of the arrays in each file."""

    frames: str = Field("frames", description="array of the frames, whole numbers 0 to 255 (T, H, W, 3)")
    actions: str = Field("actions", description="array of the actions (T, A)")
    positions: str = Field("positions", description="array of the positions (T, P); need not be there")


class NpzEpisodes(Recorded[Path]):
    """`ROOT/{train,validate,test}/*.npz`, one file per episode.

    Each holds `frames` (T, H, W, 3), `actions` (T, A) and optionally `positions` (T, P), or what `keys` calls so.
    """

    source: Literal["episodes"] = "episodes"
    keys: Annotated[
        NpzKeys, Field(exclude_if=lambda keys: keys == NpzKeys(), description="Names of the arrays in each file.")
    ] = NpzKeys()
    n_frames: FramesUsed = None
    frame_stride: FrameStride = 1
    stride: ClipStride = 10

    def own_splits(self) -> tuple[str, ...]:
        """The splits that have at least one episode, in the order train, validate, test."""
        folders.require_root(self.root)
        return tuple(split for split in folders.SPLITS if self._sorted(split))

    def absence(self, split: str) -> str:
        """Why the data itself has no episodes of a split, in one sentence."""
        return folders.explain_absence(self.root, split, WANTED)

    def own_places(self, split: str) -> list[Path]:
        """The files of a split in the order of their names; empty where there are none."""
        folders.require_root(self.root)
        return self._sorted(split)

    def _sorted(self, split: str) -> list[Path]:
        folder = self.root / split
        files = sorted(p for p in folders.listing(folder) if p.suffix == ".npz") if folder.is_dir() else []
        for path in files:
            if path.is_dir():
                raise InputError(f"{path}: is a folder; expected a file")
            folders.require_utf8(path)
        return files

    def path_of(self, place: Path) -> Path:
        """The file of an episode, for messages."""
        return place

    def format_of(self, place: Path) -> EpisodeFormat:
        """What one file would have all others be."""
        frames, actions, positions = _arrays(place, self.keys)
        height, width = frames.shape[1:3]
        return EpisodeFormat(height, width, actions.shape[1], 0 if positions is None else positions.shape[1])

    def read(self, place: Path, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one file, frames reduced to `image_size`; InputError where it differs from what all share."""
        frames, actions, positions = _arrays(place, self.keys)
        expected.require_frame(frames.shape[1], frames.shape[2], place)
        expected.require_columns(place, self.keys.actions, actions.shape[1], expected.n_actions)
        n_positions = 0 if positions is None else positions.shape[1]
        expected.require_columns(place, self.keys.positions, n_positions, expected.n_positions)
        used = slice(0, self.n_frames)
        frames, actions, positions = reduce_rate(
            frames[used], actions[used], None if positions is None else positions[used], self.frame_stride
        )
        return Episode(name, fit_frames(frames, self.size, image_size), actions, positions)

    def names(self, places: list[Path]) -> list[str]:
        """Names of episodes: the file names without `.npz`."""
        return [path.stem for path in places]

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute.

        Raises:
            InputError: a folder is named like a file: content alone does not tell, and packed content is not read.
        """
        for split in folders.SPLITS:
            self._sorted(split)
        return self.identity(manifest_of(self.root, self._split_folders(), FILES))

    def content(self) -> str:
        """Identity of the bytes of every file that is read."""
        return content_of(self.root, self._split_folders(), FILES)

    def reading(self) -> str:
        """The format, and its options that shape an episode."""
        keys = "" if self.keys == NpzKeys() else f" keys={self.keys.model_dump_json()}"
        return f"episodes n_frames={self.n_frames}{keys}{frame_stride_words(self.frame_stride)}"

    def _split_folders(self) -> list[Path]:
        folders.require_root(self.root)
        return [self.root / split for split in folders.SPLITS if (self.root / split).is_dir()]


def _arrays(path: Path, keys: NpzKeys) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32] | None]:
    """Frames, actions and positions of a file, each checked by itself and all of one length."""
    arrays = load_arrays(path, (keys.frames, keys.actions, keys.positions))
    frames = as_frames(_require(arrays, keys.frames, path), f"{path}: `{keys.frames}`")
    actions = _columns(arrays, keys.actions, len(frames), path)
    positions = _columns(arrays, keys.positions, len(frames), path) if keys.positions in arrays else None
    if positions is None and keys.positions != NpzKeys().positions:
        _require(arrays, keys.positions, path)
    return frames, actions, positions


def _require(arrays: dict[str, NDArray[np.generic]], key: str, path: Path) -> NDArray[np.generic]:
    if key not in arrays:
        raise InputError(f"{path}: has no array `{key}`; name the file's own arrays in `data.keys`")
    return arrays[key]


def _columns(arrays: dict[str, NDArray[np.generic]], key: str, n_frames: int, path: Path) -> NDArray[np.float32]:
    table = _require(arrays, key, path)
    if table.dtype.kind not in "fiu" or table.ndim != 2 or table.shape[1] == 0:
        raise InputError(f"{path}: `{key}` is {table.dtype} of shape {table.shape}; expected numbers (T, columns)")
    if len(table) != n_frames:
        raise InputError(f"{path}: `{key}` has {len(table)} rows; expected {n_frames}, one per frame")
    numbers = table.astype(np.float64)
    require_finite(numbers, path, f"`{key}` row")
    return as_float32(numbers, path)
