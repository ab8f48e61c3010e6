"""Image metrics for every clip and frame. Values are taken as they are: neither clamped nor quantised."""

import torch
from torch import Tensor

#: A channel that is predicted exactly counts as 100 dB: still scenes exist, and infinity would swallow a mean.
SMALLEST_MSE = 1e-10


def psnr(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio in dB, range 1: (..., 3, S, S) -> (...) on the CPU.

    The mean over channels of each channel's PSNR, as in the SVG family (pooled MSE gives other numbers).
    """
    # The large sums run in float32 on the device (Apple's GPUs have no float64), the few numbers left in float64.
    channel_mse = (predicted.float() - target.float()).square().mean(dim=(-2, -1)).cpu().double()
    return (-10.0 * torch.log10(channel_mse.clamp_min(SMALLEST_MSE))).mean(dim=-1)
