"""What goes into a pass over a clip, what comes out, and the KL of its posterior."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cvae.model.losses import kl_between, kl_per_value, kl_to_standard_normal


@dataclass(frozen=True)
class Past:
    """What a prediction rests on, for B clips."""

    codes: Tensor  # (n_past, B, G) of the given frames
    projected: list[Tensor]  # (B, C_i, s_i, s_i): what the skips add that help to decode the first future frame
    conditions: Tensor  # (T-1, B, C), aligned with the predicted frames 1 .. T-1

    def with_conditions(self, conditions: Tensor) -> "Past":
        """Return the same frames under other conditions, aligned, (T-1, B, C)."""
        return replace(self, conditions=conditions)

    def rows(self, chosen: Tensor) -> "Past":
        """Return clips by their row, (R,) integers, as often as they are named."""
        return Past(
            self.codes.index_select(1, chosen),
            [_rows(skip, chosen) for skip in self.projected],
            self.conditions.index_select(1, chosen),
        )


def _rows(skip: Tensor, chosen: Tensor) -> Tensor:
    """Return rows of (B, C, s, s) in the memory layout that they had, on which the choice of kernels depends."""
    is_channels_last = skip.stride(1) == 1
    rows = skip.permute(0, 2, 3, 1).index_select(0, chosen).permute(0, 3, 1, 2)
    return rows if is_channels_last else rows.contiguous()


@dataclass(frozen=True)
class Rollout:
    """What one pass over a clip gives, for frames 1 .. T-1."""

    frames: Tensor  # (T-1, B, 3, S, S) in (0, 1)
    mu: Tensor  # (T-1, B, Z) of the posterior
    logvar: Tensor  # (T-1, B, Z)
    codes: Tensor  # (T, B, G) of the true frames
    prior: tuple[Tensor, Tensor] | None = None  # mu and logvar of a learned prior, (T-1, B, Z); None is N(0, I)

    @torch.no_grad()
    def code_share(self) -> Tensor:
        """Return the share of the codes' second moment that differs between frames, a scalar; 0: all are the same code.

        The variance over the T B frames is the unbiased one, so codes without a common part have a share of 1.
        """
        codes = self.codes.float().flatten(0, 1)  # (T B, G)
        return codes.var(dim=0).sum() / codes.square().mean(dim=0).sum().clamp_min(1e-12)

    def kl(self) -> Tensor:
        """Return the posterior's KL from the prior in nats a sequence, a scalar."""
        if self.prior is None:
            return kl_to_standard_normal(self.mu, self.logvar)
        return kl_between(self.mu, self.logvar, *self.prior)

    def kl_per_dimension(self) -> Tensor:
        """Return the same for each step and dimension in nats, mean over the batch, (T-1, Z)."""
        prior = self.prior or (torch.zeros_like(self.mu), torch.zeros_like(self.logvar))
        return kl_per_value(self.mu, self.logvar, *prior).mean(dim=1)


def sample_gaussian(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Return mu + sigma * noise, all (T, B, Z)."""
    return mu + noise * torch.exp(0.5 * logvar)
