"""BAIR robot pushing in the lab layout: one folder of PNG frames and two csv files per sequence."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources import split_folders as folders
from cvae.data.sources.digests import content_of, manifest_of, text_digest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.pictures import read_picture, reduce_by_area, require_multiple, require_square
from cvae.data.sources.tables import read_numbers
from cvae.errors import InputError, fault_of
from cvae.sections import PLACE, Section

N_ACTIONS = 4  # planar displacement (2), lift, gripper

N_POSITIONS = 3  # end effector's x, y, z in metres

FILES = frozenset({".png", ".csv"})

WANTED = "sequence folders `traj_*.tfrecords/N`"


class Bair(Section):
    """`ROOT/{train,validate,test}/traj_*.tfrecords/N/{0..29}.png`, `actions.csv`, `endeffector_positions.csv`.

    The csv files have no header: one row per frame, 4 and 3 columns.
    """

    source: Literal["bair"] = "bair"
    root: Annotated[Path, PLACE, Field(strict=False, description="Folder that holds train/, validate/ and test/.")]
    n_frames: Annotated[int, Field(ge=1, description="Frames in each sequence.")] = 30
    stride: Annotated[
        int | None,
        Field(ge=1, description="Frames between the starts of two clips of a sequence; null: one, from frame 0."),
    ] = None

    @property
    def location(self) -> str:
        """Where the episodes come from, for messages."""
        return str(self.root)

    def splits(self) -> tuple[str, ...]:
        """The splits that have at least one sequence, in the order train, validate, test."""
        folders.require_root(self.root)
        return tuple(split for split in folders.SPLITS if any(True for _ in self._unsorted(split)))

    def explain_absence(self, split: str) -> str:
        """Why a split has no episodes, in one sentence."""
        return folders.explain_absence(self.root, split, WANTED)

    def locate(self, split: str) -> list[Path]:
        """The sequence folders of a split in numerical order; InputError where there are none."""
        folders.require_root(self.root)
        sequences = sorted(self._unsorted(split), key=lambda path: (_numbers(path.parent.name), int(path.name)))
        if not sequences:
            raise InputError(self.explain_absence(split))
        return sequences

    def _unsorted(self, split: str) -> Iterator[Path]:
        folder = self.root / split
        if not folder.is_dir():
            return
        for trajectories in folders.listing(folder):
            if not re.fullmatch(r"traj_.*\.tfrecords", trajectories.name):
                continue
            folders.require_utf8(trajectories)
            if trajectories.is_file():
                raise InputError(f"{trajectories}: is a TFRecord file; expected a folder of sequence folders 0, 1, ...")
            yield from (_require_numbered(path) for path in folders.listing(trajectories))

    def format(self) -> EpisodeFormat:
        """What all sequences share: the first frame decides its size."""
        splits = self.splits()
        if not splits:
            raise InputError(f"{self.root}: no split has any {WANTED}")
        return self.format_of(self.locate(splits[0])[0])

    def format_of(self, folder: Path) -> EpisodeFormat:
        """What one sequence would have all others be."""
        path = folder / "0.png"
        height, width = read_picture(path).shape[:2]
        return EpisodeFormat(require_square(height, width, path), N_ACTIONS, N_POSITIONS)

    def read(self, folder: Path, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one sequence folder, frames reduced to `image_size`; InputError names the file at fault."""
        actions = read_numbers(folder / "actions.csv", self.n_frames, N_ACTIONS)
        positions = read_numbers(folder / "endeffector_positions.csv", self.n_frames, N_POSITIONS)
        frames = self._read_frames(folder, expected.side)
        return Episode(name, reduce_by_area(frames, image_size), actions, positions)

    def _read_frames(self, folder: Path, side: int) -> NDArray[np.uint8]:
        self._refuse_extra_frames(folder)
        return np.stack([_read_frame(folder / f"{t}.png", side) for t in range(self.n_frames)])

    def _refuse_extra_frames(self, folder: Path) -> None:
        expected = {f"{t}.png" for t in range(self.n_frames)}
        names = {path.name for path in folders.listing(folder) if path.suffix == ".png"}
        extra = sorted(names - expected)
        if extra:
            raise InputError(f"{folder / extra[0]}: is not one of the frames 0.png to {self.n_frames - 1}.png")

    def problems(self, folder: Path, expected: EpisodeFormat) -> list[str]:
        """Every fault of one sequence folder, where `read` stops at the first."""
        checks: list[Callable[[], object]] = [
            lambda: read_numbers(folder / "actions.csv", self.n_frames, N_ACTIONS),
            lambda: read_numbers(folder / "endeffector_positions.csv", self.n_frames, N_POSITIONS),
            lambda: self._refuse_extra_frames(folder),
        ]
        paths = [folder / f"{t}.png" for t in range(self.n_frames)]
        checks.extend(partial(_read_frame, path, expected.side) for path in paths)
        return [fault for check in checks if (fault := fault_of(check))]

    def episodes(self, split: str, image_size: int) -> Iterator[Episode]:
        """Every sequence of a split in numerical order; InputError names the file at fault."""
        sequences = self.locate(split)
        expected = self.format()
        require_multiple(expected.side, image_size, sequences[0] / "0.png")
        for folder, name in zip(sequences, self.names(sequences), strict=True):
            yield self.read(folder, name, expected, image_size)

    def names(self, sequences: list[Path]) -> list[str]:
        """Names of sequences: the number alone, or with its trajectory folder where a split has several."""
        if len({path.parent for path in sequences}) == 1:
            return [path.name for path in sequences]
        return [f"{path.parent.name.removesuffix('.tfrecords')}/{path.name}" for path in sequences]

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute.

        Raises:
            InputError: a folder is none of a sequence: content alone does not tell, and packed content is not read.
        """
        for split in folders.SPLITS:
            for _ in self._unsorted(split):
                pass
        return text_digest(self._reading(), manifest_of(self.root, self._split_folders(), FILES))

    def digest(self, image_size: int) -> str:
        """Identity of the content: the bytes of every file that is read, and how they are read."""
        return text_digest(self._reading(), str(image_size), content_of(self.root, self._split_folders(), FILES))

    def _reading(self) -> str:
        return f"bair n_frames={self.n_frames}"

    def _split_folders(self) -> list[Path]:
        folders.require_root(self.root)
        return [self.root / split for split in folders.SPLITS if (self.root / split).is_dir()]


def _read_frame(path: Path, side: int) -> NDArray[np.uint8]:
    frame = read_picture(path)
    if frame.shape != (side, side, 3):
        height, width = frame.shape[:2]
        raise InputError(f"{path}: the frame is {width}x{height} pixels; expected {side}x{side} like the first")
    return frame


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _require_numbered(path: Path) -> Path:
    if not (path.name.isascii() and path.name.isdigit() and path.is_dir()):
        raise InputError(f"{path}: expected a sequence folder named by a number, as in `traj_0_to_255.tfrecords/175`")
    return path
