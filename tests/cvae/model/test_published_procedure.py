"""The model against the procedure of the papers, written again as plain loops over clips and frames."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from cvae.config.schema import build_config
from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from cvae.model.losses import mean_squared_error
from tests.conftest import TINY
from tests.cvae.model.published_procedure import Method, follow

B, Z, C, T = 2, 3, 7, 6
SKIPS = ["first", "last_context", "every"]
PRIORS = ["fixed", "learned"]
COINS = {
    "forced": torch.ones(T - 1, B, dtype=torch.bool),
    "free": torch.zeros(T - 1, B, dtype=torch.bool),
    "mixed": torch.tensor([[1, 0], [0, 1], [1, 0], [0, 0], [0, 1]], dtype=torch.bool),
}


def make(*, n_past: int = 2, detach: bool = False, **model: Any) -> tuple[CVAE, Method]:
    values = TINY | {"n_past": n_past, "teacher_forcing": {"mode": "constant", "detach": detach}}
    values["model"] = TINY["model"] | {"predictor_layers": 2} | model
    config = build_config(values, "t")
    m = config.model
    method = Method(
        n_past, m.skip, m.prior == "learned", m.past_codes, m.past_z, detach, m.condition_offset
    )  # fmt: skip
    built = build_model(config, C)
    with torch.no_grad():  # SVG's initial weights are so small that the recurrent networks hardly speak
        for name, weight in built.named_parameters():
            if "embed" in name or "mu" in name or "logvar" in name or "output" in name:
                weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(weight.numel()))
    return built, method


def inputs(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    frames = torch.rand(T, B, 3, 32, 32, generator=g)
    return frames, torch.randn(T, B, C, generator=g), torch.randn(T - 1, B, Z, generator=g)


def procedure(model: CVAE, method: Method, coins: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
    """Every clip by itself: frames (T-1, B, 3, S, S) and the mean KL."""
    frames, conditions, noise = inputs()
    weights = dict(model.named_parameters())
    clips = [
        follow(weights, method, frames[:, b], conditions[:, b], noise[:, b], coins[:, b], training=training)
        for b in range(B)
    ]
    return torch.stack([frames for frames, _ in clips], dim=1), torch.stack([kl for _, kl in clips]).mean()


def assert_same_in_training(model: CVAE, method: Method, coins: Tensor) -> None:
    rollout = model(*inputs(), coins)
    frames, kl = procedure(model, method, coins, training=True)
    assert (rollout.frames - frames).abs().max() < 1e-5
    assert rollout.kl().item() == pytest.approx(kl.item(), rel=1e-5, abs=1e-5)
    assert kl > 0.01


@pytest.mark.parametrize(("skip", "prior", "coins"), [*product(SKIPS, PRIORS, COINS)])
def test_training_follows_the_procedure(skip: str, prior: str, coins: str) -> None:
    assert_same_in_training(*make(skip=skip, prior=prior), COINS[coins])


@pytest.mark.parametrize(("skip", "prior", "past_z"), [*product(SKIPS, PRIORS, ["posterior", "prior"])])
def test_prediction_follows_the_procedure(skip: str, prior: str, past_z: str) -> None:
    model, method = make(skip=skip, prior=prior, past_z=past_z)
    frames, conditions, noise = inputs()
    predicted = model.predict(frames[:2], conditions, noise)
    expected, _ = procedure(model, method, COINS["free"], training=False)
    assert (predicted - expected[1:]).abs().max() < 1e-5


@pytest.mark.parametrize("n_past", [1, 3])
@pytest.mark.parametrize("options", [{"past_codes": True}, {"condition_offset": 0}], ids=str)
def test_the_same_for_other_inputs(n_past: int, options: dict[str, Any]) -> None:
    model, method = make(n_past=n_past, prior="learned", skip="every", **options)
    assert_same_in_training(model, method, COINS["mixed"])
    frames, conditions, noise = inputs()
    predicted = model.predict(frames[:n_past], conditions, noise)
    expected, _ = procedure(model, method, COINS["free"], training=False)
    assert (predicted - expected[n_past - 1 :]).abs().max() < 1e-5


@pytest.mark.parametrize("skip", ["last_context", "every"])
def test_detach_cuts_the_gradient_at_the_fed_back_frame_and_nowhere_else(skip: str) -> None:
    # Every weight's gradient is the procedure's, which treats the fed-back frame, and only it, as a constant.
    gradients: dict[bool, list[Tensor]] = {}
    frames = inputs()[0]
    for detach in (False, True):
        model, method = make(skip=skip, prior="learned", detach=detach)
        rollout = model(*inputs(), COINS["mixed"])
        loss = mean_squared_error(rollout.frames, frames[1:]) + 0.01 * rollout.kl()
        expected_frames, expected_kl = procedure(model, method, COINS["mixed"], training=True)
        expected = mean_squared_error(expected_frames, frames[1:]) + 0.01 * expected_kl
        weights = list(model.parameters())
        gradients[detach] = list(torch.autograd.grad(loss, weights))
        for own, other in zip(gradients[detach], torch.autograd.grad(expected, weights), strict=True):
            assert (own - other).norm() <= 1e-3 * other.norm() + 1e-6
    largest = max((a - b).norm() / b.norm() for a, b in zip(*gradients.values(), strict=True))
    assert largest > 0.01  # or the comparison would say nothing


def test_detach_changes_no_prediction() -> None:
    (kept, _), (cut, _) = make(detach=False), make(detach=True)
    assert torch.equal(kept(*inputs(), COINS["mixed"]).frames, cut(*inputs(), COINS["mixed"]).frames)
