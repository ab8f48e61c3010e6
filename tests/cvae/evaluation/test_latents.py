"""What a latent says, against closed forms."""

import math

import pytest
import torch

from cvae.evaluation.latents import ACTIVE_VARIANCE, Latents


def latents(mu: torch.Tensor, logvar: torch.Tensor) -> Latents:
    return Latents(mu.double(), logvar.double(), torch.zeros_like(mu).double(), torch.zeros_like(mu).double())


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5))


def test_kl_for_each_step_and_dimension_by_hand() -> None:
    # N(1, e^-1) from N(0, 1): (1 + e^-1 + 1 - 1) / 2 in one dimension of one of two clips, 0 elsewhere
    mu, logvar = torch.zeros(3, 2, 2), torch.zeros(3, 2, 2)
    mu[1, 0, 0], logvar[1, 0, 0] = 1.0, -1.0
    expected = torch.zeros(3, 2, dtype=torch.float64)
    expected[1, 0] = (1 + math.exp(-1) + 1 - 1) / 2 / 2
    assert torch.allclose(latents(mu, logvar).kl(), expected)


def test_a_dimension_is_active_where_its_mean_varies_over_clips() -> None:
    mu = torch.zeros(4, 50, 3)
    mu[..., 0] = noise(4, 50)  # variance 1
    mu[..., 1] = torch.arange(4.0)[:, None]  # moves with time alone: says nothing of the clip
    mu[..., 2] = 0.5 * math.sqrt(ACTIVE_VARIANCE) * noise(4, 50)  # a quarter of the threshold
    assert latents(mu, torch.zeros_like(mu)).n_active() == 1
    assert latents(mu[:, :1], torch.zeros(4, 1, 3)).n_active() == 0  # one clip has no variance


@pytest.mark.parametrize("ratio", [0.0, 0.5, 2.0])
def test_mutual_information_of_gaussians(ratio: float) -> None:
    # mu_i ~ N(0, r s^2) and q = N(mu_i, s^2): I = log(1 + r) / 2 in nats, far below log 1000
    n = 1000
    mu = math.sqrt(ratio) * noise(2, n, 1)[:1]
    found, bound = latents(mu, torch.zeros(1, n, 1)).mutual_information(noise(1, n, 1).flip(1))
    assert found == pytest.approx(0.5 * math.log(1 + ratio), abs=0.06)
    assert bound == pytest.approx(math.log(n))


def test_mutual_information_is_never_below_zero() -> None:
    # posteriors that all but agree: by the chance of z the estimate falls below 0 about as often as above
    found = []
    for seed in range(40):
        g = torch.Generator().manual_seed(seed)
        mu, z = 0.05 * torch.randn(1, 20, 1, generator=g), torch.randn(1, 20, 1, generator=g)
        found.append(latents(mu, torch.zeros(1, 20, 1)).mutual_information(z)[0])
    assert min(found) == 0.0
    assert 5 < sum(value == 0.0 for value in found) < 35


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_mutual_information_reaches_its_bound_and_never_exceeds_it(n: int) -> None:
    mu = 1e3 * torch.arange(n).view(1, n, 1).float()
    found, bound = latents(mu, torch.zeros(1, n, 1)).mutual_information(noise(1, n, 1))
    assert found == pytest.approx(bound, abs=1e-9)
    assert found <= math.log(n) + 1e-9


def test_many_clips_are_thinned_out_evenly() -> None:
    mu = 1e3 * torch.arange(2000).view(1, 2000, 1).float()
    found, bound = latents(mu, torch.zeros(1, 2000, 1)).mutual_information(noise(1, 2000, 1))
    assert found == pytest.approx(bound)
    assert bound == pytest.approx(math.log(1024))
