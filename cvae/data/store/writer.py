"""Writing a store: every episode of a source streamed into arrays that can be memory-mapped."""

import json
import math
import os
import time
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from cvae.data.sources import Episode, PushingWorld, Source
from cvae.data.store.clips import open_array
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.packing import n_reading_threads, read_ahead, show_packing
from cvae.files import write_atomically
from cvae.processes import beat

Scalar = TypeVar("Scalar", bound=np.generic)


class NpyAppender(Generic[Scalar]):
    """Appends rows to an npy file whose number of rows is known only at the end.

    numpy pads the header so that it keeps its length while the first dimension grows; closing writes it again
    with the final number. Memory holds one appended block at a time.

    Args:
        path: the file; it is made anew where `n_rows` is 0.
        row_shape, dtype: of a row.
        n_rows: rows that are there already and are kept; what lies behind them is cut off.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: type[Scalar], n_rows: int = 0) -> None:
        self.n_rows = n_rows
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self._file = path.open("r+b" if n_rows else "wb")
        self._write_header()
        self._header_bytes = self._file.tell()
        if n_rows:
            self._file.truncate(self._header_bytes + n_rows * math.prod(row_shape) * self._dtype.itemsize)
            self._file.seek(0, os.SEEK_END)

    def append(self, rows: NDArray[Scalar]) -> None:
        """Append rows of shape (n, *row_shape) of the file's type; ValueError for any other."""
        if rows.shape[1:] != self._row_shape or rows.dtype != self._dtype:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}; the file holds {self._dtype} (n, {self._row_shape})")
        self._file.write(np.ascontiguousarray(rows).data)
        self.n_rows += len(rows)

    def _write_header(self) -> None:
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self._row_shape),
        }
        npy_format.write_array_header_1_0(self._file, header)

    def sync(self) -> None:
        """Flush what was appended to the disk; the header still has the number of rows of before."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Write the final number of rows and flush everything to the disk."""
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._header_bytes:
            raise RuntimeError(f"the npy header grew from {self._header_bytes} to {self._file.tell()} bytes")
        self.sync()

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


SYNC_EVERY_S = 5.0  # work that a kill costs at most

FORMAT_VERSION = 1  # part of every store's identity: raise it when the files below change


@dataclass
class Index:
    """Where each episode of a split lies in its arrays: rows `offset` to `offset + length`."""

    names: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    n_actions: int = 0
    n_positions: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of the arrays that it speaks of."""
        return sum(self.lengths)

    def add(self, episode: Episode) -> None:
        """Add the episode whose rows come next."""
        self.offsets.append(self.offsets[-1] + self.lengths[-1] if self.offsets else 0)
        self.names.append(episode.name)
        self.lengths.append(len(episode.frames))


def write_store(source: Source, image_size: int, folder: Path, fingerprint: str) -> None:
    """Write a complete store into a folder, `meta.json` last; goes on with what another call left there.

    Per split: `frames.npy` (rows, H, W, 3) uint8, `conditions.npy` (rows, A + P) float32 as recorded, and
    `index.json`. Every few seconds everything is synced and `index.json` says how far it goes; a call that finds one
    cuts off what lies behind and goes on there. Memory holds two episodes for each thread that reads.
    """
    splits = {split: _write_split(source, split, image_size, folder / split) for split in source.splits()}
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
    }
    _write_compact(folder / "meta.json", meta)


def _write_split(source: Source, split: str, image_size: int, folder: Path) -> Index:
    folder.mkdir(exist_ok=True)
    reads = source.reads(split, image_size)
    index = _packed_so_far(folder)
    if len(index.names) == len(reads):
        return index
    # A simulated world is Python and would only wait for itself.
    n_threads = 1 if isinstance(source, PushingWorld) else n_reading_threads()
    episodes = read_ahead(reads[len(index.names) :], n_threads)
    episodes = show_packing(episodes, split, len(index.names), len(reads))
    first = next(episodes)
    index.n_actions = first.actions.shape[1]
    index.n_positions = 0 if first.positions is None else first.positions.shape[1]
    n_rows, synced = index.n_rows, time.monotonic()
    with (
        NpyAppender(folder / "frames.npy", (image_size, image_size, 3), np.uint8, n_rows) as frames,
        NpyAppender(folder / "conditions.npy", first.conditions.shape[1:], np.float32, n_rows) as conditions,
    ):
        for episode in chain([first], episodes):
            beat()
            frames.append(episode.frames)
            conditions.append(episode.conditions)
            index.add(episode)
            if time.monotonic() - synced > SYNC_EVERY_S:
                frames.sync()
                conditions.sync()
                _write_compact(folder / "index.json", asdict(index))
                synced = time.monotonic()
    _write_compact(folder / "index.json", asdict(index))
    return index


def _packed_so_far(folder: Path) -> Index:
    """What an earlier call packed and synced; nothing where it wrote no index."""
    path = folder / "index.json"
    if not path.exists():
        return Index()
    return Index(**json.loads(path.read_text(encoding="utf-8")))


def _statistics(folder: Path) -> dict[str, Any]:
    return asdict(ConditionStatistics.of(open_array(folder / "train" / "conditions.npy")))


def _write_compact(path: Path, content: dict[str, Any]) -> None:
    """Without line breaks: an index of 43,264 episodes is written every few seconds."""
    write_atomically(path, json.dumps(content).encode())
