"""What makes a step cheaper changes no number: the merged convolution's halves, parts, checkpointing, sub-batches."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cvae.config.schema import build_config
from cvae.errors import InputError
from cvae.model import chunking
from cvae.model import decoder_stage as merge
from cvae.model.build import build_model
from cvae.model.convolution import enlarging, winograd
from cvae.model.cvae import CVAE
from cvae.model.losses import mean_squared_error
from cvae.model.rollout import Rollout
from tests.conftest import TINY

T, B, C, Z = 6, 3, 7, 3
SKIPS = ["first", "last_context", "every"]
MIXED = torch.tensor([[1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 0, 1], [1, 1, 1]], dtype=torch.bool)
FORCED = torch.ones(T - 1, B, dtype=torch.bool)


def make(runtime: dict[str, Any] | None = None, **model: Any) -> CVAE:
    values = TINY | {"runtime": TINY["runtime"] | (runtime or {}), "model": TINY["model"] | model}
    return build_model(build_config(values, "t"), C)


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    frames = torch.rand(T, B, 3, 32, 32, generator=g)
    return frames, torch.randn(T, B, C, generator=g), torch.randn(T - 1, B, Z, generator=g)


def loss_and_gradients(model: CVAE, coins: Tensor) -> list[Tensor]:
    rollout: Rollout = model(*inputs(), coins)
    loss = mean_squared_error(rollout.frames, inputs()[0][1:]) + 0.01 * rollout.kl()
    return [loss, *torch.autograd.grad(loss, list(model.parameters()))]


def assert_close(ours: list[Tensor], theirs: list[Tensor], tolerance: float = 1e-4) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() <= tolerance * b.norm() + 1e-7


@pytest.mark.parametrize("small_side", [0, 100])
@pytest.mark.parametrize("n_shared", [6, 3, 1])
def test_a_merge_is_the_convolution_over_both_maps(
    small_side: int, n_shared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # however a kernel's gradient is computed, and however many rows share a skip
    monkeypatch.setattr(enlarging, "SMALL_SIDE", small_side)
    layer = merge.MergeLayer(torch.nn.Conv2d(8, 4, 3, padding=1), torch.nn.Identity(), torch.nn.Identity()).double()
    below = torch.randn(6, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    skip = torch.randn(n_shared, 4, 10, 10, dtype=torch.float64, requires_grad=True)
    beside = [F.interpolate(below, scale_factor=2), skip.repeat(6 // n_shared, 1, 1, 1)]
    kernels = layer.kernels()
    published = layer[0](torch.cat(beside, dim=1))
    ours = layer(below, layer.project(skip, kernels), kernels.enlarging)
    assert torch.allclose(published, ours, atol=1e-12)
    weighted = torch.randn_like(ours)
    of = [below, skip, *layer.parameters()]
    for a, b in zip(*(torch.autograd.grad(y, of, weighted) for y in (published, ours)), strict=True):
        assert torch.allclose(a, b, atol=1e-11)


@pytest.mark.parametrize("coins", [FORCED, MIXED], ids=["forced", "mixed"])
@pytest.mark.parametrize("skip", SKIPS)
def test_dividing_frames_changes_nothing(skip: str, coins: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loss_and_gradients(make(skip=skip), coins)
    monkeypatch.setattr(chunking, "CACHED_VALUES", 16 * 32 * 32 * 4)  # 4 frames at full resolution
    monkeypatch.setattr(chunking, "LEAST_FRAMES", 1)
    assert len(chunking.Chunking(True).split(torch.zeros(10, 1), 16 * 32 * 32)) == 3
    assert_close(loss_and_gradients(make(skip=skip), coins), whole)


def test_a_norm_that_sees_the_whole_batch_is_given_it(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loss_and_gradients(make(norm="batch"), FORCED)
    monkeypatch.setattr(chunking, "CACHED_VALUES", 1)
    assert all(torch.equal(a, b) for a, b in zip(loss_and_gradients(make(norm="batch"), FORCED), whole, strict=True))


@pytest.mark.parametrize("norm", ["group", "batch"])
def test_fewer_multiplications_change_nothing(norm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # but the last bits, which a LeakyReLU at its bend makes a visible part of a tiny model's gradients: in float64
    def of_weights() -> list[Tensor]:
        encoder = make(norm=norm).encoder.double()
        codes, skips = encoder(inputs()[0].flatten(0, 1).double())
        loss = sum(one.square().mean() for one in (codes, *skips))
        return [loss, *torch.autograd.grad(loss, list(encoder.parameters()))]

    direct = of_weights()
    monkeypatch.setattr(winograd, "is_measured_kind", lambda: True)
    monkeypatch.setattr(winograd, "LEAST_PAIRS", 1)
    monkeypatch.setattr(winograd, "LEAST_POSITIONS", 1)
    ours = of_weights()
    assert not torch.equal(ours[1], direct[1])
    assert_close(ours, direct, 1e-9)


@pytest.mark.parametrize("coins", [FORCED, MIXED], ids=["forced", "mixed"])
def test_checkpointing_computes_stages_again_and_changes_nothing(coins: Tensor) -> None:
    calls = []
    plain, again = make(), make({"checkpointing": True})
    again.encoder.stages[0].register_forward_pre_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    assert_close(loss_and_gradients(again, coins), loss_and_gradients(plain, coins), 1e-6)
    n_passes = 1 + int((~coins[2:4]).any(dim=1).sum())  # the truth, and each step that is fed back
    assert len(calls) == 2 * n_passes


def test_checkpointing_is_refused_with_batch_norm() -> None:
    with pytest.raises(InputError, match=r"runtime.checkpointing is true: it needs model.norm 'group'"):
        make({"checkpointing": True}, norm="batch")


@pytest.mark.parametrize(("norm", "encoded"), [("group", [2 * B * 3, 1, 2]), ("batch", [2 * B * 3, B, B])])
def test_only_frames_that_are_fed_back_are_encoded(norm: str, encoded: list[int]) -> None:
    # a norm that sees the whole batch is given whole batches all the same
    model, sizes = make(norm=norm), []
    model.encoder.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    model(*inputs(), MIXED)
    assert sizes == encoded


@pytest.mark.parametrize(("skip", "kept"), [("first", 1), ("last_context", 2), ("every", 5)])
def test_features_are_kept_of_the_frames_that_serve_as_skips(skip: str, kept: int) -> None:
    model, rows = make(skip=skip), []
    model.encoder.register_forward_hook(lambda _, __, result: rows.extend(len(s) for s in result[1]))
    model(*inputs(), FORCED)
    assert rows == [kept * B] * 3
