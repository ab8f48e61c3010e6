"""BAIR robot pushing, as it is downloaded or in the lab layout: TFRecord files, or a folder for each sequence."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from cvae.data.sources import split_folders as folders
from cvae.data.sources.digests import content_of, files_manifest, manifest_of
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.lab_sequence import read_sequence, sequence_format, sequence_problems
from cvae.data.sources.recorded import Recorded, fit_frames
from cvae.data.sources.tfrecords import Camera, Record, bair_format, list_records, read_bair_record, records_digest
from cvae.errors import InputError

FILES = frozenset({".png", ".csv"})

WANTED = "sequence files `traj_*.tfrecords` or folders `traj_*.tfrecords/N`"

DOWNLOAD = "softmotion30_44k"  # the folder that the published archive unpacks to

CAMERA: Camera = "image_aux1"  # the one of SVG and of the course lab


class Bair(Recorded[Path | Record]):
    """BAIR as downloaded, `ROOT/{train,test}/traj_*.tfrecords`, or in the lab layout, where each of these is a folder.

    The lab layout has `N/{0..29}.png`, `actions.csv` and `endeffector_positions.csv` in it for every sequence N, csv
    without a header, one row per frame, 4 and 3 columns. Which of the two is there is found by looking.
    """

    source: Literal["bair"] = "bair"
    n_frames: Annotated[int, Field(ge=1, description="Frames in each sequence.")] = 30
    camera: Annotated[
        Camera | None,
        Field(
            exclude_if=lambda camera: camera is None,
            description=f"Camera of the downloaded files; null: {CAMERA}. The lab layout has one alone.",
        ),
    ] = None
    stride: Annotated[
        int | None,
        Field(ge=1, description="Frames between the starts of two clips of a sequence; null: one, from frame 0."),
    ] = None

    @property
    def _folder(self) -> Path:
        """The root, or the folder of the published archive in it."""
        inner = self.root / DOWNLOAD
        has_splits = any((self.root / split).is_dir() for split in folders.SPLITS)
        return inner if inner.is_dir() and not has_splits else self.root

    def own_splits(self) -> tuple[str, ...]:
        """The splits that have at least one sequence, in the order train, validate, test."""
        folders.require_root(self._folder)
        return tuple(
            split for split in folders.SPLITS if self._files(split) or any(True for _ in self._sequences(split))
        )

    def absence(self, split: str) -> str:
        """Why the data itself has no episodes of a split, in one sentence."""
        return folders.explain_absence(self._folder, split, WANTED)

    def own_places(self, split: str) -> list[Path | Record]:
        """The records or sequence folders of a split in numerical order; empty where there are none."""
        folders.require_root(self._folder)
        if files := self._files(split):
            return [record for path in files for record in list_records(path)]
        return [*sorted(self._sequences(split), key=lambda path: (_numbers(path.parent.name), int(path.name)))]

    def _trajectories(self, split: str) -> list[Path]:
        """The entries `traj_*.tfrecords` of a split in numerical order, files or folders."""
        folder = self._folder / split
        listed = folders.listing(folder) if folder.is_dir() else []
        found = [path for path in listed if re.fullmatch(r"traj_.*\.tfrecords", path.name)]
        for path in found:
            folders.require_utf8(path)
        return sorted(found, key=lambda path: (_numbers(path.name), path.name))

    def _files(self, split: str) -> list[Path]:
        """The TFRecord files of a split; empty where it is in the lab layout."""
        found = self._trajectories(split)
        files = [path for path in found if not path.is_dir()]
        if files and len(files) < len(found):
            other = next(path for path in found if path.is_dir())
            raise InputError(f"{files[0]}: is a TFRecord file beside the folder {other.name}; keep one layout")
        return files

    def _sequences(self, split: str) -> Iterator[Path]:
        for trajectories in self._trajectories(split):
            if trajectories.is_dir():
                yield from (_require_numbered(path) for path in folders.listing(trajectories))

    def path_of(self, place: Path | Record) -> Path:
        """The file or folder of a sequence, for messages."""
        return place.path if isinstance(place, Record) else place / "0.png"

    def format_of(self, place: Path | Record) -> EpisodeFormat:
        """What one sequence would have all others be: the first frame decides its size."""
        if isinstance(place, Record):
            return bair_format(place, self.camera or CAMERA)
        self._refuse_camera()
        return sequence_format(place)

    def _refuse_camera(self) -> None:
        if self.camera is not None:
            raise InputError(f"{self.root}: is in the lab layout, which has one camera; remove `data.camera`")

    def read(self, place: Path | Record, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one sequence, frames reduced to `image_size`; InputError names the file at fault."""
        if isinstance(place, Record):
            frames, actions, positions = read_bair_record(place, self.camera or CAMERA, self.n_frames, expected)
        else:
            frames, actions, positions = read_sequence(place, self.n_frames, expected)
        return Episode(name, fit_frames(frames, self.size, image_size), actions, positions)

    def problems(self, place: Path | Record, expected: EpisodeFormat) -> list[str]:
        """Every fault of one sequence folder, where `read` stops at the first; of a record the first."""
        if isinstance(place, Record):
            return super().problems(place, expected)
        return sequence_problems(place, self.n_frames, expected)

    def remarks(self) -> list[str]:
        """Files with another number of records than their names say: one that ends between two records is sound."""
        found = []
        for path in self._all_files():
            first, last = (*_numbers(path.name), 0, -1)[:2]
            n_said, n_there = last - first + 1, len(list_records(path))
            if n_said > 0 and n_there != n_said:
                found.append(f"{path}: holds {n_there} records, its name says {n_said}: was it downloaded whole?")
        return found

    def names(self, places: list[Path | Record]) -> list[str]:
        """Names of sequences: the number alone, or with its trajectory file or folder where a split has several."""
        pairs = [(p.path.name, str(p.number)) if isinstance(p, Record) else (p.parent.name, p.name) for p in places]
        if len({trajectories for trajectories, _ in pairs}) == 1:
            return [number for _, number in pairs]
        return [f"{trajectories.removesuffix('.tfrecords')}/{number}" for trajectories, number in pairs]

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute.

        Raises:
            InputError: the layout is none: content alone does not tell, and packed content is not read.
        """
        if files := self._all_files():
            return self.identity(files_manifest(self._folder, files))
        self._refuse_camera()
        for split in folders.SPLITS:
            for _ in self._sequences(split):
                pass
        return self.identity(manifest_of(self._folder, self._split_folders(), FILES))

    def content(self) -> str:
        """Identity of the bytes of every file that is read, of a TFRecord file by its records' checksums."""
        if files := self._all_files():
            return records_digest(files, self._folder)
        return content_of(self._folder, self._split_folders(), FILES)

    def reading(self) -> str:
        """The format, and its options that shape an episode."""
        return f"bair n_frames={self.n_frames}" + (f" camera={self.camera or CAMERA}" if self._all_files() else "")

    def _all_files(self) -> list[Path]:
        folders.require_root(self._folder)
        by_split = {split: self._files(split) for split in folders.SPLITS}
        if any(by_split.values()):
            for split, files in by_split.items():
                if not files and self._trajectories(split):
                    raise InputError(f"{self._folder / split}: is in the lab layout, another split in TFRecord files")
        return [path for files in by_split.values() for path in files]

    def _split_folders(self) -> list[Path]:
        return [self._folder / split for split in folders.SPLITS if (self._folder / split).is_dir()]


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _require_numbered(path: Path) -> Path:
    if not (path.name.isascii() and path.name.isdigit() and path.is_dir()):
        raise InputError(f"{path}: expected a sequence folder named by a number, as in `traj_0_to_255.tfrecords/175`")
    return path
