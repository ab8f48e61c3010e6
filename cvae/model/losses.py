"""The two terms of the loss, in SVG's convention: a frame's mean squared error, and KL in nats."""

import torch
from torch import Tensor


def mean_squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean over a frame's values and the batch, summed over the steps; (T, B, 3, S, S) -> scalar."""
    return (predicted.float() - target.float()).square().mean(dim=(1, 2, 3, 4)).sum()


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mu, exp(logvar)) || N(0, I)) in nats a sequence; (T, B, Z) -> scalar.

    Summed over z and steps, mean over the batch (Kingma & Welling 2014, appendix B).
    """
    return -0.5 * (1 + logvar - mu.square() - torch.exp(logvar)).sum(dim=(0, 2)).mean()


def kl_per_value(mu1: Tensor, logvar1: Tensor, mu2: Tensor, logvar2: Tensor) -> Tensor:
    """Return KL(N(mu1, exp(logvar1)) || N(mu2, exp(logvar2))) of every value by itself, in nats; (T, B, Z)."""
    ratio = torch.exp(logvar1 - logvar2)
    return 0.5 * (logvar2 - logvar1 + ratio + (mu1 - mu2).square() * torch.exp(-logvar2) - 1)


def kl_between(mu1: Tensor, logvar1: Tensor, mu2: Tensor, logvar2: Tensor) -> Tensor:
    """Return KL(N(mu1, exp(logvar1)) || N(mu2, exp(logvar2))) in nats a sequence; (T, B, Z) -> scalar.

    Summed over z and steps, mean over the batch (SVG-LP, Denton & Fergus 2018, eq. 4).
    """
    return kl_per_value(mu1, logvar1, mu2, logvar2).sum(dim=(0, 2)).mean()


def free_bits(kl_per_dimension: Tensor, floor: float) -> Tensor:
    """Return the sum over steps and dimensions of max(floor, KL_j) (Kingma et al. 2016, eq. 15); (T, Z) -> scalar.

    `kl_per_dimension` is the mean over the batch, so the floor is kept by the batch and not by every clip. A dimension
    below its floor has no gradient.
    """
    return kl_per_dimension.clamp(min=floor).sum()
