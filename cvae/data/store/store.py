"""The packed store: a source's episodes as memory-mapped arrays, found again by their content.

STORE/meta.json, STORE/{train,validate,test}/{frames.npy,conditions.npy,index.json}
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources import Source
from cvae.data.store.cache import packed_folder
from cvae.data.store.clips import Clips, clip_starts, explain_no_positions, explain_shortness
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.store_digests import digest_of_values, require_sound
from cvae.data.store.writer import Index
from cvae.errors import InputError


def open_store(source: Source, image_size: int, cache: Path) -> "Store":
    """The packed store of a source at an image size, packed now if there is none for this content.

    Raises:
        InputError: the source has a fault, the packed data is damaged, or the cache cannot be written or is full.
    """
    return Store(packed_folder(source, image_size, cache), source)


class Store:
    """A complete packed store.

    Attributes:
        path: its folder.
        source: what it was opened for.
        fingerprint: hex identity of the content, the image size and the format.
        image_size: side of the frames in pixels.
        splits: the splits that have episodes.
        n_actions, n_positions: columns of the conditions; n_positions is 0 where they were not recorded.
        statistics: of the train split's conditions over all its frames; None without a train split.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self.path = path
        self.source = source
        meta = _read_json(path / "meta.json")
        if not isinstance(meta, dict) or not {"fingerprint", "splits", "statistics"} <= meta.keys():
            raise InputError(f"{path / 'meta.json'}: the packed data is damaged (keys are missing); delete its folder")
        if meta.get("digest", digest_of_values(meta)) != digest_of_values(meta):
            raise InputError(f"{path / 'meta.json'}: the packed data is damaged (it was changed); delete its folder")
        note = path.parent / "digests" / f"{path.name}.checked"
        require_sound(path, meta.get("digests", {}), note)  # a store of before there were digests has none
        self.fingerprint: str = meta["fingerprint"]
        self.image_size: int = meta["image_size"]
        self.splits: tuple[str, ...] = tuple(meta["splits"])
        self.n_actions: int = meta["n_actions"]
        self.n_positions: int = meta["n_positions"]
        statistics = meta["statistics"]
        self.statistics = (
            ConditionStatistics(tuple(statistics["mean"]), tuple(statistics["std"])) if statistics else None
        )

    def n_episodes(self, split: str) -> int:
        """Number of episodes in a split; InputError for a split that is absent."""
        return len(self._index(split).names)

    def clips(
        self, split: str, length: int, *, use_positions: bool, statistics: ConditionStatistics | None = None
    ) -> Clips:
        """All clips of `length` frames in a split, standardised with the train split's statistics by default.

        An episode shorter than `length` gives no clip.

        Raises:
            InputError: the split is absent or gives no clip, positions are wanted but were not recorded, or
                there are no statistics.
        """
        index = self._index(split)
        if use_positions and not self.n_positions:
            raise InputError(explain_no_positions(self.source.location))
        starts, names = _cut(index, length, self.source.stride)
        if not names:
            raise InputError(explain_shortness(self.source.location, split, length, max(index.lengths)))
        n_columns = self.n_actions + (self.n_positions if use_positions else 0)
        chosen = statistics or self._own_statistics()
        return Clips(self.path / split, starts, names, length, n_columns, chosen)

    def _own_statistics(self) -> ConditionStatistics:
        if self.statistics is None:
            raise InputError(
                f"{self.source.location}: has no train split to standardise the conditions with; "
                "give the statistics of the data that the model was trained on"
            )
        return self.statistics

    def _index(self, split: str) -> Index:
        if split not in self.splits:
            raise InputError(self.source.explain_absence(split))
        return Index(**_read_json(self.path / split / "index.json"))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the packed data is damaged ({error}); delete its folder") from error
    return content


def _cut(index: Index, length: int, stride: int | None) -> tuple[NDArray[np.int64], list[str]]:
    """Rows and names of all clips: one from each episode's first frame, or one every `stride` frames."""
    starts: list[int] = []
    names: list[str] = []
    for name, offset, n_frames in zip(index.names, index.offsets, index.lengths, strict=True):
        for frame in clip_starts(n_frames, length, stride):
            starts.append(offset + frame)
            names.append(f"{name}@{frame}")
    return np.array(starts, dtype=np.int64), names
