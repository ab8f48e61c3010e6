"""What two forecasters that know the pushing world score: the perfect sampler, and the best picture of all futures.

From the given frames and the recorded actions the world is played on many times with other hidden noise. Each of these
futures in turn is the truth. The *sampler* answers with the others, one at a time; the *mean* with their mean picture,
which no single answer beats in squared error. A model that is the world would be the sampler, so a score that puts the
mean first rewards a model for hiding what it does not know.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvae.data.pushing import render_frames
from cvae.data.sources import PushingWorld

N_GIVEN = 2  # frames from which a forecast begins, as in the published protocol

N_FUTURES = 16

MOST_CLIPS = 20

MOST_FRAMES = 4096  # simulated in all: some seconds

SMALLEST_MSE = 1e-10  # equal frames have 100 dB, as in evaluation


@dataclass(frozen=True)
class FutureScores:
    """Scores of both forecasters, one value for each of B clips, mean over its futures as truths.

    Attributes:
        sampler_psnr: (B,) dB of one future against another, by frame and channel, mean over both.
        mean_psnr: (B,) dB of the other futures' mean picture.
        sampler_energy: (B,) energy score of the other futures; the unit is a value's range.
        mean_energy: (B,) energy score of their mean picture.
    """

    sampler_psnr: NDArray[np.float64]
    mean_psnr: NDArray[np.float64]
    sampler_energy: NDArray[np.float64]
    mean_energy: NDArray[np.float64]

    @property
    def n_clips(self) -> int:
        """B."""
        return len(self.sampler_psnr)

    @property
    def energy_lead(self) -> tuple[float, float]:
        """By how much the sampler's energy score is lower, mean over clips, and its standard error (NaN of one)."""
        leads = self.mean_energy - self.sampler_energy
        error = leads.std(ddof=1) / np.sqrt(len(leads)) if len(leads) > 1 else np.nan
        return float(leads.mean()), float(error)


def score_redrawn(world: PushingWorld, clip_length: int, image_size: int) -> FutureScores | None:
    """Scores on the first clips of the world's last split, the one that tests; None where clips have no future."""
    if not N_GIVEN < clip_length <= world.n_frames or not world.splits():
        return None
    split = world.splits()[-1]
    n_clips = min(MOST_CLIPS, world.n_episodes(split), max(1, MOST_FRAMES // (N_FUTURES * clip_length)))
    scores = []
    for index in range(n_clips):
        futures = world.redraw(split, index, clip_length, N_GIVEN, N_FUTURES)
        scores.append(score_futures(np.stack([render_frames(future, image_size)[N_GIVEN:] for future in futures])))
    return FutureScores(*np.array(scores).T)


def score_futures(futures: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """The values of `FutureScores` for one clip, from (K, H, S, S, 3) futures that are equally likely, K 3 or more."""
    n = len(futures)
    x = futures.transpose(1, 4, 0, 2, 3).reshape(futures.shape[1], 3, n, -1).astype(np.float64)  # (H, 3, K, S * S)
    n_pixels = x.shape[-1]
    products = x @ x.swapaxes(-1, -2)  # (H, 3, K, K), exact: of integers far below 2^53
    squares = np.diagonal(products, axis1=-2, axis2=-1)
    between = (squares[..., :, None] + squares[..., None, :] - 2 * products) / n_pixels / 255.0**2
    # A future less the mean of the others is n / (n - 1) times itself less the mean of all.
    residuals = (x - x.mean(axis=2, keepdims=True)) * n / (n - 1) / 255.0
    from_mean = np.square(residuals).mean(axis=-1)  # (H, 3, K)
    is_other = ~np.eye(n, dtype=bool)
    distances = np.sqrt(between.mean(axis=(0, 1)))  # (K, K)
    of_sampler = [energy_of_futures(distances[k, row], distances[np.ix_(row, row)]) for k, row in enumerate(is_other)]
    of_mean = [energy_of_futures(np.array([d]), np.zeros((1, 1))) for d in np.sqrt(from_mean.mean(axis=(0, 1)))]
    psnr_of_sampler = _decibels(between)[..., is_other].mean()
    return (
        float(psnr_of_sampler),
        float(_decibels(from_mean).mean()),
        float(np.mean(of_sampler)),
        float(np.mean(of_mean)),
    )


def energy_of_futures(to_truth: NDArray[np.float64], between: NDArray[np.float64]) -> float:
    """The fair energy score of N samples: mean distance to the truth less half the mean distance of two of them.

    Lower is better, and the expectation is least for samples of the truth's own distribution and for no other
    (strictly proper: Gneiting & Raftery 2007). Fair (Ferro 2014): over pairs of different samples, so without bias.

    Args:
        to_truth: (N,) distance of each sample to the truth.
        between: (N, N) distances of the samples; the diagonal is zero.
    """
    n = len(to_truth)
    spread = between.sum() / (n * (n - 1)) if n > 1 else 0.0
    return float(to_truth.mean() - spread / 2)


def _decibels(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-10.0 * np.log10(np.maximum(mse, SMALLEST_MSE)))
