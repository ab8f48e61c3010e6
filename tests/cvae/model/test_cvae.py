"""The networks: published sizes, both forward paths, and what may and may not influence a prediction."""

import pytest
import torch
from torch import Tensor

from cvae.config.schema import Config, build_config
from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from tests.conftest import TINY, changed

B, Z, C = 3, 3, 7
SKIPS = ["first", "last_context", "every"]


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def make(skip: str = "last_context", norm: str = "group", offset: int = -1, n_past: int = 2) -> CVAE:
    values = TINY | {"n_past": n_past}
    values["model"] = {**TINY["model"], "skip": skip, "norm": norm, "condition_offset": offset}
    return build_model(build_config(values, "t"), C)


def inputs(n_frames: int = 6, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    frames = torch.rand(n_frames, B, 3, 32, 32, generator=g)
    return frames, torch.randn(n_frames, B, C, generator=g), torch.randn(n_frames - 1, B, Z, generator=g)


def forced(n_frames: int = 6, *, value: bool = True) -> Tensor:
    return torch.full((n_frames - 1, B), value)


def test_published_parameter_counts() -> None:
    # SVG at 64 pixels, g 128, z 64, 7 condition values: 22.24 M in all
    model = build_model(build_config({"model": {"norm": "batch"}}, "t"), C)
    parts = [count(p) for p in (model.encoder, model.decoder, model.frame_predictor, model.posterior)]
    assert parts == [8_689_600, 11_822_659, 1_136_768, 592_256]


def test_group_norm_has_as_many_parameters_as_batch_norm() -> None:
    assert count(make(norm="group")) == count(make(norm="batch"))


@pytest.mark.parametrize("image_size", [32, 64])
@pytest.mark.parametrize("width", [0.125, 0.3, 0.5])
def test_shapes_at_every_size_and_width(image_size: int, width: float) -> None:
    values = TINY | {"image_size": image_size, "model": {**TINY["model"], "width": width}}
    model = build_model(build_config(values, "t"), C)
    frames = torch.rand(4, 2, 3, image_size, image_size)
    rollout = model(frames, torch.randn(4, 2, C), torch.randn(3, 2, Z), torch.ones(3, 2, dtype=torch.bool))
    assert rollout.frames.shape == (3, 2, 3, image_size, image_size)
    assert rollout.mu.shape == rollout.logvar.shape == (3, 2, Z)


@pytest.mark.parametrize("norm", ["group", "batch"])
@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("n_past", [1, 2, 3])
def test_batched_equals_step_by_step(skip: str, n_past: int, norm: str) -> None:
    # Forced throughout, one pass over time x batch and a loop over time are the same function where a frame is normed
    # by itself (group norm), or by what was remembered (batch norm in evaluation).
    model, (frames, conditions, noise) = make(skip, norm, n_past=n_past).train(norm == "group"), inputs()
    batched = model(frames, conditions, noise, forced())
    codes, projected = model.codec.encode_truth(frames)
    z = batched.mu + noise * torch.exp(0.5 * batched.logvar)
    given = torch.cat([z, model.conditioning.align(conditions, codes)], -1)
    stepped, fed = model._step_by_step(codes, projected, given, ~forced().numpy())
    assert torch.allclose(batched.frames, stepped, atol=1e-5)
    assert torch.equal(fed, codes[:-1])


def test_a_fed_back_frame_changes_what_follows_it_only() -> None:
    model, (frames, conditions, noise) = make(), inputs()
    coins = forced()
    coins[3, 1] = False  # frame 4 of clip 1 is predicted from the model's own frame 3
    true, mixed = model(frames, conditions, noise, forced()).frames, model(frames, conditions, noise, coins).frames
    assert torch.allclose(true[:3], mixed[:3], atol=1e-5)  # frames 1 .. 3
    assert torch.allclose(true[:, [0, 2]], mixed[:, [0, 2]], atol=1e-5)  # other clips
    assert (true[3:, 1] - mixed[3:, 1]).abs().max() > 1e-4


@pytest.mark.parametrize("n_past", [1, 2, 3])
def test_given_frames_are_always_true(n_past: int) -> None:
    # Coins of the steps that are predicted from given frames have no say.
    model, (frames, conditions, noise) = make(n_past=n_past), inputs()
    coins = forced()
    coins[:n_past] = False
    assert torch.equal(
        model(frames, conditions, noise, coins).frames, model(frames, conditions, noise, forced()).frames
    )


@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("offset", [-1, 0])
def test_training_with_own_frames_and_prior_equals_prediction(skip: str, offset: int) -> None:
    # With the posterior pinned to N(0, I) and no future step forced, the training path is the evaluation path.
    model, (frames, conditions, noise) = make(skip, offset=offset), inputs()
    model.eval()
    torch.nn.init.zeros_(model.posterior.mu.weight)
    torch.nn.init.zeros_(model.posterior.logvar.weight)
    trained = model(frames, conditions, noise, forced(value=False)).frames
    predicted = model.predict(frames[:2], conditions, noise)
    assert torch.allclose(trained[1:], predicted, atol=1e-5)


@pytest.mark.parametrize("skip", SKIPS)
def test_the_future_does_not_leak_into_a_forced_prediction(skip: str) -> None:
    # With z from a posterior that ignores its input, frame t may depend on frames before t and on nothing later.
    model, (frames, conditions, noise) = make(skip), inputs()
    torch.nn.init.zeros_(model.posterior.mu.weight)
    torch.nn.init.zeros_(model.posterior.logvar.weight)
    before = model(frames, conditions, noise, forced()).frames
    for t in range(1, 6):
        other = frames.clone()
        other[t:] = 1 - other[t:]
        after = model(other, conditions, noise, forced()).frames
        assert torch.equal(before[:t], after[:t])  # rows 0 .. t-1 are frames 1 .. t
        assert t == 5 or not torch.equal(before[t:], after[t:])


@pytest.mark.parametrize(("offset", "last_used"), [(-1, 4), (0, 5)])
def test_condition_offset(offset: int, last_used: int) -> None:
    # Frame t is predicted from the condition at t + offset: the last frame, 5, from 4 or from 5.
    model, (frames, conditions, noise) = make(offset=offset), inputs()
    model.eval()
    before = model.predict(frames[:2], conditions, noise)
    for t in range(6):
        other = conditions.clone()
        other[t] += 1
        is_same = torch.equal(model.predict(frames[:2], other, noise)[-1], before[-1])
        assert is_same == (t > last_used or t < 1 + offset)


def test_without_conditions_they_have_no_say() -> None:
    # SVG as published: the frame predictor is 7 inputs narrower, and no condition moves a prediction.
    values = TINY | {"model": {**TINY["model"], "conditioned": False}}
    model, (frames, conditions, noise) = build_model(build_config(values, "t"), C), inputs()
    assert count(make().frame_predictor) - count(model.frame_predictor) == C * 16
    model.eval()
    assert torch.equal(model.predict(frames[:2], conditions, noise), model.predict(frames[:2], -conditions, noise))


def test_the_seed_alone_decides_the_weights() -> None:
    def weights(config: Config) -> Tensor:
        return torch.cat([p.flatten() for p in build_model(config, C).parameters()])

    config = build_config(TINY, "t")
    torch.manual_seed(5)
    first = weights(config)
    state = torch.get_rng_state()
    assert torch.equal(first, weights(config))
    assert torch.equal(state, torch.get_rng_state())  # global random state is left alone
    assert not torch.equal(first, weights(changed(config, {"seed": 1})))


def test_initial_weights_are_svgs() -> None:
    model = build_model(build_config({"model": {"width": 0.5, "norm": "group", "start": "svg"}}, "t"), C)
    conv = model.encoder.stages[3][1][0].weight
    assert conv.std().item() == pytest.approx(0.02, rel=0.02)
    norm = torch.cat([m.weight for m in model.modules() if isinstance(m, torch.nn.GroupNorm)])
    assert (norm.mean().item(), norm.std().item()) == (pytest.approx(1.0, abs=2e-3), pytest.approx(0.02, rel=0.1))
