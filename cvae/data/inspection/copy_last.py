"""How well the last given frame, repeated, predicts each clip: what a model must beat, clip by clip."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from cvae.data.sources import Episode
from cvae.data.store import clip_starts

#: Edges of the histogram's bins in dB.
EDGES = (15, 20, 25, 30, 35, 40)

#: From here on a clip is as good as still: an error below 1e-4 of the range squared.
STILL_DB = 40.0

MANY_STILL = 0.1

SMALLEST_MSE = 1e-10  # equal frames have 100 dB, as in evaluation

BAR = 20  # characters of the longest bar


class CopyLast:
    """PSNR of copying, mean over a clip's predicted frames and channels, of every clip of every split."""

    def __init__(self, n_past: int) -> None:
        self._n_past = n_past
        self.scores: dict[str, list[float]] = {}

    def add(self, split: str, episode: Episode, clip_length: int, stride: int | None) -> None:
        """Score an episode's clips."""
        of_split = self.scores.setdefault(split, [])
        if clip_length <= self._n_past:
            return
        frames = episode.frames
        for start in clip_starts(len(frames), clip_length, stride):
            last = frames[start + self._n_past - 1].astype(np.float32)
            errors = np.square(frames[start + self._n_past : start + clip_length] - last) / 255.0**2
            mse = errors.mean(axis=(1, 2), dtype=np.float64)  # (T, 3)
            of_split.append(float(-10 * np.log10(np.maximum(mse, SMALLEST_MSE)).mean()))

    def lines(self) -> Iterator[str | Table]:
        """A sentence for each split and one histogram for all."""
        found = {split: np.array(scores) for split, scores in self.scores.items() if scores}
        if not found:
            return
        for split, scores in found.items():
            low, middle, high = np.percentile(scores, [10, 50, 90])
            spread = f"80% of them {low:.1f} to {high:.1f}"
            yield f"copy-last: median {middle:.1f} dB over {len(scores)} {split} clips, {spread}"
        yield _histogram(found)

    def warnings(self) -> Iterator[str]:
        """What should be looked at."""
        for split, scores in self.scores.items():
            n_still = sum(score >= STILL_DB for score in scores)
            if scores and n_still >= MANY_STILL * len(scores):
                yield (
                    f"{n_still} of {len(scores)} {split} clips are as good as still: copying their last given frame "
                    f"has {STILL_DB:g} dB or more, so a model has nothing to learn of them"
                )


def _histogram(found: dict[str, NDArray[np.float64]]) -> Table:
    names = [
        f"below {EDGES[0]}",
        *(f"{a} to {b}" for a, b in pairwise(EDGES)),
        f"{EDGES[-1]} or more",
    ]
    table = Table("copy-last, dB", *(f"{split} clips" for split in found), title_justify="left")
    counts = {split: np.bincount(np.digitize(scores, EDGES), minlength=len(names)) for split, scores in found.items()}
    for i, name in enumerate(names):
        table.add_row(name, *(_bar(int(count[i]), int(count.max())) for count in counts.values()))
    return table


def _bar(count: int, largest: int) -> str:
    return f"{count:>6} {'#' * -(-BAR * count // largest)}".rstrip()
