"""What the frame predictor is told beside a code and a latent."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """Which conditions stand beside each predicted frame."""

    n_past: int  # given frames
    conditioned: bool  # conditions are told at all
    offset: int  # frame t is predicted from the condition at t + offset: -1 or 0
    past_codes: bool  # the codes of all given frames are told at every step, too

    def align(self, conditions: Tensor, codes: Tensor) -> Tensor:
        """Align conditions (T, B, C) with the predicted frames 1 .. T-1 -> (T-1, B, C).

        With `past_codes` the codes of the given frames, the first n_past of (>= n_past, B, G), stand beside them at
        every step -> (T-1, B, C + n_past G). The steps below n_past then know the frame they reconstruct.
        """
        aligned = conditions[:-1] if self.offset == -1 else conditions[1:]
        if not self.conditioned:
            aligned = aligned[..., :0]
        if not self.past_codes:
            return aligned
        past = torch.cat(list(codes[: self.n_past]), dim=-1)  # (B, n_past G)
        return torch.cat([aligned, past.expand(len(aligned), -1, -1)], dim=-1)

    def size(self, n_conditions: int, g_dim: int) -> int:
        """Return how many values a step is told, of conditions that have `n_conditions` and codes of `g_dim`."""
        return (n_conditions if self.conditioned else 0) + (self.n_past * g_dim if self.past_codes else 0)
