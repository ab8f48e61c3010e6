"""In which files each episode of a LeRobot data set lies: meta/episodes.jsonl of v2, parquet files of v3."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvae.data.sources.lerobot.dataset_layout import DatasetInfo, EpisodeFiles, file_of, film_of
from cvae.data.sources.lerobot.parquet_tables import read_columns
from cvae.data.sources.split_folders import listing
from cvae.errors import InputError

EPISODES_V2 = Path("meta") / "episodes.jsonl"

EPISODES_V3 = Path("meta") / "episodes"


def list_files(root: Path, info: DatasetInfo) -> list[Path]:
    """The files that list the episodes."""
    return _parquet_files(root / EPISODES_V3) if info.is_v3 else [root / EPISODES_V2]


def list_episodes(root: Path, info: DatasetInfo, camera: str) -> list[EpisodeFiles]:
    """Every episode in the order of its number; InputError where meta/ is damaged or names one twice."""
    episodes = _episodes_v3(root, info, camera) if info.is_v3 else _episodes_v2(root, info, camera)
    episodes.sort(key=lambda episode: episode.number)
    for one, other in pairwise(episodes):
        if one.number == other.number:
            raise InputError(f"{root / 'meta'}: episode {one.number} stands there twice")
    for episode in episodes:
        if episode.length < 1 or episode.number < 0:
            raise InputError(
                f"{root / 'meta'}: episode {episode.number} has length {episode.length}; expected 1 or more"
            )
    return episodes


def _episodes_v2(root: Path, info: DatasetInfo, camera: str) -> list[EpisodeFiles]:
    path = root / EPISODES_V2
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    episodes = []
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
            index, length = (_whole(values[key]) for key in ("episode_index", "length"))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: line {number} has no whole numbers `episode_index` and `length`") from error
        names = {"episode_index": index, "episode_chunk": index // info.chunks_size, "video_key": camera}
        table = file_of(root, info.data_path, names)
        film = film_of(root, info, camera, names)
        episodes.append(EpisodeFiles(index, length, table, film, None))
    return episodes


def _episodes_v3(root: Path, info: DatasetInfo, camera: str) -> list[EpisodeFiles]:
    video = f"videos/{camera}"
    has_film = info.features[camera].dtype == "video"
    own = {"index": "episode_index", "length": "length", "chunk": "data/chunk_index", "file": "data/file_index"}
    films = {"chunk": f"{video}/chunk_index", "file": f"{video}/file_index"}
    times = {"from": f"{video}/from_timestamp", "to": f"{video}/to_timestamp"} if has_film else {}
    columns = [*own.values(), *(films.values() if has_film else ()), *times.values()]
    episodes = []
    for path in _parquet_files(root / EPISODES_V3):
        for row in _rows(read_columns(path, columns)):
            index, length, chunk, file = (_whole_in(row, name, path) for name in own.values())
            table = file_of(root, info.data_path, {"chunk_index": chunk, "file_index": file})
            film, start_s = None, None
            if has_film:
                chunk, file = (_whole_in(row, name, path) for name in films.values())
                film = film_of(root, info, camera, {"video_key": camera, "chunk_index": chunk, "file_index": file})
                start_s, end_s = (float(row[name]) for name in times.values())
                if not abs((end_s - start_s) * info.fps - length) < 0.5:  # also where one is NaN
                    raise InputError(
                        f"{path}: episode {index} has {length} frames and lasts from {start_s:g} to {end_s:g} s; "
                        f"expected {length / info.fps:g} s at {info.fps:g} frames a second"
                    )
            episodes.append(EpisodeFiles(index, length, table, film, start_s))
    return episodes


def _parquet_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; expected the episodes of a v3.0 data set")
    chunks = sorted(chunk for chunk in listing(folder) if chunk.is_dir())
    found = [path for chunk in chunks for path in sorted(listing(chunk)) if path.suffix == ".parquet"]
    if not found:
        raise InputError(f"{folder}: holds no chunk-*/file-*.parquet")
    return found


def _rows(table: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    return ({name: column[i] for name, column in table.items()} for i in range(len(next(iter(table.values())))))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or value != int(value):
        raise ValueError(value)
    return int(value)


def _whole_in(row: Mapping[str, Any], name: str, path: Path) -> int:
    try:
        return _whole(row[name])
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{path}: `{name}` is {row[name]!r}; expected a whole number") from error
