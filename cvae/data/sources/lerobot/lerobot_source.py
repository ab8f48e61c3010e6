"""LeRobot episodes as a source: numbers from parquet files, frames from films or from pictures in the tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources.digests import files_content, files_manifest
from cvae.data.sources.episode import Episode, EpisodeFormat
from cvae.data.sources.lerobot.dataset_layout import (
    INFO,
    DatasetInfo,
    EpisodeFiles,
    choose_camera,
    read_info,
    require_features,
    split_ranges,
)
from cvae.data.sources.lerobot.episode_list import list_episodes, list_files
from cvae.data.sources.lerobot.film import read_film
from cvae.data.sources.lerobot.parquet_tables import read_columns, read_numbers_of
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
from cvae.errors import InputError
from cvae.sections import Section

FeatureNames = Annotated[tuple[str, ...], Field(strict=False)]


class LeRobotKeys(Section):
    """Names of the features, as meta/info.json has them."""

    frames: str | None = Field(None, description="feature of the frames, video or image; null: the only one")
    actions: FeatureNames = Field(("action",), min_length=1, description="features of the actions, side by side")
    positions: FeatureNames = Field(
        ("observation.state",), description="features of the positions, side by side; none: not recorded"
    )


class LeRobotEpisodes(Recorded[EpisodeFiles]):
    """A LeRobot data set, v2.1 or v3.0: `ROOT/meta/info.json`, parquet tables in data/, mp4 films in videos/."""

    source: Literal["lerobot"] = "lerobot"
    keys: Annotated[LeRobotKeys, Field(description="Names of the features.")] = LeRobotKeys()
    n_frames: FramesUsed = None
    frame_stride: FrameStride = 1
    stride: ClipStride = 10

    def own_splits(self) -> tuple[str, ...]:
        """The splits that have episodes, in the order train, validate, test; all is train where none is named."""
        return tuple(split_ranges(self.root, read_info(self.root))) or ("train",)

    def absence(self, split: str) -> str:
        """Why the data itself has no episodes of a split, in one sentence."""
        return f"{self.root / INFO}: names no {split} split; it has {', '.join(self.own_splits())}"

    def own_places(self, split: str) -> list[EpisodeFiles]:
        """The episodes of a split in the order of their numbers; empty where there are none."""
        info = read_info(self.root)
        episodes = list_episodes(self.root, info, self._camera(info))
        ranges = split_ranges(self.root, info)
        if not ranges:
            return episodes if split == "train" else []
        of_split = ranges.get(split, range(0))
        found = [episode for episode in episodes if episode.number in of_split]
        if len(found) < len(of_split):
            there = {episode.number for episode in found}
            lost = next(number for number in of_split if number not in there)
            raise InputError(f"{self.root / 'meta'}: episode {lost} of the {split} split is not among the episodes")
        return found

    def _camera(self, info: DatasetInfo) -> str:
        return choose_camera(self.root, info, self.keys.frames)

    def path_of(self, place: EpisodeFiles) -> Path:
        """The table and the number of an episode, for messages."""
        return Path(place.where)

    def names(self, places: list[EpisodeFiles]) -> list[str]:
        """Names of episodes: their numbers."""
        return [str(place.number) for place in places]

    def format_of(self, place: EpisodeFiles) -> EpisodeFormat:
        """What one episode would have all others be."""
        actions, positions = self._numbers(place)
        height, width = next(self._frames(place, 1)).shape[:2]
        return EpisodeFormat(height, width, actions.shape[1], 0 if positions is None else positions.shape[1])

    def read(self, place: EpisodeFiles, name: str, expected: EpisodeFormat, image_size: int) -> Episode:
        """Read one episode, frames reduced to `image_size` one by one; InputError names the file at fault."""
        actions, positions = self._numbers(place)
        expected.require_columns(place.where, "actions", actions.shape[1], expected.n_actions)
        n_positions = 0 if positions is None else positions.shape[1]
        expected.require_columns(place.where, "positions", n_positions, expected.n_positions)
        n_used = min(self.n_frames or place.length, place.length)
        n_kept = -(-n_used // self.frame_stride)
        frames = np.empty((n_kept, image_size, image_size, 3), np.uint8)
        # To the end, whatever is used: a film is whole or it is refused.
        for number, frame in enumerate(self._frames(place, self.frame_stride)):
            expected.require_frame(frame.shape[0], frame.shape[1], place.film or place.where)
            if number < n_kept:
                frames[number] = fit_frames(frame[None], self.size, image_size)[0]
        kept = None if positions is None else positions[: n_used : self.frame_stride]
        return Episode(name, frames, join_actions(actions[:n_used], self.frame_stride), kept)

    def _frames(self, place: EpisodeFiles, step: int) -> Iterator[NDArray[np.uint8]]:
        """Every `step`-th frame (H, W, 3) of an episode."""
        info = read_info(self.root)
        if place.film is not None:
            yield from read_film(place.film, place.start_s, place.length, info.fps, step)
            return
        camera = self._camera(info)
        for t, picture in enumerate(read_columns(place.table, [camera], place.number)[camera]):
            if t % step == 0:
                where = Path(f"{place.where}, `{camera}` {t}")
                data = picture.get("bytes") if isinstance(picture, dict) else picture
                if not isinstance(data, bytes):
                    raise InputError(f"{where}: holds no picture")
                yield decode_picture(data, where)

    def _numbers(self, place: EpisodeFiles) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Actions (T, A) and positions (T, P) of an episode, its rows held against what meta/ promises."""
        require_features(self.root, read_info(self.root), (*self.keys.actions, *self.keys.positions))
        columns = dict.fromkeys(["frame_index", *self.keys.actions, *self.keys.positions])
        numbers = read_numbers_of(place.table, list(columns), place.number)
        rows = numbers["frame_index"][:, 0]
        if not np.array_equal(rows, np.arange(place.length)):
            raise InputError(
                f"{place.where}: has {len(rows)} rows, or they are not in order; expected `frame_index` 0 to "
                f"{place.length - 1} as meta/ says"
            )
        actions, positions = (
            self._table(place, numbers, names) if names else None for names in (self.keys.actions, self.keys.positions)
        )
        assert actions is not None  # there is at least one feature of the actions
        return actions, positions

    def _table(
        self, place: EpisodeFiles, numbers: dict[str, NDArray[np.float64]], names: tuple[str, ...]
    ) -> NDArray[np.float32]:
        table = np.concatenate([numbers[name] for name in names], axis=1)
        require_finite(table, Path(place.where), "row")
        return as_float32(table, Path(place.where))

    def manifest(self) -> str:
        """Identity by path, size and time of change of each file, which is cheap to compute."""
        return self.identity(files_manifest(self.root, self._files()))

    def content(self) -> str:
        """Identity of the bytes of every file that is read."""
        return files_content(self.root, self._files())

    def _files(self) -> list[Path]:
        """info.json, the list of episodes, and the tables and films of all of them."""
        info = read_info(self.root)
        places = [place for split in self.own_splits() for place in self.own_places(split)]
        tables = {place.table for place in places}
        films = {place.film for place in places if place.film is not None}
        return [self.root / INFO, *list_files(self.root, info), *sorted(tables), *sorted(films)]

    def reading(self) -> str:
        """The format, and its options that shape an episode."""
        return f"lerobot keys={self.keys.model_dump_json()} n_frames={self.n_frames}" + frame_stride_words(
            self.frame_stride
        )
