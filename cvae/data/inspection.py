"""Looking at data before training on it: what it holds, and everything that is wrong with it."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from cvae.console import new_console
from cvae.data.collapse_threshold import CollapseThreshold, ResidualSample
from cvae.data.sources import (
    DOWNLOAD,
    SPLITS,
    Bair,
    Episode,
    EpisodeFormat,
    NpzEpisodes,
    PushingWorld,
    Recorded,
    RldsEpisodes,
    Source,
    holds,
    listing,
    require_root,
    require_trainable,
)
from cvae.data.store import clip_starts, explain_shortness
from cvae.errors import InputError, fault_of

Item = TypeVar("Item")

TRAINED_SIDE = 64  # the size that larger frames are averaged down to, as runs do by default

N_SHOWN = 3  # episodes of each split that are kept for the contact sheet

BAIR_LAYOUT = "SPLIT/traj_*.tfrecords, files or folders of N/{0.png, ..., actions.csv, endeffector_positions.csv}"

EPISODES_LAYOUT = "SPLIT/*.npz"


@dataclass
class SplitInspection:
    """What one split holds: lengths in frames, conditions and clip count of its sound episodes, some to look at."""

    lengths: list[int] = field(default_factory=list)
    n_clips: int = 0
    conditions: list[NDArray[np.float32]] = field(default_factory=list)
    shown: list[Episode] = field(default_factory=list)


@dataclass
class Inspection:
    """What a source holds.

    Attributes:
        side: size of the frames in pixels, None where no episode is sound.
        splits: by name, those that are there.
        problems: one sentence each, naming the file.
        threshold: of collapse, from the first split that has sound episodes, frames reduced to 64 pixels if larger.
    """

    source: Source
    side: int | None = None
    splits: dict[str, SplitInspection] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    threshold: CollapseThreshold | None = None


def detect(path: str, n_frames: int = 30) -> Source:
    """The source that a path holds by its layout, or the embedded world for the word `pushing`."""
    if path == "pushing":
        return PushingWorld()
    root = Path(path)
    if (root / DOWNLOAD).is_dir():
        return Bair(root=root, n_frames=n_frames)
    if root.is_dir() and any(".tfrecord-" in entry.name for entry in listing(root)):
        return RldsEpisodes(root=root)
    require_root(root)
    entries = [entry for split in SPLITS if (root / split).is_dir() for entry in listing(root / split)]
    has_npz = any(entry.suffix == ".npz" for entry in entries)
    has_sequences = any(entry.name.startswith("traj_") for entry in entries)
    if has_npz == has_sequences:
        layout = "both layouts" if has_npz else f"neither layout ({_holdings(root)})"
        raise InputError(f"{root}: has {layout}; expected either {BAIR_LAYOUT} or {EPISODES_LAYOUT}")
    return NpzEpisodes(root=root) if has_npz else Bair(root=root, n_frames=n_frames)


def _holdings(root: Path) -> str:
    return "; ".join(f"{split}/ holds {holds(root / split)}" for split in SPLITS if (root / split).is_dir())


def inspect(source: Source, clip_length: int, image_size: int) -> Inspection:
    """Read every episode of a source and report on it; `image_size` is that of generated episodes alone."""
    report, steps = Inspection(source), ResidualSample()
    attempts = _generated(source, image_size) if isinstance(source, PushingWorld) else _recorded(source)
    for attempt in attempts:
        of_split = report.splits.setdefault(attempt.split, SplitInspection())
        if isinstance(attempt.outcome, Episode):
            report.side = attempt.outcome.frames.shape[1]
            _count(of_split, attempt.outcome, clip_length, source.stride)
            if of_split is next(split for split in report.splits.values() if split.lengths):
                steps.add(attempt.outcome, TRAINED_SIDE if report.side % TRAINED_SIDE == 0 else report.side)
            if attempt.share >= len(of_split.shown) / N_SHOWN:
                of_split.shown.append(attempt.outcome)
        else:
            report.problems.extend(attempt.outcome)
    report.threshold = steps.estimate()
    for split, of_split in report.splits.items():
        if of_split.lengths and not of_split.n_clips:
            longest = max(of_split.lengths)
            report.problems.append(explain_shortness(source.location, split, clip_length, longest))
    report.problems += _launch_faults(source, report)
    return report


def _launch_faults(source: Source, report: Inspection) -> list[str]:
    """Return what a launch would refuse of the whole, in its words: the layout, missing splits, the frames' size."""
    faults = [fault_of(source.manifest)]
    for split in ("train", "validate"):
        if not report.splits.get(split):
            faults.append(source.explain_absence(split))
    if isinstance(source, Recorded) and source.size is None and report.side is not None:
        side, root = report.side, source.root
        faults.append(fault_of(lambda: require_trainable(side, root)))
    known = set(report.problems)
    return [fault for fault in dict.fromkeys(faults) if fault is not None and fault not in known]


def _count(of_split: SplitInspection, episode: Episode, clip_length: int, stride: int | None) -> None:
    of_split.lengths.append(len(episode.frames))
    of_split.n_clips += len(clip_starts(len(episode.frames), clip_length, stride))
    of_split.conditions.append(episode.conditions)


class ReadEpisode(NamedTuple):
    """Reading one episode: its split, the share of the split that came before, the episode or its problems."""

    split: str
    share: float
    outcome: Episode | list[str]


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
    expected = _first_format(source, [place for places in located.values() for place in places])
    for split, paths in located.items():
        named = enumerate(zip(paths, source.names(paths), strict=True))
        for index, (path, name) in _progress(list(named), split):
            yield ReadEpisode(split, index / len(paths), _read(source, path, name, expected))


def _first_format(source: Recorded[Any], places: list[Any]) -> EpisodeFormat:
    """That of the first episode that can be read: a broken first one should not hide the others' faults."""
    for place in places:
        try:
            return source.format_of(place)
        except InputError:
            continue
    return EpisodeFormat(64, 64, n_actions=4, n_positions=0)  # nothing is readable, so nothing is compared


def _read(source: Recorded[Any], place: Any, name: str, expected: EpisodeFormat) -> Episode | list[str]:
    try:
        return source.read(place, name, expected, expected.side)
    except InputError:
        return source.problems(place, expected)


def _progress(items: list[Item], split: str) -> Iterator[Item]:
    """The items, with a bar on the error stream where that is a terminal."""
    console = new_console(stderr=True)
    yield from track(items, description=split, console=console, transient=True, disable=not sys.stderr.isatty())
