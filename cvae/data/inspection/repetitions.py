"""Frames that repeat the one before, and frames that other episodes have too: standstills, duplicates and leaks."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from cvae.data.sources import Episode

#: Share of all steps that repeat the frame before from which on it is worth a warning.
MANY_FROZEN = 0.1

#: Share of an episode's different frames that another has too, from which on it counts as a copy.
COPIED = 0.5

N_NAMED = 3


class Standstill(NamedTuple):
    """A run of steps that change no pixel: how many, in which episode, from which frame."""

    n_steps: int
    split: str
    name: str
    frame: int


class Copy(NamedTuple):
    """An episode of whose different frames many are another's, which was read before it."""

    split: str
    name: str
    other_split: str
    other_name: str
    n_shared: int
    n_frames: int

    def describe(self) -> str:
        """Both episodes and how much they share."""
        shared = f"{self.n_shared} of {self.n_frames} frames of {self.split} {self.name}"
        return f"{shared} are those of {self.other_split} {self.other_name}"


class Repetitions:
    """Counts repeated frames of episodes that come one at a time.

    It keeps a digest of each different frame, which with its place in a table is some 150 bytes.
    """

    def __init__(self) -> None:
        self.n_steps = self.n_frozen = self.n_still = 0
        self.longest: Standstill | None = None
        self.copies: list[Copy] = []
        self._owner: dict[bytes, int] = {}  # of a frame: the episode that had it first
        self._episodes: list[tuple[str, str]] = []

    def add(self, split: str, episode: Episode) -> None:
        """Count one episode."""
        digests = [hashlib.blake2b(np.ascontiguousarray(f).data, digest_size=8).digest() for f in episode.frames]
        frozen = [before == after for before, after in pairwise(digests)]
        self.n_steps += len(frozen)
        self.n_frozen += sum(frozen)
        self.n_still += bool(frozen) and all(frozen)
        frame = 0
        for is_frozen, steps in groupby(frozen):
            n = len(list(steps))
            if is_frozen and (self.longest is None or n > self.longest.n_steps):
                self.longest = Standstill(n, split, episode.name, frame)
            frame += n
        self._compare(split, episode.name, set(digests))

    def _compare(self, split: str, name: str, digests: set[bytes]) -> None:
        number = len(self._episodes)
        self._episodes.append((split, name))
        owners = Counter(self._owner.setdefault(digest, number) for digest in sorted(digests))
        del owners[number]
        if owners:
            other, n_shared = owners.most_common(1)[0]
            if n_shared >= COPIED * len(digests):
                self.copies.append(Copy(split, name, *self._episodes[other], n_shared, len(digests)))

    def lines(self) -> Iterator[str]:
        """What was counted."""
        if not self.n_steps:
            return
        text = f"frozen: {self.n_frozen} of {self.n_steps} steps ({self.n_frozen / self.n_steps:.1%}) change no pixel"
        if self.longest:
            n_steps, split, name, frame = self.longest
            text += f"; the longest run is {n_steps} steps, {split} episode {name} from frame {frame}"
        yield text

    def warnings(self) -> Iterator[str]:
        """What should be looked at."""
        if self.n_steps and self.n_frozen >= MANY_FROZEN * self.n_steps:
            yield (
                f"{self.n_frozen / self.n_steps:.0%} of all steps change no pixel ({self.n_still} episodes stand still "
                "throughout): frames were recorded twice, or the scene had come to rest (`data.n_frames` cuts the end "
                "off)"
            )
        for is_leak, what in (
            (True, "leak: a model is tested on what it was trained on"),
            (False, "duplicates: such an episode counts twice"),
        ):
            found = [copy for copy in self.copies if (copy.split != copy.other_split) == is_leak]
            if found:
                named = "; ".join(copy.describe() for copy in found[:N_NAMED])
                more = f"; and {len(found) - N_NAMED} more episodes" if len(found) > N_NAMED else ""
                yield f"{what}: {named}{more}"
