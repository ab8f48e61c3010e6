"""Predictions that no model has to be trained for; a model is worth what it gains over them, clip by clip."""

from collections.abc import Callable

import torch
from torch import Tensor

#: From a clip (T, B, 3, S, S) and n_past to a prediction of its future (T - n_past, B, 3, S, S).
Baseline = Callable[[Tensor, int], Tensor]


def copy_last(truth: Tensor, n_past: int) -> Tensor:
    """Repeat the last given frame."""
    return truth[n_past - 1].expand_as(truth[n_past:])


def linear(truth: Tensor, n_past: int) -> Tensor:
    """Go on from the last two given frames in a straight line, kept in [0, 1]; with one given frame, repeat it."""
    if n_past == 1:
        return copy_last(truth, n_past)
    last, slope = truth[n_past - 1], truth[n_past - 1] - truth[n_past - 2]
    steps = torch.arange(1, len(truth) - n_past + 1, device=truth.device).view(-1, 1, 1, 1, 1)
    return (last + steps * slope).clamp(0, 1)


def flat_colour(truth: Tensor, n_past: int) -> Tensor:
    """Fill each future frame with its own mean colour: no picture of one colour scores higher."""
    future = truth[n_past:]
    return future.mean(dim=(-2, -1), keepdim=True).expand_as(future)


BASELINES: dict[str, Baseline] = {"copy_last": copy_last, "linear": linear, "flat_colour": flat_colour}
