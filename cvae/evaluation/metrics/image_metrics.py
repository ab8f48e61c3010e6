"""Image metrics for every clip and frame. Values are taken as they are: neither clamped nor quantised.

Every metric is a function of (predicted, target), each (..., 3, S, S) and broadcast against the other -> (...) float64
on the CPU.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from cvae.extensions import added

#: A channel that is predicted exactly counts as 100 dB: still scenes exist, and infinity would swallow a mean.
SMALLEST_MSE = 1e-10

FrameMetric = Callable[[Tensor, Tensor], Tensor]

_WINDOW, _SIGMA, _C1, _C2 = 11, 1.5, 0.01**2, 0.03**2


def _decibels(mse: Tensor) -> Tensor:
    return -10.0 * torch.log10(mse.clamp_min(SMALLEST_MSE))


def _channel_mse(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of each channel, (..., 3)."""
    # The large sums run in float32 on the device (Apple's GPUs have no float64), the few numbers left in float64.
    return (predicted.float() - target.float()).square().mean(dim=(-2, -1)).cpu().double()


def psnr(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio in dB, range 1.

    The mean over channels of each channel's PSNR, as in the SVG family (pooled MSE gives other numbers).
    """
    return _decibels(_channel_mse(predicted, target)).mean(dim=-1)


def mse(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error over a frame's values, range 1."""
    return _channel_mse(predicted, target).mean(dim=-1)


def psnr_rgb(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the PSNR in dB of a frame's three channels taken together."""
    return _decibels(mse(predicted, target))


def psnr_pooled(frame_mse: Tensor) -> Tensor:
    """Return the PSNR in dB of a clip's frames taken together, from the error of each: (..., H) -> (...)."""
    return _decibels(frame_mse.mean(dim=-1))


def ssim(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the structural similarity (Wang et al. 2004), mean over channels and over the windows inside the frame.

    Gaussian window of 11 x 11 with sigma 1.5, K1 .01, K2 .03, range 1, population variances: as scikit-image's
    `gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1`.
    """
    x, y = (_in_float64(frames) for frames in (predicted, target))
    mean_x, mean_y = _smooth(x), _smooth(y)
    var_x = _smooth(x.square()) - mean_x.square()
    var_y = _smooth(y.square()) - mean_y.square()
    covariance = _smooth(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
    structure = (2 * covariance + _C2) / (var_x + var_y + _C2)
    return (luminance * structure).mean(dim=(-3, -2, -1)).cpu()


def _in_float64(frames: Tensor) -> Tensor:
    # A variance is a small difference of large numbers: in float32 flat regions would be off by 1e-4.
    return (frames.cpu() if frames.device.type == "mps" else frames).double()


@cache
def _band(size: int, device: torch.device) -> Tensor:
    """Return the matrix that smooths along one side and keeps the windows inside the frame, (size - 10, size)."""
    offsets = torch.arange(_WINDOW, dtype=torch.float64) - _WINDOW // 2
    weights = torch.exp(-0.5 * (offsets / _SIGMA).square())
    rows = torch.zeros(size - _WINDOW + 1, size, dtype=torch.float64)
    for i in range(len(rows)):
        rows[i, i : i + _WINDOW] = weights / weights.sum()
    return rows.to(device)


def _smooth(frames: Tensor) -> Tensor:
    band = _band(frames.shape[-1], frames.device)
    return band @ frames @ band.T


#: What is kept for every clip and future frame, by its name in `clips.npz`.
METRICS: dict[str, FrameMetric] = {
    **{name: metric.measure for name, metric in added("cvae.metrics").objects.items()},
    "psnr": psnr,
    "ssim": ssim,
    "mse": mse,
    "psnr_rgb": psnr_rgb,
}

#: Those of which more is better.
_MORE_IS_BETTER = {"psnr", "ssim", "psnr_rgb"} | {
    name for name, metric in added("cvae.metrics").objects.items() if metric.direction == "maximize"
}


def score_frames(metrics: dict[str, FrameMetric], predicted: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Return every metric, frame by frame so that no more than a frame's maps are held: (H, ..., 3, S, S) -> (H, ...).

    The target is broadcast against the predictions.
    """
    pairs = list(zip(predicted, target, strict=True))
    return {name: torch.stack([metric(p, t) for p, t in pairs]) for name, metric in metrics.items()}


def better(name: str, scores: Tensor) -> Tensor:
    """Return the scores so that larger is better; what is not a number is worst of all."""
    signed = scores if name in _MORE_IS_BETTER else -scores
    return torch.where(torch.isnan(signed), -torch.inf, signed)
