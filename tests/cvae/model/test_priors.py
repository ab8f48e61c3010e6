"""The learned prior: what it equals, what it sees, and where z comes from."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cvae.config.schema import build_config
from cvae.model.build import build_model
from cvae.model.cvae import CVAE
from tests.conftest import TINY

B, Z, C = 3, 3, 7


def make(n_past: int = 2, **model: Any) -> CVAE:
    return build_model(build_config(TINY | {"n_past": n_past, "model": TINY["model"] | model}, "t"), C)


def inputs(n_frames: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    frames = torch.rand(n_frames, B, 3, 32, 32, generator=g)
    return frames, torch.randn(n_frames, B, C, generator=g), torch.randn(n_frames - 1, B, Z, generator=g)


def pin(prior: nn.Module | None, mu: float, logvar: float) -> None:
    """Let a prior give one Gaussian whatever it sees."""
    assert prior is not None
    with torch.no_grad():
        for head, value in ((prior.mu, mu), (prior.logvar, logvar)):
            head.weight.zero_()  # type: ignore[union-attr, operator]
            head.bias.fill_(value)  # type: ignore[union-attr, operator]


def test_both_priors_start_from_the_same_other_weights() -> None:
    fixed, learned = make().state_dict(), make(prior="learned").state_dict()
    assert all(torch.equal(learned[key], value) for key, value in fixed.items())
    own = {key for key in learned if key not in fixed}
    assert own == {f"prior.{key.removeprefix('posterior.')}" for key in fixed if key.startswith("posterior.")}


def test_a_learned_prior_adds_a_posteriors_parameters() -> None:
    # SVG-LP at 64 pixels, g 128, z 64: 592,256 more
    model = build_model(build_config({"model": {"prior": "learned"}}, "t"), C)
    assert model.prior is not None
    assert sum(p.numel() for p in model.prior.parameters()) == 592_256


@pytest.mark.parametrize("past_z", ["posterior", "prior"])
def test_a_learned_prior_that_says_n_0_1_is_the_fixed_one(past_z: str) -> None:
    fixed, learned = make(past_z=past_z), make(prior="learned", past_z=past_z)
    pin(learned.prior, 0.0, 0.0)
    for model in (fixed, learned):
        nn.init.constant_(model.posterior.mu.bias, 1.0)
    frames, conditions, noise = inputs()
    coins = torch.rand(5, B, generator=torch.Generator().manual_seed(1)) < 0.5
    a, b = (model(frames, conditions, noise, coins) for model in (fixed, learned))
    assert torch.equal(a.frames, b.frames)
    assert a.kl().item() == pytest.approx(b.kl().item(), rel=1e-4)
    assert torch.allclose(a.kl_per_dimension(), b.kl_per_dimension(), atol=1e-7)
    assert torch.equal(fixed.predict(frames[:2], conditions, noise), learned.predict(frames[:2], conditions, noise))


def test_prediction_draws_z_from_the_learned_prior() -> None:
    # a prior N(2, 0.25) turns the noise e into 2 + e / 2 on future frames, and leaves the given ones to the posterior
    fixed, learned = make(), make(prior="learned")
    pin(learned.prior, 2.0, -2 * torch.log(torch.tensor(2.0)).item())
    frames, conditions, noise = inputs()
    moved = torch.cat([noise[:1], 2 + noise[1:] / 2])
    expected = fixed.predict(frames[:2], conditions, moved)
    assert torch.allclose(learned.predict(frames[:2], conditions, noise), expected, atol=1e-6)
    assert not torch.allclose(fixed.predict(frames[:2], conditions, noise), expected, atol=1e-6)


def test_past_z_from_the_prior_leaves_the_posterior_out() -> None:
    frames, conditions, noise = inputs()
    for past_z, is_out in (("prior", True), ("posterior", False)):
        model = make(past_z=past_z)
        before = model.predict(frames[:2], conditions, noise)
        with torch.no_grad():
            model.posterior.mu.bias.add_(3.0)
        assert torch.equal(model.predict(frames[:2], conditions, noise), before) == is_out


def test_the_prior_of_a_frame_sees_the_frames_before_it() -> None:
    # forced: row t-1 is the prior of frame t, from frames 0 .. t-1
    model, (frames, conditions, noise) = make(prior="learned"), inputs()
    forced = torch.ones(5, B, dtype=torch.bool)
    before = model(frames, conditions, noise, forced).prior[0]
    for t in range(1, 6):
        other = frames.clone()
        other[t:] = 1 - other[t:]
        after = model(other, conditions, noise, forced).prior[0]
        assert torch.equal(before[:t], after[:t])
        assert t == 5 or not torch.equal(before[t:], after[t:])


def test_both_paths_give_the_same_prior() -> None:
    # one clip of three is fed its own frame once: the others' prior stays what the batched path says
    model, (frames, conditions, noise) = make(prior="learned"), inputs()
    coins = torch.ones(5, B, dtype=torch.bool)
    batched = model(frames, conditions, noise, coins).prior[0]
    coins[3, 1] = False
    stepped = model(frames, conditions, noise, coins).prior[0]
    assert torch.allclose(batched[:, [0, 2]], stepped[:, [0, 2]], atol=1e-6)
    assert torch.allclose(batched[:3, 1], stepped[:3, 1], atol=1e-6)
    assert not torch.equal(batched[3:, 1], stepped[3:, 1])


def test_past_codes_tell_every_step_of_every_given_frame() -> None:
    # A model that sees nothing of frame 0 but its code, through the recurrent state; with past_codes at each step too.
    frames, conditions, _ = inputs()
    other = frames.clone()
    other[0] = 1 - other[0]
    for past_codes in (False, True):
        model = make(past_codes=past_codes)
        context = [model.conditioning.align(conditions, model.codec.encode(f)[0]) for f in (frames, other)]
        assert context[0].shape == (5, B, C + (2 * 16 if past_codes else 0))
        differs = (context[0] != context[1]).any(dim=-1).all()
        assert bool(differs) == past_codes
        assert torch.equal(context[0][:, :, :C], context[1][:, :, :C])


def test_predictor_norm_normalises_codes_over_what_one_call_holds() -> None:
    # In training: over T x B codes in one call, so a constant shift of them all goes away; in evaluation it stays.
    model = make(predictor_norm="batch")
    given = torch.randn(4, B, 16 + Z + C, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.frame_predictor.norm.weight.fill_(1.0)  # type: ignore[union-attr]
        before, _ = model.frame_predictor(given)
        flat = torch.atanh(before).flatten(0, 1)
        assert torch.allclose(flat.mean(dim=0), torch.zeros(16), atol=1e-4)
        model.frame_predictor.output.bias.add_(3.0)
        assert torch.allclose(model.frame_predictor(given)[0], before, atol=1e-3)
        model.eval()
        in_evaluation, _ = model.frame_predictor(given)
    assert not torch.allclose(in_evaluation, before, atol=1e-2)


def test_with_predictor_norm_the_numbers_depend_on_the_path() -> None:
    # Documented, and so held: over time x batch, or B at a time.
    model, (frames, conditions, noise) = make(predictor_norm="batch"), inputs()
    coins = torch.ones(5, B, dtype=torch.bool)
    with torch.no_grad():
        codes, projected = model.codec.encode_truth(frames)
        batched = model(frames, conditions, noise, coins)
        z = batched.mu + noise * torch.exp(0.5 * batched.logvar)
        given = torch.cat([z, model.conditioning.align(conditions, codes)], -1)
        stepped, _ = model._step_by_step(codes, projected, given, ~coins.numpy())
    assert (batched.frames - stepped).abs().max() > 1e-4
