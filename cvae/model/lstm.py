"""The recurrent networks. State goes in and comes out; one call covers one step or a whole sequence.

They run in float32 under autocast too: their cost is small and their state is summed over many steps.
"""

from typing import Literal

import torch
from torch import Tensor, nn

#: Hidden and cell state, each (layers, B, rnn_size); None stands for zeros, the start of a sequence.
State = tuple[Tensor, Tensor] | None

PredictorNorm = Literal["none", "batch"]


class FramePredictor(nn.Module):
    """Previous code, latent and condition (T, B, g_dim + z_dim + C) -> next code (T, B, g_dim) in (-1, 1).

    With `norm="batch"`, the course lab's, codes are batch-normalised before the tanh over whatever one call holds:
    T x B codes where a sequence is forced, B codes at a time where it is predicted step by step. So in training the
    two paths give different numbers from the same weights; in evaluation both use the running statistics. With
    `by_frame` a call of many steps normalises each by itself.
    """

    def __init__(
        self,
        inputs: int,
        g_dim: int,
        rnn_size: int,
        n_layers: int,
        norm: PredictorNorm = "none",
        *,
        by_frame: bool = False,
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, rnn_size)
        self.cells = nn.LSTM(rnn_size, rnn_size, n_layers)
        self.output = nn.Linear(rnn_size, g_dim)
        self.norm = nn.BatchNorm1d(g_dim) if norm == "batch" else None
        self.by_frame = by_frame

    def forward(self, inputs: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Return the codes and the state after the last step."""
        with torch.autocast(inputs.device.type, enabled=False):
            hidden, state = self.cells(self.embed(inputs.float()), state)
            codes = self.output(hidden)
            if self.norm is not None and self.by_frame:
                codes = torch.stack([self.norm(step) for step in codes])
            elif self.norm is not None:
                codes = self.norm(codes.flatten(0, 1)).view_as(codes)
            return torch.tanh(codes), state


class GaussianLSTM(nn.Module):
    """Codes (T, B, g_dim) -> mean and log variance of z, each (T, B, z_dim): the posterior, and a learned prior."""

    def __init__(self, g_dim: int, z_dim: int, rnn_size: int, n_layers: int) -> None:
        super().__init__()
        self.embed = nn.Linear(g_dim, rnn_size)
        self.cells = nn.LSTM(rnn_size, rnn_size, n_layers)
        self.mu = nn.Linear(rnn_size, z_dim)
        self.logvar = nn.Linear(rnn_size, z_dim)

    def forward(self, codes: Tensor, state: State = None) -> tuple[Tensor, Tensor, State]:
        """Return mean, log variance and the state after the last step."""
        with torch.autocast(codes.device.type, enabled=False):
            hidden, state = self.cells(self.embed(codes.float()), state)
            return self.mu(hidden), self.logvar(hidden), state
