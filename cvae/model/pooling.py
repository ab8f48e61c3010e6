"""Halving a stage's maps, and keeping those of the first frames as skips."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def pool_and_keep(parts: list[Tensor], n_kept: int) -> tuple[list[Tensor], list[Tensor]]:
    """Return the parts (n_i, C, s, s) max-pooled, (n_i, C, s/2, s/2), and the first `n_kept` rows of all, by part."""
    pooled, kept = [], []
    for part in parts:
        n, n_kept = min(n_kept, len(part)), max(n_kept - len(part), 0)
        if 0 < n < len(part):
            small, rows = _PoolAndKeep.apply(part, n)
        else:
            small, rows = F.max_pool2d(part, 2), part
        pooled.append(small)
        kept += [rows] if n else []
    return pooled, kept


class _PoolAndKeep(torch.autograd.Function):
    """Max pooling, and some of the rows that went in.

    The gradients of both are added where there are two. PyTorch would fill up those of the kept rows with zeros, in
    another memory layout, and add all: the same sums at a tenth of a training step.
    """

    @staticmethod
    def forward(ctx: Any, part: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Return the pooled maps, and the first n that went in."""
        small, indices = F.max_pool2d(part, 2, return_indices=True)
        ctx.save_for_backward(part, indices)
        return small, part[:n]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of what went in."""
        (of_small, of_kept), (part, indices) = gradients, ctx.saved_tensors
        pool = ([2, 2], [2, 2], [0, 0], [1, 1], False)
        total: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(of_small, part, *pool, indices)
        total[: len(of_kept)] += of_kept
        return total, None
