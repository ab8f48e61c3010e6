"""How many frames go through a stage at once, and what is kept of it for the gradient.

Where no frame knows of another (group norm) a stage's result does not depend on how its frames are divided. On a CPU
a stage is several times slower once what one layer hands to the next no longer fits the caches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

#: Values of one layer's output that a CPU's caches hold: 24 frames of 64 channels at 64 x 64, the measured optimum.
CACHED_VALUES = 24 * 64 * 64 * 64

#: A shorter rest goes with the part before it: for fewer frames the libraries choose kernels that round otherwise.
LEAST_FRAMES = 8


@dataclass(frozen=True)
class Chunking:
    """How the networks divide their frames; all at once where a norm sees the whole batch."""

    is_divisible: bool  # no frame's numbers depend on the frames beside it
    checkpointing: bool = False  # keep a stage's inputs only, and compute the rest again for the gradient

    def split(self, frames: Tensor, n_values: int, multiple: int = 1) -> list[Tensor]:
        """Divide frames (N, ...) for a stage whose layers put out `n_values` values a frame.

        Args:
            frames: on the device that it is chosen for.
            n_values: channels times height times width.
            multiple: the size of a part is a multiple of this.
        """
        if not self.is_divisible or frames.device.type != "cpu":
            return [frames]
        size = max(1, CACHED_VALUES // (n_values * multiple)) * multiple
        n_whole, rest = divmod(len(frames), size)
        if n_whole and rest < LEAST_FRAMES:
            n_whole, rest = n_whole - 1, size + rest
        return list(torch.split(frames, [size] * n_whole + [rest]))

    def run(self, stage: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        """Apply a stage to one part."""
        if not (self.checkpointing and torch.is_grad_enabled()):
            return stage(*inputs)
        output: Tensor = checkpoint(stage, *inputs, use_reentrant=False)
        return output


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
