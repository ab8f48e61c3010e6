"""Episodes of any robot as npz archives: frames, actions and, where there are any, positions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources import split_folders as folders
from cvae.data.sources.digests import content_of, manifest_of, text_digest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.npz_archive import load_arrays
from cvae.data.sources.pictures import reduce_by_area, require_multiple, require_square
from cvae.data.sources.tables import as_float32, require_finite
from cvae.errors import InputError, fault_of
from cvae.sections import PLACE, Section

FILES = frozenset({".npz"})

WANTED = "npz files"


class NpzEpisodes(Section):
    """`ROOT/{train,validate,test}/*.npz`, one file per episode.

    Each holds `frames` uint8 (T, H, W, 3), `actions` (T, A) and optionally `positions` (T, P).
    """

    source: Literal["episodes"] = "episodes"
    root: Annotated[Path, PLACE, Field(strict=False, description="Folder that holds train/, validate/ and test/.")]
    n_frames: Annotated[
        int | None,
        Field(ge=1, description="Frames used of each episode, from its first; null: all (scripts may end early)."),
    ] = None
    stride: Annotated[
        int | None,
        Field(ge=1, description="Frames between the starts of two clips of an episode; null: one, from frame 0."),
    ] = 10

    @property
    def location(self) -> str:
        """Where the episodes come from, for messages."""
        return str(self.root)

    def splits(self) -> tuple[str, ...]:
        """The splits that have at least one episode, in the order train, validate, test."""
        folders.require_root(self.root)
        return tuple(split for split in folders.SPLITS if self._sorted(split))

    def explain_absence(self, split: str) -> str:
        """Why a split has no episodes, in one sentence."""
        return folders.explain_absence(self.root, split, WANTED)

    def locate(self, split: str) -> list[Path]:
        """The files of a split in the order of their names; InputError where there are none."""
        folders.require_root(self.root)
        files = self._sorted(split)
        if not files:
            raise InputError(self.explain_absence(split))
        return files

    def _sorted(self, split: str) -> list[Path]:
        folder = self.root / split
        files = sorted(p for p in folders.listing(folder) if p.suffix == ".npz") if folder.is_dir() else []
        for path in files:
            if path.is_dir():
                raise InputError(f"{path}: is a folder; expected a file")
            folders.require_utf8(path)
        return files

    def format(self) -> EpisodeFormat:
        """What all episodes share: the first file decides."""
        splits = self.splits()
        if not splits:
            raise InputError(f"{self.root}: no split has any {WANTED}")
        return self.format_of(self.locate(splits[0])[0])

    def format_of(self, path: Path) -> EpisodeFormat:
        """What one file would have all others be."""
        frames, actions, positions = _arrays(path)
        side = require_square(frames.shape[1], frames.shape[2], path)
        return EpisodeFormat(side, actions.shape[1], 0 if positions is None else positions.shape[1])

    def read(self, path: Path, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one file, frames reduced to `image_size`; InputError where it differs from what all share."""
        frames, actions, positions = _arrays(path)
        height, width = frames.shape[1:3]
        if (height, width) != (expected.side, expected.side):
            raise InputError(
                f"{path}: frames are {width}x{height} pixels; expected {expected.side}x{expected.side} like the first"
            )
        _require_columns(path, "actions", actions.shape[1], expected.n_actions)
        _require_columns(path, "positions", 0 if positions is None else positions.shape[1], expected.n_positions)
        used = slice(0, self.n_frames)
        positions = None if positions is None else positions[used]
        return Episode(name, reduce_by_area(frames[used], image_size), actions[used], positions)

    def problems(self, path: Path, expected: EpisodeFormat) -> list[str]:
        """The fault of one file, in a list like those of the other file sources."""
        fault = fault_of(lambda: self.read(path, path.stem, expected, expected.side))
        return [fault] if fault else []

    def episodes(self, split: str, image_size: int) -> Iterator[Episode]:
        """Every episode of a split in the order of file names; InputError names the file at fault."""
        files = self.locate(split)
        expected = self.format()
        require_multiple(expected.side, image_size, files[0])
        for path, name in zip(files, self.names(files), strict=True):
            yield self.read(path, name, expected, image_size)

    def names(self, files: list[Path]) -> list[str]:
        """Names of episodes: the file names without `.npz`."""
        return [path.stem for path in files]

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute.

        Raises:
            InputError: a folder is named like a file: content alone does not tell, and packed content is not read.
        """
        for split in folders.SPLITS:
            self._sorted(split)
        return text_digest(self._reading(), manifest_of(self.root, self._split_folders(), FILES))

    def digest(self, image_size: int) -> str:
        """Identity of the content: the bytes of every file that is read, and how they are read."""
        return text_digest(self._reading(), str(image_size), content_of(self.root, self._split_folders(), FILES))

    def _reading(self) -> str:
        return f"episodes n_frames={self.n_frames}"

    def _split_folders(self) -> list[Path]:
        folders.require_root(self.root)
        return [self.root / split for split in folders.SPLITS if (self.root / split).is_dir()]


def _arrays(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32] | None]:
    """Frames, actions and positions of a file, each checked by itself and all of one length."""
    arrays = load_arrays(path)
    frames = _frames(arrays, path)
    actions = _columns(arrays, "actions", len(frames), path)
    positions = _columns(arrays, "positions", len(frames), path) if "positions" in arrays else None
    return frames, actions, positions


def _require_columns(path: Path, key: str, n_columns: int, expected: int) -> None:
    if n_columns == expected:
        return
    columns = f"{n_columns} columns" if n_columns else "none"
    wanted = f"{expected} columns" if expected else "none"
    raise InputError(f"{path}: `{key}` has {columns}; expected {wanted} like the first file of the data")


def _frames(arrays: dict[str, NDArray[np.generic]], path: Path) -> NDArray[np.uint8]:
    if "frames" not in arrays:
        raise InputError(f"{path}: has no array `frames`; expected uint8 of shape (T, H, W, 3)")
    frames = arrays["frames"]
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or frames.size == 0:
        raise InputError(f"{path}: `frames` is {frames.dtype} of shape {frames.shape}; expected uint8 (T, H, W, 3)")
    return frames.astype(np.uint8, copy=False)


def _columns(arrays: dict[str, NDArray[np.generic]], key: str, n_frames: int, path: Path) -> NDArray[np.float32]:
    if key not in arrays:
        raise InputError(f"{path}: has no array `{key}`; expected numbers of shape (T, columns)")
    table = arrays[key]
    if table.dtype.kind not in "fiu" or table.ndim != 2 or table.shape[1] == 0:
        raise InputError(f"{path}: `{key}` is {table.dtype} of shape {table.shape}; expected numbers (T, columns)")
    if len(table) != n_frames:
        raise InputError(f"{path}: `{key}` has {len(table)} rows; expected {n_frames}, one per frame")
    numbers = table.astype(np.float64)
    require_finite(numbers, path, f"`{key}` row")
    return as_float32(numbers, path)
