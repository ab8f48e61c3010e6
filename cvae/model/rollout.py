"""What one pass over a clip gives, and the KL of its posterior."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cvae.losses import kl_between, kl_per_value, kl_to_standard_normal


@dataclass(frozen=True)
class Rollout:
    """What one pass over a clip gives, for frames 1 .. T-1."""

    frames: Tensor  # (T-1, B, 3, S, S) in (0, 1)
    mu: Tensor  # (T-1, B, Z) of the posterior
    logvar: Tensor  # (T-1, B, Z)
    prior: tuple[Tensor, Tensor] | None = None  # mu and logvar of a learned prior, (T-1, B, Z); None is N(0, I)

    def kl(self) -> Tensor:
        """Return the posterior's KL from the prior in nats a sequence, a scalar."""
        if self.prior is None:
            return kl_to_standard_normal(self.mu, self.logvar)
        return kl_between(self.mu, self.logvar, *self.prior)

    def kl_per_dimension(self) -> Tensor:
        """Return the same for each step and dimension in nats, mean over the batch, (T-1, Z)."""
        prior = self.prior or (torch.zeros_like(self.mu), torch.zeros_like(self.logvar))
        return kl_per_value(self.mu, self.logvar, *prior).mean(dim=1)


def sample(mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Return mu + sigma * noise, all (T, B, Z)."""
    return mu + noise * torch.exp(0.5 * logvar)
