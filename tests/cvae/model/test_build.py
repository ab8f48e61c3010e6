"""Initial weights: SVG's as published, and those under which what goes into a linear layer comes out at its scale."""

from typing import Any, Literal

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cvae.config.network_sizes import Work
from cvae.config.schema import build_config
from cvae.model.build import build_model

SMALL: dict[str, Any] = {
    "image_size": 32,
    "model": {"width": 0.25, "g_dim": 64, "z_dim": 8, "rnn_size": 128, "predictor_layers": 1},
}


def linear_layers(start: Literal["svg", "unit"]) -> list[nn.Linear]:
    config = build_config({**SMALL, "model": {**SMALL["model"], "start": start}}, "test")
    return [module for module in build_model(config, 7).modules() if isinstance(module, nn.Linear)]


@pytest.mark.parametrize(("start", "gain"), [("svg", None), ("unit", 1.0)])
def test_a_linear_layers_scale(start: Literal["svg", "unit"], gain: float | None) -> None:
    # unit: independent inputs of variance 1 give outputs of variance 1; svg: weights of 0.02, whatever the size
    layers = linear_layers(start)
    assert len(layers) == 5
    for layer in layers:
        if gain is None:
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.15)
        else:
            outputs = layer(torch.randn(4000, layer.in_features, generator=torch.Generator().manual_seed(0)))
            assert outputs.var().item() == pytest.approx(gain, rel=0.35)


def test_the_start_moves_linear_layers_alone() -> None:
    models = [build_model(build_config({**SMALL, "model": {"start": s}}, "test"), 7) for s in ("svg", "unit")]
    moved = {
        name
        for (name, a), b in zip(models[0].named_parameters(), models[1].parameters(), strict=True)
        if not torch.equal(a, b)
    }
    assert moved == {f"{n}.weight" for n, m in models[0].named_modules() if isinstance(m, nn.Linear)}


#: Convolutions of SVG's models/vgg_128.py, from the frame down, inputs to outputs, and from the deepest up again.
VGG_128_ENCODER = [
    (3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256), (256, 512), (512, 512), (512, 512),
    (512, 512), (512, 512), (512, 512), (512, 128),
]  # fmt: skip
VGG_128_DECODER = [
    (128, 512), (1024, 512), (512, 512), (512, 512), (1024, 512), (512, 512), (512, 256), (512, 256), (256, 256),
    (256, 128), (256, 128), (128, 64), (128, 64), (64, 3),
]  # fmt: skip


def test_at_128_pixels_the_layers_are_the_published_ones() -> None:
    with torch.device("meta"):
        codec = build_model(build_config({"image_size": 128}, "test"), 7).codec
    convolutions = [
        [(m.in_channels, m.out_channels) for m in part.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
        for part in (codec.encoder, codec.decoder)
    ]
    assert convolutions == [VGG_128_ENCODER, VGG_128_DECODER]


def test_a_clip_of_128_pixels_is_predicted_and_its_work_counted() -> None:
    small = SMALL | {"image_size": 128, "n_past": 2, "n_future": 1, "train": {"batch_size": 1}}
    config = build_config(small, "test")
    frames = torch.rand(3, 1, 3, 128, 128)
    with FlopCounterMode(display=False) as counter:
        rollout = build_model(config, 7)(frames, torch.randn(3, 1, 7), torch.randn(2, 1, 8), torch.ones(2, 1).bool())
        rollout.frames.sum().backward()
    assert rollout.frames.shape == (2, 1, 3, 128, 128)
    assert Work.of(config, 7).step_flops(0) == pytest.approx(counter.get_total_flops(), rel=0.04)
