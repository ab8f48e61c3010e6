"""The two terms of the loss, in SVG's convention: a frame's mean squared error, and KL in nats."""

import torch
from torch import Tensor


def mse(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean over a frame's values and the batch, summed over the steps; (T, B, 3, S, S) -> scalar."""
    return (predicted.float() - target.float()).square().mean(dim=(1, 2, 3, 4)).sum()


def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """Return KL(N(mu, exp(logvar)) || N(0, I)) in nats a sequence; (T, B, Z) -> scalar.

    Summed over z and steps, mean over the batch (Kingma & Welling 2014, appendix B).
    """
    return -0.5 * (1 + logvar - mu.square() - torch.exp(logvar)).sum(dim=(0, 2)).mean()
