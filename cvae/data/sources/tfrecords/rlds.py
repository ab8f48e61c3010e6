"""RLDS episodes as TFDS writes them: a TFRecord of one Example per episode, frames as PNG or JPEG."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources import split_folders as folders
from cvae.data.sources.digests import files_manifest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.pictures import decode_picture
from cvae.data.sources.recorded import (
    ClipStride,
    FrameStride,
    FramesUsed,
    Recorded,
    fit_frames,
    frame_stride_words,
    join_actions,
)
from cvae.data.sources.tables import as_float32, require_finite
from cvae.data.sources.tfrecords.example import Feature, parse_example
from cvae.data.sources.tfrecords.framing import Record, list_records, read_record, records_digest
from cvae.errors import InputError, nearest
from cvae.sections import Section

WANTED = "files `NAME-SPLIT.tfrecord-00000-of-00001`"

FILE = re.compile(r".+-(?P<split>[a-z]+)\.tfrecord-(?P<number>\d+)-of-(?P<of>\d+)")

Names = Annotated[tuple[str, ...], Field(strict=False)]


class RldsKeys(Section):
    """Names of the features, as TFDS flattens them."""

    frames: str = Field("steps/observation/image", description="feature of the frames, encoded as PNG or JPEG")
    actions: Names = Field(("steps/action",), min_length=1, description="features of the actions, side by side")
    positions: Names = Field((), description="features of the positions, side by side; none: not recorded")


class RldsEpisodes(Recorded[Record]):
    """`ROOT/NAME-{train,val,test}.tfrecord-*-of-*`, the version folder of a TFDS data set (Bridge, Open X)."""

    source: Literal["rlds"] = "rlds"
    keys: Annotated[RldsKeys, Field(description="Names of the features.")] = RldsKeys()
    n_shards: Annotated[int | None, Field(ge=1, description="Files used of each split, the first; null: all.")] = None
    n_frames: FramesUsed = None
    frame_stride: FrameStride = 1
    stride: ClipStride = 10

    def own_splits(self) -> tuple[str, ...]:
        """The splits that have at least one file, in the order train, validate, test."""
        found = self._by_split()
        return tuple(split for split in folders.SPLITS if found.get(split))

    def absence(self, split: str) -> str:
        """Why the data itself has no episodes of a split, in one sentence."""
        return f"{self.root}: there is no {split} split, {WANTED}; the folder holds {folders.holds(self.root)}"

    def own_places(self, split: str) -> list[Record]:
        """The records of a split, file by file; empty where there are none."""
        return [record for path in self._by_split().get(split, []) for record in list_records(path)]

    def _by_split(self) -> dict[str, list[Path]]:
        if not self.root.is_dir():
            raise InputError(f"{self.root}: is no folder; set `data.root` to a folder with {WANTED}")
        shards: dict[str, dict[int, Path]] = {}
        n_all: dict[str, int] = {}
        for path in sorted(folders.listing(self.root)):
            match = FILE.fullmatch(path.name)
            if match and match["split"] in folders.SPLIT_WORDS:
                split = folders.SPLIT_WORDS[match["split"]]
                if int(match["number"]) in shards.setdefault(split, {}):
                    raise InputError(f"{path}: is a second file of that number in the {split} split")
                shards[split][int(match["number"])] = path
                n_all[split] = max(n_all.get(split, 0), int(match["of"]))
        return {split: self._complete(split, found, n_all[split]) for split, found in shards.items()}

    def _complete(self, split: str, found: Mapping[int, Path], n_all: int) -> list[Path]:
        n_used = min(self.n_shards or n_all, n_all)
        missing = next((number for number in range(n_used) if number not in found), None)
        if missing is not None:
            raise InputError(
                f"{self.root}: file {missing} of {n_all} of the {split} split is missing; download it, or use the "
                "first files alone with `data.n_shards`"
            )
        return [found[number] for number in range(n_used)]

    def path_of(self, place: Record) -> Path:
        """The record of an episode, for messages."""
        return Path(place.where)

    def names(self, places: list[Record]) -> list[str]:
        """Names of episodes: the file's number and the record's."""
        return [f"{int(_match(place.path)['number'])}/{place.number}" for place in places]

    def format_of(self, place: Record) -> EpisodeFormat:
        """What one episode would have all others be."""
        encoded, actions, positions = self._parse(place)
        height, width = decode_picture(encoded[0], Path(place.where)).shape[:2]
        return EpisodeFormat(height, width, actions.shape[1], 0 if positions is None else positions.shape[1])

    def read(self, place: Record, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one episode, frames reduced to `image_size`; InputError names file, record and feature."""
        encoded, actions, positions = self._parse(place)
        expected.require_columns(place.where, "actions", actions.shape[1], expected.n_actions)
        n_positions = 0 if positions is None else positions.shape[1]
        expected.require_columns(place.where, "positions", n_positions, expected.n_positions)
        frames = []
        for t in range(0, len(encoded), self.frame_stride):
            where = Path(f"{place.where}, `{self.keys.frames}` {t}")
            frame = decode_picture(encoded[t], where)[None]
            expected.require_frame(frame.shape[1], frame.shape[2], where)
            frames.append(fit_frames(frame, self.size, image_size))
        kept = None if positions is None else positions[:: self.frame_stride]
        return Episode(name, np.concatenate(frames), join_actions(actions, self.frame_stride), kept)

    def _parse(self, place: Record) -> tuple[list[memoryview], NDArray[np.float32], NDArray[np.float32] | None]:
        """Encoded frames, actions (T, A) and positions (T, P) of the frames that are used."""
        features = parse_example(read_record(place), place.where)
        encoded = _require(features, self.keys.frames, place)
        if not isinstance(encoded, list) or not encoded:
            raise InputError(f"{place.where}: `{self.keys.frames}` holds no encoded pictures")
        used = slice(0, self.n_frames)
        actions = _table(features, self.keys.actions, len(encoded), place)
        positions = _table(features, self.keys.positions, len(encoded), place) if self.keys.positions else None
        return encoded[used], actions[used], None if positions is None else positions[used]

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute."""
        return self.identity(files_manifest(self.root, self._files()))

    def content(self) -> str:
        """Identity of the bytes of every file by its records' checksums."""
        return records_digest(self._files(), self.root)

    def _files(self) -> list[Path]:
        return [path for paths in self._by_split().values() for path in paths]

    def reading(self) -> str:
        """The format, and its options that shape an episode."""
        keys = self.keys.model_dump_json()
        return f"rlds keys={keys} n_frames={self.n_frames}{frame_stride_words(self.frame_stride)}"


def _match(path: Path) -> re.Match[str]:
    match = FILE.fullmatch(path.name)
    assert match is not None, path  # only files that match are listed
    return match


def _require(features: Mapping[str, Feature], name: str, place: Record) -> Feature:
    if name not in features:
        close = nearest(name, features)
        known = f"did you mean `{close}`?" if close else f"it has {', '.join(sorted(features)) or 'none'}"
        raise InputError(f"{place.where} has no feature `{name}`; {known} (`data.keys` names them)")
    return features[name]


def _table(
    features: Mapping[str, Feature], names: tuple[str, ...], n_frames: int, place: Record
) -> NDArray[np.float32]:
    """The numbers (T, columns) of some features side by side."""
    columns = []
    for name in names:
        values = _require(features, name, place)
        if isinstance(values, list) or len(values) == 0 or len(values) % n_frames:
            what = "bytes" if isinstance(values, list) else f"{len(values)} numbers"
            raise InputError(f"{place.where}: `{name}` holds {what}; expected as many for each of {n_frames} frames")
        columns.append(values.reshape(n_frames, -1).astype(np.float64))
    table = np.concatenate(columns, axis=1)
    require_finite(table, Path(place.where), "the frame")
    return as_float32(table, Path(place.where))
