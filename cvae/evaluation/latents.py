"""What the latent says: KL for each step and dimension, active units, mutual information."""

from dataclasses import dataclass
from math import log

import numpy as np
import torch
from torch import Tensor

from cvae.evaluation.clip_batches import Indices
from cvae.model import Rollout, kl_per_value, sample_gaussian

#: A dimension whose posterior mean varies more than this over the clips is active (Burda et al. 2016, section 5.1).
ACTIVE_VARIANCE = 0.01

#: Every clip is compared with every other: so many, spread over the split, are enough and bounded.
MAX_COMPARED = 1024


@dataclass(frozen=True)
class Latents:
    """The posterior of N clips at the steps that predict frames 1 .. T-1, in float64 on the CPU."""

    mu: Tensor  # (T-1, N, Z)
    logvar: Tensor  # (T-1, N, Z)
    prior_mu: Tensor  # (T-1, N, Z); zeros for N(0, I)
    prior_logvar: Tensor  # (T-1, N, Z)

    @classmethod
    def of(cls, rollout: Rollout, n_clips: int) -> "Latents":
        """Return the latents of a batch's first `n_clips` clips."""
        prior = rollout.prior or (torch.zeros_like(rollout.mu), torch.zeros_like(rollout.logvar))
        values = (rollout.mu, rollout.logvar, *prior)
        return cls(*(value[:, :n_clips].cpu().double() for value in values))

    @classmethod
    def joined(cls, parts: list["Latents"]) -> "Latents":
        """Return the latents of consecutive batches as one."""
        names = ("mu", "logvar", "prior_mu", "prior_logvar")
        return cls(*(torch.cat([getattr(part, name) for part in parts], dim=1) for name in names))

    def kl(self) -> Tensor:
        """Return the KL from the prior in nats for each step and dimension, mean over the clips, (T-1, Z)."""
        return kl_per_value(self.mu, self.logvar, self.prior_mu, self.prior_logvar).mean(dim=1)

    def n_active(self) -> int:
        """Return how many dimensions are active.

        A dimension is where the variance over clips of its posterior mean, averaged over the steps, exceeds 0.01. The
        variance is taken at each step by itself: a mean that moves with time alone tells nothing of the clip.
        """
        if self.mu.shape[1] < 2:
            return 0
        return int((self.mu.var(dim=1).mean(dim=0) > ACTIVE_VARIANCE).sum())

    def mutual_information(self, noise: Tensor) -> tuple[float, float]:
        """Return an estimate of what z says of the clip, in nats a sequence, and the bound that it cannot exceed.

        E_i [log q(z_i | x_i) - log (1/N sum_j q(z_i | x_j))] with one z_i from each posterior, over all steps and
        dimensions together (Hoffman & Johnson 2016: the index-code mutual information). At most log N, so a value near
        the bound says only that the clips can be told apart; what falls below 0 by the chance of z is 0.

        Args:
            noise: (T-1, N, Z) standard normal; it draws the z_i.
        """
        n = self.mu.shape[1]
        chosen = np.unique(np.linspace(0, n - 1, min(n, MAX_COMPARED)).round().astype(np.int64))
        mu, logvar = (_flat(values, chosen) for values in (self.mu, self.logvar))
        z = sample_gaussian(mu, logvar, _flat(noise.double(), chosen))
        log_q = torch.stack([_log_density(row, mu, logvar) for row in z])  # (N, N): z of i under the posterior of j
        own = log_q.diagonal()
        estimate = (own - torch.logsumexp(log_q, dim=1) + log(len(chosen))).mean()
        return max(0.0, float(estimate)), log(len(chosen))


def _flat(values: Tensor, chosen: Indices) -> Tensor:
    """Put steps and dimensions side by side: (T-1, N, Z) -> (n, (T-1) Z)."""
    return values[:, torch.from_numpy(chosen)].transpose(0, 1).flatten(1)


def _log_density(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """Return log N(z; mu_j, exp(logvar_j)) up to the constant that all j share: (D,), (N, D), (N, D) -> (N,)."""
    return -0.5 * ((z - mu).square() * torch.exp(-logvar) + logvar).sum(dim=1)
