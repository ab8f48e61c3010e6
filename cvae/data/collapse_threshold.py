"""How much a frame leaves to explain, and so above which weight of the KL term a latent explains nothing.

In a linear VAE with a Gaussian decoder of variance sigma^2 a latent direction is worth its nats only while the variance
that it would explain is above sigma^2 (Lucas et al. 2019). With the mean squared error over the D = 3 S S values of a
frame, sigma^2 = beta D / 2, so the last direction dies at

    beta_c = 2 lambda_max / D,

lambda_max being the largest eigenvalue of the covariance of what is left to explain in one frame, in squared
intensities of the range [0, 1] summed over the frame.

What is left is estimated by the crudest forecast that a model can be expected to beat: the previous frame, plus what is
linear in the conditions of the previous frame (where there are enough residuals to tell). A better forecast leaves a
smaller covariance in every direction, so this is an upper bound on beta_c for a model that predicts one step from true
frames at least as well. It says nothing about a model that is still worse than copying, nor about errors that pile up
over the model's own frames, and so it can be too low for a model that is trained: in a world whose hidden part is known
it gave 6.6e-4 where the threshold by the true hidden part is 1.9e-3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources import Episode, reduce_by_area
from cvae.data.store import Store
from cvae.schedules import values_per_frame

#: Residuals in a sample: enough for the largest eigenvalue, and a second's work.
N_RESIDUALS = 512

#: A weight this many times above the threshold is worth a warning: so much too low it has been found to be.
FAR_ABOVE = 3.0

#: Residuals for each column of the conditions before a regression on them tells more than it invents.
PER_COLUMN = 10


@dataclass(frozen=True)
class CollapseThreshold:
    """An upper bound on the weight of the KL term, in the mean convention, below which a latent can live."""

    beta_c: float
    lambda_max: float  # squared intensity, range 1, summed over a frame
    image_size: int
    n_residuals: int
    n_conditions: int  # columns that were regressed on; 0: too few residuals to regress on any

    @property
    def beta_sum(self) -> float:
        """The bound for the squared error summed over a frame: 2 lambda_max."""
        return 2.0 * self.lambda_max

    @property
    def sigma(self) -> float:
        """The standard deviation of the Gaussian decoder that it implies: the root of lambda_max."""
        return float(self.lambda_max**0.5)

    def format(self, top: float | None, least: float | None = None) -> str:
        """Return the threshold for people, with a warning where a schedule's largest weight is far above it.

        Args:
            top: in the mean convention, the largest that is searched; None where the training sets the weight itself.
            least: the smallest that is searched. A search that begins below the threshold is told, not warned.
        """
        bound = f"collapse expected above beta_c, about {self.beta_c:.2g}"
        if not self.is_far_below(top) or top is None:
            return bound
        times = f"{top / self.beta_c:.3g}" if self.beta_c > 0 else "infinitely many"
        if least is not None and not self.is_far_below(least):
            return f"{bound}; the search reaches {times} times that"
        return (
            f"{bound}; warning: its top is {times} times that. beta_c is of one step from true frames, in a linear "
            "model, and can be too low by a factor of 3: above it a latent may live or not, which train/kl will tell"
        )

    def is_far_below(self, top: float | None) -> bool:
        """Whether a weight is so far above the threshold that it is worth a warning."""
        return top is not None and top > FAR_ABOVE * self.beta_c


def estimate_threshold(
    before: NDArray[np.uint8], after: NDArray[np.uint8], conditions: NDArray[np.float32]
) -> CollapseThreshold | None:
    """Return the estimate from frames, those that follow them, and the conditions of the first, each (N, ...).

    None where fewer than two residuals leave nothing to take a covariance of.
    """
    n = len(before)
    if n < 2:
        return None
    residuals = (after.astype(np.float32) - before.astype(np.float32)).reshape(n, -1) / 255.0  # (N, D)
    columns = [conditions] if n >= PER_COLUMN * conditions.shape[1] else []
    design = np.column_stack([np.ones(n), *columns])  # (N, 1 + C)
    basis, strengths, _ = np.linalg.svd(design, full_matrices=False)
    basis = basis[:, strengths > 1e-6 * strengths[0]].astype(np.float32)  # constant columns add nothing
    residuals -= basis @ (basis.T @ residuals)
    # The covariance (D, D) and this (N, N) share their largest eigenvalue.
    largest = np.linalg.eigvalsh((residuals @ residuals.T).astype(np.float64))[-1]
    lambda_max = max(0.0, float(largest) / max(1, n - basis.shape[1]))
    size = before.shape[1]
    return CollapseThreshold(2.0 * lambda_max / values_per_frame(size), lambda_max, size, n, design.shape[1] - 1)


def store_threshold(store: Store, length: int) -> CollapseThreshold | None:
    """Return the estimate for the train split of a store, from steps drawn evenly from its clips of `length` frames."""
    clips = store.clips("train", length, use_positions=store.n_positions > 0)
    n_steps = len(clips) * (length - 1)
    drawn = np.random.default_rng(0).choice(n_steps, min(N_RESIDUALS, n_steps), replace=False)
    pairs = ResidualSample()
    for step in np.sort(drawn).tolist():
        clip, t = clips[step // (length - 1)], step % (length - 1)
        pairs.keep(clip.frames[t], clip.frames[t + 1], clip.conditions[t])
    return pairs.estimate()


class ResidualSample:
    """At most `2 * N_RESIDUALS` steps, drawn evenly from episodes that come one at a time, their number unknown."""

    def __init__(self) -> None:
        self._kept: list[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]] = []
        self._share = 1.0  # of the steps that are kept
        self._random = np.random.default_rng(0)

    def keep(self, before: NDArray[np.uint8], after: NDArray[np.uint8], conditions: NDArray[np.float32]) -> None:
        """Keep one step: two frames (S, S, 3) and the conditions (C,) of the first."""
        # Copied: a view would keep its whole episode in memory.
        self._kept.append((before.copy(), after.copy(), conditions.copy()))

    def add(self, episode: Episode, image_size: int) -> None:
        """Keep a share of an episode's steps, its frames reduced to `image_size`."""
        for t in np.flatnonzero(self._random.random(len(episode.frames) - 1) < self._share).tolist():
            before, after = reduce_by_area(episode.frames[t : t + 2], image_size)
            self.keep(before, after, episode.conditions[t])
        while len(self._kept) > 2 * N_RESIDUALS:
            self._kept = [step for step in self._kept if self._random.random() < 0.5]
            self._share /= 2

    def estimate(self) -> CollapseThreshold | None:
        """Return the estimate from what was kept."""
        if not self._kept:
            return None
        before, after, conditions = (np.stack(part) for part in zip(*self._kept, strict=True))
        return estimate_threshold(before, after, conditions)
