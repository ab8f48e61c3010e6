"""Reading every episode of a source, the broken ones too."""

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

from rich.progress import track

from cvae.console import new_console
from cvae.data.sources import SPLITS, Episode, EpisodeFormat, PushingWorld, Recorded, Source
from cvae.errors import InputError, fault_of

Item = TypeVar("Item")


class ReadEpisode(NamedTuple):
    """Reading one episode: its split, the share of the split that came before, the episode or its problems."""

    split: str
    share: float
    outcome: Episode | list[str]


def read_everything(source: Source, image_size: int) -> Iterator[ReadEpisode]:
    """Yield every episode of every split; `image_size` is that of generated episodes alone, others have their own."""
    return _generated(source, image_size) if isinstance(source, PushingWorld) else _recorded(source)


def _generated(world: PushingWorld, image_size: int) -> Iterator[ReadEpisode]:
    for split in world.splits():
        n_episodes = world.n_episodes(split)
        for index in _progress(list(range(n_episodes)), split):
            yield ReadEpisode(split, index / n_episodes, world.episode(split, index, image_size))


def _recorded(source: Recorded[Any]) -> Iterator[ReadEpisode]:
    located: dict[str, list[Any]] = {}
    for split in SPLITS:
        is_there = split in source.made_splits() or (source.root / split).is_dir()
        if not is_there and split not in source.own_splits():
            continue
        try:
            located[split] = source.locate(split)
        except InputError as error:
            yield ReadEpisode(split, 0.0, [str(error)])
    first = _first_format(source, [place for places in located.values() for place in places])
    if first and (fault := fault_of(partial(source.require_square, *first))):
        for split in located:  # of frames that cannot be used nothing more can be told
            yield ReadEpisode(split, 0.0, [fault] if split == next(iter(located)) else [])
        return
    # Where nothing is readable nothing is compared.
    expected = first[1] if first else EpisodeFormat(64, 64, n_actions=4, n_positions=0)
    for split, places in located.items():
        named = enumerate(zip(places, source.names(places), strict=True))
        for index, (place, name) in _progress(list(named), split):
            yield ReadEpisode(split, index / len(places), _read(source, place, name, expected))


def _first_format(source: Recorded[Any], places: list[Any]) -> tuple[Any, EpisodeFormat] | None:
    """The first episode that can be read and its format: a broken first one should not hide the others' faults."""
    for place in places:
        try:
            return place, source.format_of(place)
        except InputError:
            continue
    return None


def _read(source: Recorded[Any], place: Any, name: str, expected: EpisodeFormat) -> Episode | list[str]:
    try:
        return source.read(place, name, expected, expected.side)
    except InputError:
        return source.problems(place, expected)


def _progress(items: list[Item], split: str) -> Iterator[Item]:
    """The items, with a bar on the error stream where that is a terminal."""
    console = new_console(stderr=True)
    yield from track(items, description=split, console=console, transient=True, disable=not sys.stderr.isatty())
