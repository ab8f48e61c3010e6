"""Initial weights: SVG's as published, and those under which what goes into a linear layer comes out at its scale."""

from typing import Any, Literal

import pytest
import torch
from torch import nn

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
