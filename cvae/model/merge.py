"""The first convolution of a decoder stage, which holds 69% of the decoder's multiplications as it is published.

It reads two things side by side: the map from the stage below, enlarged by repeating each value 2x2, and the skip. A
convolution is linear, so it is the sum of one over each half of its weights, and both halves have a cheaper form that
gives the same numbers: the skip's is computed once for all frames that share a skip, and the enlarged map's, where
nine weights meet four values, is a 4x4 transposed convolution of stride 2 with 2.25 times fewer multiplications.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Least number of positions, over all frames, in a map from below that the transposed convolution is faster for.
MANY_POSITIONS = 512
#: The same in one frame's map, for evaluation: a score must not move with the number of frames beside it.
MANY_IN_A_MAP = 64


def transposed_kernel(weight: Tensor) -> Tensor:
    """Return the kernel (I, O, 4, 4) that does, with stride 2 and padding 1, what (O, I, 3, 3) does on an enlarged map.

    In one dimension, with weights a, b, c on pixels x-1, x, x+1: an even pixel reads a from one value and b + c from
    the next, an odd one a + b and c.
    """
    a, b, c = weight.unbind(2)
    rows = torch.stack([c, b + c, a + b, a], dim=2)
    a, b, c = rows.unbind(3)
    return torch.stack([c, b + c, a + b, a], dim=3).transpose(0, 1)


class _AddShared(torch.autograd.Function):
    """Add rows (M, ...) to (N, ...), row i mod M to row i. PyTorch sums such a gradient ten times slower on a CPU."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, shared: Tensor) -> Tensor:
        """Return the sum, (N, ...)."""
        ctx.n_shared = len(shared)
        return (rows.view(-1, *shared.shape) + shared).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient, and its sum over the rows that share one."""
        first, *others = torch.split(gradients[0], ctx.n_shared)
        if not others:
            return gradients[0], first
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

    def project(self, skip: Tensor) -> Tensor:
        """Return the skip's share of the convolution, with its bias; (M, C, s, s) -> (M, C, s, s)."""
        return F.conv2d(skip, self.conv.weight[:, self.n_below :], self.conv.bias, padding=1)

    def enlarge(self, below: Tensor) -> Tensor:
        """Return the share of the map from below; (N, C, s/2, s/2) -> (N, C, s, s)."""
        weight = self.conv.weight[:, : self.n_below]
        is_small = below[:, 0].numel() < MANY_POSITIONS if self.training else below[0, 0].numel() < MANY_IN_A_MAP
        if is_small:
            return F.conv2d(F.interpolate(below, scale_factor=2, mode="nearest"), weight, padding=1)
        kernel = transposed_kernel(weight).contiguous(memory_format=torch.channels_last)
        return F.conv_transpose2d(below, kernel, stride=2, padding=1)

    def forward(self, below: Tensor, projected: Tensor) -> Tensor:
        """Return the layer's output (N, C, s, s) by `project`'s of M skips; row i of N = k M takes skip i mod M."""
        output: Tensor = self[2](self[1](_AddShared.apply(self.enlarge(below), projected)))
        return output


class DecoderStage(nn.ModuleList):
    """A merge and the layers after it, at one resolution."""

    def __init__(self, merge: MergeLayer, *rest: nn.Module) -> None:
        super().__init__([merge, *rest])

    def project(self, skip: Tensor) -> Tensor:
        """Return what a skip adds to the first convolution; (M, C, s, s) -> (M, C, s, s)."""
        return cast(MergeLayer, self[0]).project(skip)

    def forward(self, below: Tensor, projected: Tensor) -> Tensor:
        """Return the stage's output, from the map below and what `project` made of the skips."""
        merge, *rest = self
        x: Tensor = merge(below, projected)
        for layer in rest:
            x = layer(x)
        return x
