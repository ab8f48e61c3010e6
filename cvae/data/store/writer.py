"""Writing a store: every episode of a source streamed into arrays that can be memory-mapped."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from cvae.data.sources import Episode, PushingWorld, Source
from cvae.data.store.clips import open_array
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.npy_appender import NpyAppender
from cvae.data.store.packing import n_reading_threads, read_ahead, show_packing
from cvae.data.store.store_digests import digest_of_values, file_digest, sync_folder
from cvae.files import write_atomically
from cvae.processes import beat

SYNC_EVERY_S = 5.0  # work that a kill costs at most

FORMAT_VERSION = 1  # part of every store's identity: raise it when the files below change


@dataclass
class Index:
    """Where each episode of a split lies in its arrays: rows `offset` to `offset + length`.

    `digests` has those of the rows that it speaks of, by the array's name; a call that goes on holds them against it.
    """

    names: list[str] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    n_actions: int = 0
    n_positions: int = 0
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows of the arrays that it speaks of."""
        return sum(self.lengths)

    def add(self, episode: Episode) -> None:
        """Add the episode whose rows come next."""
        self.offsets.append(self.offsets[-1] + self.lengths[-1] if self.offsets else 0)
        self.names.append(episode.name)
        self.lengths.append(len(episode.frames))


class _OtherRowsError(Exception):
    """The rows of an earlier call are not those that its index speaks of."""


def write_store(source: Source, image_size: int, folder: Path, fingerprint: str) -> None:
    """Write a complete store into a folder, `meta.json` last; goes on with what another call left there.

    Per split: `frames.npy` (rows, H, W, 3) uint8, `conditions.npy` (rows, A + P) float32 as recorded, and
    `index.json`. Every few seconds everything is synced and `index.json` says how far it goes; a call that finds one
    cuts off what lies behind and goes on there, or begins again where the rows are not those that it speaks of.
    Memory holds two episodes for each thread that reads.
    """
    splits = {split: _write_split(source, split, image_size, folder / split) for split in source.splits()}
    first = next((index for index, _ in splits.values()), Index())
    meta = {
        "format": FORMAT_VERSION,
        "fingerprint": fingerprint,
        "source": source.model_dump(mode="json"),
        "image_size": image_size,
        "splits": {split: len(index.names) for split, (index, _) in splits.items()},
        "n_actions": first.n_actions,
        "n_positions": first.n_positions,
        "statistics": _statistics(folder) if "train" in splits else None,
        "digests": {f"{split}/{name}": one for split, (_, digests) in splits.items() for name, one in digests.items()},
    }
    _write_compact(folder / "meta.json", meta | {"digest": digest_of_values(meta)})
    for written in (*(folder / split for split in splits), folder):
        sync_folder(written)


def _write_split(source: Source, split: str, image_size: int, folder: Path) -> tuple[Index, dict[str, str]]:
    """Write a split; returns its index and the digest of each of its files."""
    folder.mkdir(exist_ok=True)
    index = _packed_so_far(folder)
    try:
        return _append_episodes(source, split, image_size, folder, index)
    except _OtherRowsError:
        return _append_episodes(source, split, image_size, folder, Index())


def _append_episodes(
    source: Source, split: str, image_size: int, folder: Path, index: Index
) -> tuple[Index, dict[str, str]]:
    episodes = _episodes_after(source, split, image_size, len(index.names))
    if not index.names:
        first = next(episodes)
        index.n_actions = first.actions.shape[1]
        index.n_positions = 0 if first.positions is None else first.positions.shape[1]
        episodes = chain([first], episodes)
    n_rows, n_columns = index.n_rows, index.n_actions + index.n_positions
    with (
        NpyAppender(folder / "frames.npy", (image_size, image_size, 3), np.uint8, n_rows) as frames,
        NpyAppender(folder / "conditions.npy", (n_columns,), np.float32, n_rows) as conditions,
    ):
        arrays: dict[str, NpyAppender[Any]] = {"frames.npy": frames, "conditions.npy": conditions}
        if n_rows and index.digests != {name: array.digest for name, array in arrays.items()}:
            raise _OtherRowsError
        synced = time.monotonic()
        for episode in episodes:
            beat()
            frames.append(episode.frames)
            conditions.append(episode.conditions)
            index.add(episode)
            if time.monotonic() - synced > SYNC_EVERY_S:
                _write_progress(folder, index, arrays)
                synced = time.monotonic()
        _write_progress(folder, index, arrays)
    digests = {name: array.digest for name, array in arrays.items()}
    return index, digests | {"index.json": file_digest(folder / "index.json")}


def _episodes_after(source: Source, split: str, image_size: int, n_done: int) -> Iterator[Episode]:
    """The episodes of a split from one on, read ahead, with a bar."""
    reads = source.reads(split, image_size)
    # A simulated world is Python and would only wait for itself.
    n_threads = 1 if isinstance(source, PushingWorld) else n_reading_threads()
    return show_packing(read_ahead(reads[n_done:], n_threads), split, n_done, len(reads))


def _write_progress(folder: Path, index: Index, arrays: dict[str, NpyAppender[Any]]) -> None:
    """Sync the arrays, then say in the index how far they go."""
    for array in arrays.values():
        array.sync()
    index.digests = {name: array.digest for name, array in arrays.items()}
    _write_compact(folder / "index.json", asdict(index))


def _packed_so_far(folder: Path) -> Index:
    """What an earlier call packed and synced; nothing where it wrote no index, or one of the files is lost."""
    path = folder / "index.json"
    if not all((folder / name).exists() for name in ("index.json", "frames.npy", "conditions.npy")):
        return Index()
    try:
        return Index(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):  # damaged
        return Index()


def _statistics(folder: Path) -> dict[str, Any]:
    return asdict(ConditionStatistics.of(open_array(folder / "train" / "conditions.npy")))


def _write_compact(path: Path, content: dict[str, Any]) -> None:
    """Without line breaks: an index of 43,264 episodes is written every few seconds."""
    write_atomically(path, json.dumps(content).encode())
