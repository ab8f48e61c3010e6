"""Writing a store: every episode of a source streamed into arrays that can be memory-mapped."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cvae.data.clips import open_array
from cvae.data.npy import NpyAppender
from cvae.data.sources import Source
from cvae.data.statistics import ConditionStatistics

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
    _write_json(folder / "meta.json", meta)


def _write_split(source: Source, split: str, image_size: int, folder: Path) -> Index:
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
    return index


def _statistics(folder: Path) -> dict[str, Any]:
    return asdict(ConditionStatistics.of(open_array(folder / "train" / "conditions.npy")))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
