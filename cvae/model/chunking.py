"""How many frames go through a stage at once, and what is kept of it for the gradient.

Where no frame knows of another (group norm) a stage's result does not depend on how its frames are divided. On a CPU
a stage is several times slower once what one layer hands to the next no longer fits the caches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
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
