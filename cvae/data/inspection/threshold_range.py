"""The collapse threshold of beta over all steps, and its range over single clips."""

from collections.abc import Iterator

import numpy as np

from cvae.data.collapse_threshold import CollapseThreshold, ResidualSample, estimate_threshold
from cvae.data.sources import Episode
from cvae.data.store import clip_starts

#: Clips whose own threshold is estimated, about: half are dropped where there are twice as many.
N_CLIPS = 256


class ThresholdRange:
    """Both estimates, from the first split that has episodes, which come one at a time."""

    def __init__(self) -> None:
        self.of_clips: list[float] = []
        self.n_clips = 0
        self._steps = ResidualSample()
        self._split: str | None = None
        self._share = 1.0
        self._random = np.random.default_rng(0)

    def add(self, split: str, episode: Episode, clip_length: int, stride: int | None) -> None:
        """Add an episode of a split; those of other splits than the first are left out."""
        self._split = self._split or split
        if split != self._split:
            return
        self._steps.add(episode, episode.frames.shape[1])
        for start in clip_starts(len(episode.frames), clip_length, stride):
            self.n_clips += 1
            if self._random.random() >= self._share:
                continue
            frames = episode.frames[start : start + clip_length]
            found = estimate_threshold(frames[:-1], frames[1:], episode.conditions[start : start + clip_length - 1])
            if found:
                self.of_clips.append(found.beta_c)
        if len(self.of_clips) > 2 * N_CLIPS:
            self.of_clips = [beta for beta in self.of_clips if self._random.random() < 0.5]
            self._share /= 2

    def estimate(self) -> CollapseThreshold | None:
        """Return the estimate over all steps."""
        return self._steps.estimate()

    def lines(self) -> Iterator[str]:
        """Both, for people."""
        if threshold := self.estimate():
            yield _format_threshold(threshold)
        if len(self.of_clips) > 1:
            low, middle, high = np.percentile(self.of_clips, [5, 50, 95])
            yield (
                f"          of single clips beta_c is {low:.2g} to {high:.2g} (5% and 95% of {len(self.of_clips)} of "
                f"{self.n_clips} clips), median {middle:.2g}"
            )


def _format_threshold(threshold: CollapseThreshold) -> str:
    given = f", linear in {threshold.n_conditions} conditions" if threshold.n_conditions else ""
    return (
        f"collapse: at {threshold.image_size}x{threshold.image_size} pixels beta_c is about {threshold.beta_c:.2g} "
        f"(beta_sum {threshold.beta_sum:.3g}, sigma {threshold.sigma:.3g}): above it a latent is expected to die in "
        f"a model that forecasts one step no worse than the previous frame{given} (it can be too low); "
        f"from {threshold.n_residuals} steps"
    )
