"""Energy score and CRPS: scores of a clip's samples together, best in the mean for whoever draws from the truth.

With x a clip's future, x_1 .. x_K its samples and M the number of values that are compared:

    energy score = (mean_k |x_k - x| - 1/2 mean_{k != l} |x_k - x_l|) / sqrt(M), with the Euclidean norm
    CRPS         = mean_k |x_k - x| - 1/2 mean_{k != l} |x_k - x_l| of each value, then the mean over values

Gneiting & Raftery 2007, sections 4.2 and 4.3; the pairs leave out k = l, so that the mean does not move with K (fair
scores, Ferro 2014). Both are in units of intensity, and where all samples are equal they are the forecast's error: the
root mean squared one of the clip, the mean absolute one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Samples of a clip that are compared with each other, its first: pairs grow with the square, the precision hardly.
MOST_SAMPLES = 16

#: A mean that is no better than this counts as this, 100 dB: the estimate of a score near 0 may fall below it.
SMALLEST_ENERGY = 1e-5


@dataclass(frozen=True)
class ProperScores:
    """Of N clips, float64; smaller is better."""

    energy: NDArray[np.float64]  # (N,), of the whole future
    energy_per_frame: NDArray[np.float64]  # (N, H), of each frame by itself
    crps: NDArray[np.float64]  # (N, H), mean over a frame's values

    @classmethod
    def joined(cls, parts: Iterable["ProperScores"]) -> "ProperScores":
        """Return the scores of consecutive clips as one."""
        columns = zip(*((part.energy, part.energy_per_frame, part.crps) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return what `clips.npz` holds."""
        return {"energy": self.energy, "energy_per_frame": self.energy_per_frame, "crps": self.crps}

    def summary(self) -> dict[str, float | list[float]]:
        """Return the means over clips, and the energy score's in dB."""
        return {
            "energy": float(self.energy.mean()),
            "energy_db": energy_db(self.energy),
            "energy_db_per_frame": [energy_db(of_frame) for of_frame in self.energy_per_frame.T],
            "crps": float(self.crps.mean()),
        }


def energy_db(energy: NDArray[np.float64]) -> float:
    """Return -20 log10 of the mean over clips, (N,) -> dB, more is better.

    For a forecast whose samples are equal this is the PSNR of the mean over clips of the root mean squared error.
    """
    return float(-20 * np.log10(np.maximum(energy.mean(), SMALLEST_ENERGY)))


def copy_energy_db(frame_mse: NDArray[np.float64]) -> tuple[float, list[float]]:
    """Return the energy score in dB of a forecast whose samples are equal, and of each frame, from its MSE (N, H)."""
    return energy_db(np.sqrt(frame_mse.mean(axis=1))), [energy_db(error) for error in np.sqrt(frame_mse).T]


def score_samples(samples: Tensor, truth: Tensor) -> ProperScores:
    """Return the scores of clips, one clip at a time: what a clip scores depends on no other.

    Args:
        samples: (H, B, K, 3, S, S) with K >= 2, of any type; sums are taken in float32 or above.
        truth: (H, B, 3, S, S).
    """
    return ProperScores.joined(_score_clip(samples[:, b], truth[:, b]) for b in range(truth.shape[1]))


def _score_clip(samples: Tensor, truth: Tensor) -> ProperScores:
    """Return the scores of one clip: (H, K, 3, S, S), (H, 3, S, S)."""
    x = samples.float().flatten(2).transpose(0, 1).contiguous()  # (K, H, D)
    error = _distances(x - truth.float().flatten(1))
    # One sample against those after it at a time: the difference of all pairs would be K^2 clips.
    pairs = [_distances(x[k + 1 :] - x[k]) for k in range(len(x) - 1)]
    spread = tuple(torch.cat(parts) for parts in zip(*pairs, strict=True))
    whole, frames = (
        root(error[0]).mean(dim=0) - 0.5 * root(spread[0]).mean(dim=0) for root in (_root_of_clip, torch.sqrt)
    )
    crps = error[1].mean(dim=0) - 0.5 * spread[1].mean(dim=0)
    return ProperScores(whole[None].numpy(), frames[None].numpy(), crps[None].numpy())


def _distances(difference: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean square and the mean absolute difference of frames: (P, H, D) -> (P, H) each, float64."""
    # The large sums run in float32 on the device (Apple's GPUs have no float64), the few numbers left in float64.
    square, absolute = difference.square().mean(dim=-1), difference.abs().mean(dim=-1)
    return square.cpu().double(), absolute.cpu().double()


def _root_of_clip(square: Tensor) -> Tensor:
    return square.mean(dim=-1).sqrt()
