"""The first convolution of a decoder stage, which holds 69% of the decoder's multiplications as it is published.

It reads two things side by side: the map from the stage below, enlarged by repeating each value 2x2, and the skip. A
convolution is linear, so it is the sum of one over each half of its weights, and both halves have a cheaper form that
gives the same numbers: the skip's is computed once for all frames that share a skip, and the enlarged map's, where
nine weights meet four values, is a 4x4 transposed convolution of stride 2 with 2.25 times fewer multiplications.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Least side, in pixels, of an enlarged map that the transposed convolution is faster for.
TRANSPOSED_FROM = 16


def transposed_kernel(weight: Tensor) -> Tensor:
    """Return the kernel (I, O, 4, 4) that does, with stride 2 and padding 1, what (O, I, 3, 3) does on an enlarged map.

    In one dimension, with weights a, b, c on pixels x-1, x, x+1: an even pixel reads a from one value and b + c from
    the next, an odd one a + b and c.
    """
    a, b, c = weight.unbind(2)
    rows = torch.stack([c, b + c, a + b, a], dim=2)
    a, b, c = rows.unbind(3)
    return torch.stack([c, b + c, a + b, a], dim=3).transpose(0, 1)


class MergeLayer(nn.ModuleList):
    """Conv 3x3 over an enlarged map beside a skip, norm, activation: the modules of any other layer, by those names."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, activation: nn.Module) -> None:
        super().__init__([conv, norm, activation])
        self.n_below = conv.in_channels // 2

    def project(self, skip: Tensor) -> Tensor:
        """Return the skip's share of the convolution, with its bias; (M, C, s, s) -> (M, C, s, s)."""
        conv = self[0]
        return F.conv2d(skip, conv.weight[:, self.n_below :], conv.bias, padding=1)

    def enlarge(self, below: Tensor) -> Tensor:
        """Return the share of the map from below; (N, C, s/2, s/2) -> (N, C, s, s)."""
        weight = self[0].weight[:, : self.n_below]
        if 2 * below.shape[-1] < TRANSPOSED_FROM:
            return F.conv2d(F.interpolate(below, scale_factor=2, mode="nearest"), weight, padding=1)
        kernel = transposed_kernel(weight).contiguous(memory_format=torch.channels_last)
        return F.conv_transpose2d(below, kernel, stride=2, padding=1)

    def forward(self, below: Tensor, projected: Tensor) -> Tensor:
        """Return the layer's output (N, C, s, s) by `project`'s of M skips; row i of N = k M takes skip i mod M."""
        merged = self.enlarge(below).unflatten(0, (-1, len(projected))) + projected
        output: Tensor = self[2](self[1](merged.flatten(0, 1)))
        return output
