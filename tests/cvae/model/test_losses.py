"""Losses and metrics against sampling and closed forms."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from cvae.evaluation.metrics.image_metrics import psnr
from cvae.model.losses import free_bits, kl_between, kl_per_value, kl_to_standard_normal, mean_squared_error


def test_kl_equals_the_sampled_expectation() -> None:
    # KL(q || p) = E_q[log q(z) - log p(z)]; 10^5 samples give it to a few standard errors
    generator = torch.Generator().manual_seed(1)
    mu, logvar = torch.randn(2, 3, 4, generator=generator), torch.randn(2, 3, 4, generator=generator)
    z = mu + torch.randn(100_000, 2, 3, 4, generator=generator) * torch.exp(0.5 * logvar)
    q, p = Normal(mu, torch.exp(0.5 * logvar)), Normal(0.0, 1.0)
    differences = (q.log_prob(z) - p.log_prob(z)).sum(dim=(1, 3)).mean(dim=-1)  # over steps and z, mean over clips
    error = differences.std() / math.sqrt(len(differences))
    assert abs(kl_to_standard_normal(mu, logvar) - differences.mean()) < 4 * error
    assert error < 0.05


def test_kl_equals_torch_distributions() -> None:
    mu, logvar = torch.randn(5, 2, 3), torch.randn(5, 2, 3)
    q = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    p = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    expected = torch.distributions.kl_divergence(q, p).sum(dim=0).mean()
    assert kl_to_standard_normal(mu, logvar).item() == pytest.approx(expected.item(), rel=1e-5)


def test_kl_is_zero_only_for_the_prior() -> None:
    assert kl_to_standard_normal(torch.zeros(4, 2, 3), torch.zeros(4, 2, 3)) == 0
    assert kl_to_standard_normal(torch.full((1, 1, 1), 2.0), torch.zeros(1, 1, 1)) == 2.0  # mu^2 / 2


def test_kl_between_gaussians_equals_the_sampled_expectation() -> None:
    # KL(q || p) = E_q[log q(z) - log p(z)]; 10^5 samples give it to a few standard errors
    generator = torch.Generator().manual_seed(2)
    mu1, logvar1, mu2, logvar2 = torch.randn(4, 2, 3, 4, generator=generator)
    z = mu1 + torch.randn(100_000, 2, 3, 4, generator=generator) * torch.exp(0.5 * logvar1)
    q, p = Normal(mu1, torch.exp(0.5 * logvar1)), Normal(mu2, torch.exp(0.5 * logvar2))
    differences = (q.log_prob(z) - p.log_prob(z)).sum(dim=(1, 3)).mean(dim=-1)  # over steps and z, mean over clips
    error = differences.std() / math.sqrt(len(differences))
    assert abs(kl_between(mu1, logvar1, mu2, logvar2) - differences.mean()) < 4 * error
    assert error < 0.1


def test_kl_between_gaussians_equals_torch_distributions_and_the_fixed_priors() -> None:
    mu1, logvar1, mu2, logvar2 = torch.randn(4, 5, 2, 3)
    q, p = (Independent(Normal(m, torch.exp(0.5 * v)), 1) for m, v in ((mu1, logvar1), (mu2, logvar2)))
    expected = torch.distributions.kl_divergence(q, p).sum(dim=0).mean()
    assert kl_between(mu1, logvar1, mu2, logvar2).item() == pytest.approx(expected.item(), rel=1e-5)
    zero = torch.zeros_like(mu1)
    fixed = kl_to_standard_normal(mu1, logvar1)
    assert kl_between(mu1, logvar1, zero, zero).item() == pytest.approx(fixed.item(), rel=1e-5)
    assert kl_between(mu1, logvar1, mu1, logvar1) == 0


def test_kl_per_value_by_hand() -> None:
    # N(1, 4) from N(3, 2): (ln(2/4) + 4/2 + (1 - 3)^2 / 2 - 1) / 2 = (-0.693147 + 2 + 2 - 1) / 2
    values = (torch.tensor(x).view(1, 1, 1) for x in (1.0, math.log(4), 3.0, math.log(2)))
    assert kl_per_value(*values).item() == pytest.approx(1.153426, abs=1e-6)


def test_free_bits_by_hand() -> None:
    # two steps of three dimensions: 0.1 and 0.4 are lifted to the floor 0.5, the rest counts as it is
    kl = torch.tensor([[0.1, 2.0, 0.5], [0.4, 1.0, 3.0]])
    assert free_bits(kl, 0.5).item() == pytest.approx(0.5 + 2 + 0.5 + 0.5 + 1 + 3)
    assert free_bits(kl, 0.0).item() == pytest.approx(kl.sum().item())


def test_a_dimension_below_its_floor_has_no_gradient() -> None:
    kl = torch.tensor([[0.1, 2.0], [0.6, 0.2]], requires_grad=True)
    free_bits(kl, 0.5).backward()
    assert kl.grad is not None
    assert kl.grad.tolist() == [[0, 1], [1, 0]]


def test_mse_is_a_mean_over_a_frame_and_a_sum_over_steps() -> None:
    # a constant error of 0.5 costs 0.25 a frame whatever its size, and three steps cost 0.75
    target = torch.zeros(3, 2, 3, 8, 8)
    assert mean_squared_error(target + 0.5, target).item() == pytest.approx(0.75)


def test_psnr_of_a_constant_error() -> None:
    # -10 log10(0.1^2) = 20 dB
    target = torch.rand(2, 3, 8, 8)
    assert psnr(target + 0.1, target).tolist() == pytest.approx([20.0, 20.0], abs=1e-4)


def test_psnr_is_the_mean_over_channels_of_each_channels_psnr() -> None:
    # errors 0.1, 0.1, 0.01 -> 20, 20, 40 dB: mean 26.67; pooling the MSE would say 21.74
    target = torch.zeros(3, 8, 8)
    error = torch.tensor([0.1, 0.1, 0.01])[:, None, None].expand(3, 8, 8)
    assert psnr(target + error, target).item() == pytest.approx(80 / 3, abs=1e-4)


def test_psnr_does_not_clamp_the_prediction() -> None:
    assert psnr(torch.full((3, 8, 8), 2.0), torch.ones(3, 8, 8)).item() == pytest.approx(0.0)


def test_an_exact_prediction_has_a_finite_score() -> None:
    assert psnr(torch.ones(3, 4, 4), torch.ones(3, 4, 4)).item() == pytest.approx(100.0)
