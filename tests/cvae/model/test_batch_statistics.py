"""Batch norm over a time step's frames: training as published codes do it, written again as a loop over time steps.

From the weights alone: no layer, loop or batching of `cvae.model` is used. A time step's B frames go through encoder
and decoder together and are normalised by their own mean and variance, whatever comes before or after.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cvae.config.schema import build_config
from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from cvae.model.losses import mean_squared_error
from tests.conftest import TINY
from tests.cvae.model.published_procedure import Memory, Weights, divergence, gaussian, n_layers, recur

B, Z, C, T, N_PAST = 3, 3, 7, 6, 2
FORCED, FREE = torch.ones(T - 1, B, dtype=torch.bool), torch.zeros(T - 1, B, dtype=torch.bool)


@pytest.fixture(autouse=True)
def _in_double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # norms over three frames each, one upon the other, leave little of single precision: nothing is cast down to it
    monkeypatch.setattr(torch.Tensor, "float", lambda tensor: tensor)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make(**changes: Any) -> CVAE:
    model = {"predictor_layers": 2, "norm": "batch", "batch_statistics": "frame"} | changes.pop("model", {})
    values = TINY | changes | {"model": TINY["model"] | model}
    built = build_model(build_config(values, "t"), C)
    with torch.no_grad():  # SVG's initial weights are so small that the recurrent networks hardly speak
        for name, weight in built.named_parameters():
            if "embed" in name or "mu" in name or "logvar" in name or "output" in name:
                weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(weight.numel()))
    return built.double()


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    frames = torch.rand(T, B, 3, 32, 32, generator=g) * torch.linspace(0.3, 1, T).view(-1, 1, 1, 1, 1)
    return frames.double(), torch.randn(T, B, C, generator=g).double(), torch.randn(T - 1, B, Z, generator=g).double()


@dataclass
class Steps:
    """SVG's training of a batch, one time step after another."""

    w: Weights
    skip: str
    past_codes: bool = False
    frees_given: bool = False
    means: dict[str, list[Tensor]] = field(default_factory=dict)  # what each norm saw, call by call

    def norm(self, name: str, x: Tensor) -> Tensor:
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1] + [1] * (x.ndim - 2)
        mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        self.means.setdefault(name, []).append(mean.detach())
        x = (x - mean.view(shape)) / torch.sqrt(variance.view(shape) + 1e-5)
        return x * self.w[f"{name}.weight"].view(shape) + self.w[f"{name}.bias"].view(shape)

    def layer(self, name: str, x: Tensor) -> Tensor:
        x = self.norm(f"{name}.1", F.conv2d(x, self.w[f"{name}.0.weight"], self.w[f"{name}.0.bias"], padding=1))
        return torch.where(x > 0, x, 0.2 * x)

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        skips = []
        for i in range(3):
            for j in range(n_layers(self.w, f"encoder.stages.{i}")):
                x = self.layer(f"encoder.stages.{i}.{j}", x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = F.conv2d(x, self.w["encoder.head.0.weight"], self.w["encoder.head.0.bias"])
        return torch.tanh(self.norm("encoder.head.1", x)).flatten(1), skips

    def decode(self, code: Tensor, skips: list[Tensor]) -> Tensor:
        w = self.w
        x = F.conv_transpose2d(code[:, :, None, None], w["decoder.head.0.weight"], w["decoder.head.0.bias"])
        x = self.norm("decoder.head.1", x)
        x = torch.where(x > 0, x, 0.2 * x)
        for i in range(3):
            x = torch.cat([x.repeat_interleave(2, 2).repeat_interleave(2, 3), skips[2 - i]], dim=1)
            for j in range(n_layers(w, f"decoder.stages.{i}") if i < 2 else 1):
                x = self.layer(f"decoder.stages.{i}.{j}", x)
        x = F.conv_transpose2d(x, w["decoder.stages.2.1.weight"], w["decoder.stages.2.1.bias"], padding=1)
        return torch.sigmoid(x)

    def train(self, truth: Tensor, conditions: Tensor, noise: Tensor, forced: Tensor) -> tuple[Tensor, Tensor]:
        """Frames 1 .. T-1 and the mean KL; the coins of a step are the same for all clips."""
        posterior: list[Memory] = [[] for _ in range(B)]
        predictor: list[Memory] = [[] for _ in range(B)]
        codes, skips = zip(*(self.encode(frame) for frame in truth), strict=True)
        outputs: list[Tensor] = []
        kl, kept = torch.zeros(()), skips[0]
        for t in range(1, T):
            fed, own = codes[t - 1], skips[t - 1]
            if t - 1 >= (1 if self.frees_given else N_PAST) and not forced[t - 1].any():
                fed, own = self.encode(outputs[-1])
            if self.skip == "every" or (self.skip == "last_context" and t <= N_PAST):
                kept = own
            hidden = []
            for b in range(B):
                mu, logvar = gaussian(self.w, "posterior", codes[t][b], posterior[b])
                kl = kl + divergence(mu, logvar, torch.zeros(Z), torch.zeros(Z)) / B
                given = [fed[b], mu + noise[t - 1, b] * torch.exp(logvar / 2), conditions[t - 1, b]]
                given += [codes[i][b] for i in range(N_PAST)] if self.past_codes else []
                hidden.append(recur(self.w, "frame_predictor", torch.cat(given), predictor[b]))
            told = torch.stack(hidden) @ self.w["frame_predictor.output.weight"].T
            told = told + self.w["frame_predictor.output.bias"]
            if "frame_predictor.norm.weight" in self.w:
                told = self.norm("frame_predictor.norm", told)
            outputs.append(self.decode(torch.tanh(told), kept))
        return torch.stack(outputs), kl


def assert_same(model: CVAE, steps: Steps, forced: Tensor) -> None:
    """Frames, KL and every weight's gradient are those of the loop."""
    frames, weights = inputs()[0], list(model.parameters())
    rollout = model(*inputs(), forced)
    expected, kl = steps.train(*inputs(), forced)
    assert (rollout.frames - expected).abs().max() < 1e-9
    assert rollout.kl().item() == pytest.approx(kl.item(), rel=1e-9)
    assert kl > 0.01
    loss = mean_squared_error(rollout.frames, frames[1:]) + 0.01 * rollout.kl()
    of_loop = mean_squared_error(expected, frames[1:]) + 0.01 * kl
    for own, other in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(of_loop, weights), strict=True):
        assert (own - other).norm() <= 1e-7 * other.norm() + 1e-9


@pytest.mark.parametrize(
    ("skip", "predictor_norm", "coins"),
    [*product(["first", "last_context", "every"], ["none", "batch"], [FORCED, FREE])],
)
def test_training_is_the_published_loop(skip: str, predictor_norm: str, coins: Tensor) -> None:
    model = make(model={"skip": skip, "predictor_norm": predictor_norm})
    assert_same(model, Steps(dict(model.named_parameters()), skip), coins)


@pytest.mark.parametrize("coins", [FORCED, FREE])
def test_the_course_reports_training_is_its_loop(coins: Tensor) -> None:
    # both given frames' codes at every step; unforced, frame 2 is predicted from its own frame 1
    told = {"skip": "first", "predictor_norm": "batch", "past_codes": True}
    model = make(model=told, teacher_forcing={"mode": "constant", "frees_given": True, "coin": "batch"})
    assert_same(model, Steps(dict(model.named_parameters()), "first", past_codes=True, frees_given=True), coins)


def test_all_frames_at_once_are_another_model() -> None:
    # what the key is for: the same weights, frames that differ by more than any rounding
    rollouts = [make(model={"batch_statistics": how})(*inputs(), FORCED).frames for how in ("frame", "clip")]
    assert (rollouts[0] - rollouts[1]).abs().max() > 0.01


@pytest.mark.parametrize(("how", "updates"), [("frame", T), ("clip", 1)])
def test_running_statistics_are_moved_once_a_call(how: str, updates: int) -> None:
    # a tenth of the way towards what each call saw, in the order of time: the last frames weigh most
    model = make(model={"batch_statistics": how})
    steps = Steps(dict(model.named_parameters()), "last_context")
    steps.train(*inputs(), FORCED)
    model(*inputs(), FORCED)
    norm = model.encoder.stages[0][0][1]
    assert norm.num_batches_tracked.item() == updates
    remembered = torch.zeros_like(norm.running_mean)
    for mean in steps.means["encoder.stages.0.0.1"]:
        remembered = 0.9 * remembered + 0.1 * mean
    assert torch.allclose(norm.running_mean, remembered, atol=1e-9) == (how == "frame")


def test_in_evaluation_the_key_says_nothing() -> None:
    frame, clip = (make(model={"batch_statistics": how}).eval() for how in ("frame", "clip"))
    assert torch.equal(frame(*inputs(), FORCED).frames, clip(*inputs(), FORCED).frames)
