"""The first convolution of a decoder stage, which holds 69% of the decoder's multiplications as it is published.

It reads two things side by side: the map from the stage below, enlarged by repeating each value 2x2, and the skip. A
convolution is linear, so it is the sum of one over each half of its weights, and both halves have a cheaper form that
gives the same numbers: the skip's is computed once for all frames that share a skip, and the enlarged map's, where
nine weights meet four values, is a 4x4 transposed convolution of stride 2 with 2.25 times fewer multiplications.
"""

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvae.model.convolution import enlarge, transposed_kernel


class Kernels(NamedTuple):
    """The two halves of a merge's weights as they are used. Made once for all frames of a rollout."""

    enlarging: Tensor  # (C, C, 4, 4), transposed, for the map from below
    skip: Tensor  # (C, C, 3, 3)


def add_shared(rows: Tensor, shared: Tensor) -> Tensor:
    """Add (M, ...) to (N, ...), row i mod M to row i; on a CPU in place."""
    if rows.device.type == "cpu":
        output: Tensor = _AddShared.apply(rows, shared)
        return output
    return (rows.view(-1, *shared.shape) + shared).flatten(0, 1)


class _AddShared(torch.autograd.Function):
    """`add_shared`, whose gradient PyTorch sums ten times slower on a CPU."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, shared: Tensor) -> Tensor:
        """Return the rows, changed."""
        ctx.n_shared = len(shared)
        ctx.mark_dirty(rows)
        rows.view(-1, *shared.shape).add_(shared)
        return rows

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient, and its sum over the rows that share one."""
        first, *others = torch.split(gradients[0], ctx.n_shared)
        if len(others) < 2:  # of two values the sum is rounded once in any precision
            return gradients[0], first + others[0] if others else first
        total = first.to(torch.promote_types(first.dtype, torch.float32)) + others[0]
        for other in others[1:]:
            total += other
        return gradients[0], total.to(first.dtype)


class MergeLayer(nn.ModuleList):
    """Conv 3x3 over an enlarged map beside a skip, norm, activation: the modules of any other layer, by those names."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, activation: nn.Module) -> None:
        super().__init__([conv, norm, activation])
        self.n_below = conv.in_channels // 2

    @property
    def conv(self) -> nn.Conv2d:
        """The convolution over both halves."""
        return cast(nn.Conv2d, self[0])

    def kernels(self) -> Kernels:
        """Return the weights' halves as they are used, in autocast's precision where that is on."""
        weight = self.conv.weight
        kind = weight.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        below, skip = torch.split(weight, self.n_below, dim=1)
        enlarging = transposed_kernel(below).to(dtype, memory_format=torch.channels_last)
        return Kernels(enlarging, skip.to(dtype, memory_format=torch.channels_last))

    def project(self, skip: Tensor, kernels: Kernels) -> Tensor:
        """Return the skip's share of the convolution, with its bias; (M, C, s, s) -> (M, C, s, s)."""
        return F.conv2d(skip, kernels.skip, self.conv.bias, padding=1)

    def forward(self, below: Tensor, projected: Tensor, enlarging: Tensor) -> Tensor:
        """Return the layer's output (N, C, s, s) by `project`'s of M skips; row i of N = k M takes skip i mod M."""
        output: Tensor = self[2](self[1](add_shared(enlarge(below, enlarging), projected)))
        return output


class DecoderStage(nn.ModuleList):
    """A merge and the layers after it, at one resolution."""

    def __init__(self, merge: MergeLayer, *rest: nn.Module) -> None:
        super().__init__([merge, *rest])

    @property
    def merge(self) -> MergeLayer:
        """The first layer."""
        return cast(MergeLayer, self[0])

    def forward(self, below: Tensor, projected: Tensor, enlarging: Tensor) -> Tensor:
        """Return the stage's output, from the map below and what the merge's `project` made of the skips."""
        x: Tensor = self.merge(below, projected, enlarging)
        for layer in list(self)[1:]:
            x = layer(x)
        return x
