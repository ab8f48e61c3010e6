"""What the KL costs: every mode against its closed form, and the controller's behaviour in a loop."""

import math
from typing import Any

import pytest
import torch

from cvae.config.schema import build_config
from cvae.model.rollout import Rollout
from cvae.schedules.kl import ControlledKL
from cvae.training.kl_term import KLTerm, pi_control

ERROR = torch.tensor(0.3)  # squared error, mean over a frame, summed over the two steps of `rollout`

CODES = torch.zeros(3, 3, 2)  # no KL term looks at them


def rollout(mu: float = 1.0, prior_mu: float | None = None) -> Rollout:
    """Two steps, three clips, four dimensions of N(mu, 1): a KL of 2 * 4 * (mu - prior_mu)^2 / 2 nats."""
    shape = (2, 3, 4)
    prior = None if prior_mu is None else (torch.full(shape, prior_mu), torch.zeros(shape))
    return Rollout(torch.zeros(2, 3, 3, 32, 32), torch.full(shape, mu), torch.zeros(shape), CODES, prior)


def make(kl_anneal: dict[str, Any], beta: float = 0.1) -> KLTerm:
    return KLTerm(build_config({"image_size": 32, "beta": beta, "kl_anneal": kl_anneal}, "t"))


def controller(**values: float) -> ControlledKL:
    return ControlledKL(**({"target": 5.0, "kp": 0.0, "ki": 0.0, "beta_min": 0.0, "beta_max": 1.0} | values))


def controlled(excess: float, integral: float, anneal: ControlledKL) -> tuple[float, float]:
    exact = (torch.tensor(value, dtype=torch.float64) for value in (excess, integral))
    beta, integral = (value.item() for value in pi_control(*exact, anneal))
    return beta, integral


@pytest.mark.parametrize(
    ("kl_anneal", "progress", "beta"),
    [
        ({"mode": "constant"}, 0.2, 0.1),
        ({"mode": "monotonic", "ramp": 0.5}, 0.2, 0.04),
        ({"mode": "cyclical", "n_cycles": 2, "ramp": 0.5}, 0.7, 0.08),
    ],
)
def test_an_annealed_weight_multiplies_the_kl(kl_anneal: dict[str, Any], progress: float, beta: float) -> None:
    penalty = make(kl_anneal)(rollout(), ERROR, progress)
    assert penalty.kl.item() == pytest.approx(4.0)
    assert penalty.beta == pytest.approx(beta)
    assert penalty.weighted.item() == pytest.approx(4 * beta)


@pytest.mark.parametrize(("prior_mu", "kl"), [(None, 4.0), (0.0, 4.0), (3.0, 16.0), (1.0, 0.0)])
def test_the_kl_is_that_from_the_prior(prior_mu: float | None, kl: float) -> None:
    penalty = make({"mode": "constant"})(rollout(1.0, prior_mu), ERROR, 0.0)
    assert penalty.kl.item() == pytest.approx(kl)
    assert torch.allclose(rollout(1.0, prior_mu).kl_per_dimension(), torch.full((2, 4), kl / 8))


@pytest.mark.parametrize(("floor", "counted"), [(0.2, 4.0), (0.5, 4.0), (0.7, 5.6)])
def test_free_bits_are_charged_and_the_true_kl_is_reported(floor: float, counted: float) -> None:
    # half a nat in each of 2 * 4 dimensions: a floor above it is what is charged
    penalty = make({"mode": "free_bits", "floor": floor})(rollout(), ERROR, 0.0)
    assert penalty.weighted.item() == pytest.approx(0.1 * counted)
    assert (penalty.kl.item(), penalty.beta) == (pytest.approx(4.0), 0.1)


def test_free_bits_are_kept_by_the_batch_not_by_every_clip() -> None:
    # KL 0 in one clip and 1 in the other: the mean of a half is above a floor of 0.4, so nothing is lifted
    mu = torch.tensor([0.0, math.sqrt(2)]).view(1, 2, 1)
    one = Rollout(torch.zeros(1, 2, 3, 32, 32), mu, torch.zeros(1, 2, 1), CODES)
    assert make({"mode": "free_bits", "floor": 0.4}, beta=1.0)(one, ERROR, 0.0).weighted.item() == pytest.approx(0.5)


@pytest.mark.parametrize(("progress", "distance"), [(0.0, 4.0), (0.2, 1.6), (0.5, 2.0), (0.9, 2.0)])
def test_capacity_charges_the_distance_on_either_side(progress: float, distance: float) -> None:
    # C rises to 6 nats at 50%: the KL of 4 is above it, then below
    penalty = make({"mode": "capacity", "gamma": 0.5, "c_max": 6.0, "ramp": 0.5})(rollout(), ERROR, progress)
    assert penalty.weighted.item() == pytest.approx(0.5 * distance)
    assert (penalty.kl.item(), penalty.beta) == (pytest.approx(4.0), 0.5)


def test_capacity_pulls_a_kl_below_it_up() -> None:
    mu = torch.full((2, 3, 4), 1.0, requires_grad=True)
    below = Rollout(torch.zeros(2, 3, 3, 32, 32), mu, torch.zeros(2, 3, 4), CODES)
    make({"mode": "capacity", "c_max": 6.0})(below, ERROR, 0.9).weighted.backward()
    assert mu.grad is not None
    assert (mu.grad < 0).all()  # descent raises mu, and with it the KL


def test_optimal_sigma_weighs_by_the_error() -> None:
    # a squared error of 0.3 over 2 frames of D = 3072 values: beta = 2 * 0.15 / 3072
    penalty = make({"mode": "optimal_sigma"})(rollout(), ERROR, 0.0)
    assert float(penalty.beta) == pytest.approx(2 * 0.15 / 3072)
    assert penalty.weighted.item() == pytest.approx(4 * 2 * 0.15 / 3072)


def test_optimal_sigma_descends_the_published_loss() -> None:
    # (T D / 2) log(MSE) + KL and error + beta KL have the same gradient up to one positive factor, D / (2 MSE)
    frames, mu = torch.rand(2, 3, 3, 32, 32, requires_grad=True), torch.randn(2, 3, 4, requires_grad=True)

    def gradients(*, published: bool) -> torch.Tensor:
        one = Rollout(frames, mu, torch.zeros(2, 3, 4), CODES)
        error = frames.square().mean(dim=(1, 2, 3, 4)).sum()
        loss = (2 * 3072 / 2) * torch.log(error / 2) + one.kl()
        if not published:
            loss = error + make({"mode": "optimal_sigma"})(one, error, 0.0).weighted
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, [frames, mu])])

    per_frame = (frames.square().mean(dim=(1, 2, 3, 4)).sum() / 2).item()
    scaled = gradients(published=True) * (2 * per_frame / 3072)
    assert torch.allclose(scaled, gradients(published=False), rtol=1e-4, atol=1e-9)


def test_the_proportional_part_by_hand() -> None:
    # kp / (1 + exp(target - KL)): a half of kp on target, kp far above it, nothing far below
    anneal = controller(kp=0.4)
    assert [controlled(x, 0.0, anneal)[0] for x in (0.0, 1.0, 1e4, -1e4)] == pytest.approx(
        [0.2, 0.4 / (1 + math.exp(-1)), 0.4, 0.0]
    )


def test_the_integral_part_by_hand() -> None:
    # ki = 0.01: 3 nats too much for two updates add 0.03 each, 2 too few take 0.02 away
    anneal, integral, betas = controller(ki=0.01, beta_min=0.1), 0.0, []
    for excess in (3.0, 3.0, -2.0):
        beta, integral = controlled(excess, integral, anneal)
        betas.append(beta)
    assert betas == pytest.approx([0.13, 0.16, 0.14])


@pytest.mark.parametrize(("excess", "bound"), [(30.0, 1.0), (-30.0, 0.1)])
def test_the_integral_does_not_wind_up(excess: float, bound: float) -> None:
    # 1000 updates against a bound leave beta there; the first nat of the other sign already moves it.
    anneal, integral = controller(ki=0.01, beta_min=0.1), 0.0
    for _ in range(1000):
        beta, integral = controlled(excess, integral, anneal)
    assert beta == bound
    back, _ = controlled(-excess, integral, anneal)
    assert abs(back - bound) >= 0.1


def test_a_gain_too_large_for_its_error_comes_back() -> None:
    # Frozen whenever it was out of range, as published, an integral that jumped over the bound would stay there.
    anneal, integral = controller(ki=0.01), 0.0
    for excess in (1e6, 10.0, -10.0, -10.0):
        beta, integral = controlled(excess, integral, anneal)
    assert 0 <= beta < 1
    assert 0 <= integral < 1


def test_a_controlled_kl_settles_on_its_target() -> None:
    # A linear VAE of one dimension has KL = ln(beta_c / beta) / 2: ln(2) / 2 nats at half of beta_c, here 1.
    anneal, integral, beta = controller(target=math.log(2) / 2, kp=0.01, ki=0.001, beta_max=2.0), 0.0, 0.0
    for _ in range(20_000):
        kl = max(0.0, 0.5 * math.log(1 / max(beta, 1e-9)))
        beta, integral = controlled(kl - anneal.target, integral, anneal)
    assert kl == pytest.approx(math.log(2) / 2, abs=1e-6)
    assert beta == pytest.approx(0.5, abs=1e-6)


def test_the_controller_is_used_and_remembered() -> None:
    # target 3, KL 4: one nat too many, twice; a controller that goes on from the state gives the third weight
    kl_anneal = {"mode": "control", "target": 3.0, "kp": 0.0, "ki": 0.001, "beta_max": 1.0}
    first = make(kl_anneal)
    betas = [float(first(rollout(), ERROR, 0.0).beta) for _ in range(2)]
    assert betas == pytest.approx([0.001, 0.002])
    second = make(kl_anneal)
    second.load_state(first.state())
    assert float(second(rollout(), ERROR, 0.0).beta) == pytest.approx(0.003)


def test_beta_is_said_to_be_unread_where_it_is() -> None:
    def said(mode: str) -> str:
        return build_config({"kl_anneal": {"mode": mode}}, "t").describe_convention()

    assert all("beta is not read" in said(mode) for mode in ("capacity", "control", "optimal_sigma"))
    assert all("beta_sum" in said(mode) for mode in ("constant", "monotonic", "cyclical", "free_bits"))
