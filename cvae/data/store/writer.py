"""Writing a store: every episode of a source streamed into arrays that can be memory-mapped."""

import io
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from cvae.data.sources import Source
from cvae.data.store.clips import open_array
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.integrity import digest_of_values, file_digest, new_digest, sync_folder

Scalar = TypeVar("Scalar", bound=np.generic)


class NpyAppender(Generic[Scalar]):
    """Appends rows to an npy file whose number of rows is known only at the end.

    numpy pads the header so that it keeps its length while the first dimension grows; closing writes it again
    with the final number. Memory holds one appended block at a time.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: type[Scalar]) -> None:
        self.n_rows = 0
        self.digest = new_digest()  # of the rows, then of the final header
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._file = path.open("wb")
        self._write_header()
        self._header_bytes = self._file.tell()

    def append(self, rows: NDArray[Scalar]) -> None:
        """Append rows of shape (n, *row_shape) of the file's type; ValueError for any other."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}; the file holds {self._dtype} (n, {self._row_shape})")
        block = np.ascontiguousarray(rows)
        self._file.write(block.data)
        self.digest.update(block.data.cast("B"))
        self.n_rows += len(rows)

    def _write_header(self) -> None:
        self._file.write(self._header())

    def _header(self) -> bytes:
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self._row_shape),
        }
        written = io.BytesIO()
        npy_format.write_array_header_1_0(written, header)
        return written.getvalue()

    def finish(self) -> None:
        """Write the final number of rows and flush everything to the disk."""
        self._file.seek(0)
        self._write_header()
        self.digest.update(self._header())
        if self._file.tell() != self._header_bytes:
            raise RuntimeError(f"the npy header grew from {self._header_bytes} to {self._file.tell()} bytes")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._file.close()


FORMAT_VERSION = 1  # part of every store's identity: raise it when the files below change


@dataclass
class Index:
    """Where each episode of a split lies in its arrays: rows `offset` to `offset + length`."""

    names: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    n_actions: int = 0
    n_positions: int = 0


def write_store(source: Source, image_size: int, folder: Path, fingerprint: str) -> None:
    """Write a complete store into an existing empty folder, `meta.json` last.

    Per split: `frames.npy` (rows, H, W, 3) uint8, `conditions.npy` (rows, A + P) float32 as recorded, and
    `index.json`. Memory holds one episode at a time.
    """
    digests: dict[str, str] = {}
    splits = {split: _write_split(source, split, image_size, folder / split, digests) for split in source.splits()}
    first = next(iter(splits.values()), Index())
    meta = {
        "format": FORMAT_VERSION,
        "fingerprint": fingerprint,
        "source": source.model_dump(mode="json"),
        "image_size": image_size,
        "splits": {split: len(index.names) for split, index in splits.items()},
        "n_actions": first.n_actions,
        "n_positions": first.n_positions,
        "statistics": _statistics(folder) if "train" in splits else None,
        "digests": digests,
    }
    _write_json(folder / "meta.json", meta | {"digest": digest_of_values(meta)})
    for written in (*(folder / split for split in splits), folder):
        sync_folder(written)


def _write_split(source: Source, split: str, image_size: int, folder: Path, digests: dict[str, str]) -> Index:
    """Write a split and add the digests of its files by their paths within the store."""
    folder.mkdir()
    episodes = source.episodes(split, image_size)
    episode = next(episodes)
    n_positions = 0 if episode.positions is None else episode.positions.shape[1]
    index = Index(n_actions=episode.actions.shape[1], n_positions=n_positions)
    with (
        NpyAppender(folder / "frames.npy", (image_size, image_size, 3), np.uint8) as frames,
        NpyAppender(folder / "conditions.npy", episode.conditions.shape[1:], np.float32) as conditions,
    ):
        while True:
            index.names.append(episode.name)
            index.offsets.append(frames.n_rows)
            index.lengths.append(len(episode.frames))
            frames.append(episode.frames)
            conditions.append(episode.conditions)
            following = next(episodes, None)
            if following is None:
                break
            episode = following
    _write_json(folder / "index.json", asdict(index))
    digests[f"{split}/frames.npy"] = frames.digest.hexdigest()
    digests[f"{split}/conditions.npy"] = conditions.digest.hexdigest()
    digests[f"{split}/index.json"] = file_digest(folder / "index.json")
    return index


def _statistics(folder: Path) -> dict[str, Any]:
    return asdict(ConditionStatistics.of(open_array(folder / "train" / "conditions.npy")))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
