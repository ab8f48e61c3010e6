"""The count of multiply-accumulates against PyTorch's own count of what ran."""

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cvae.config.network_sizes import Work, count_macs, training_flops
from cvae.config.schema import build_config
from cvae.model.build import build_model
from cvae.model.losses import mean_squared_error
from tests.conftest import TINY, changed

B, C = 2, 7
MIXED = torch.tensor([[1, 1], [1, 1], [0, 1], [0, 0], [1, 0]], dtype=torch.bool)
COINS = {"forced": torch.ones(5, B, dtype=torch.bool), "mixed": MIXED}


def test_the_published_sizes() -> None:
    # SCIENCE: 1.14 GMAC a frame in the encoder; 1.74 in the decoder, whose merges hold 69%
    macs = count_macs(build_config({}, "t"), C)
    assert macs.encoder == pytest.approx(1.14e9, rel=0.01)
    # as published the skips' half is paid for each frame, and the other half is as large
    merges = 2 * macs.projection
    published = macs.decoder + macs.projection + (1 - 4 / 9) * macs.projection
    assert published == pytest.approx(1.74e9, rel=0.01)
    assert merges / published == pytest.approx(0.69, abs=0.01)


@pytest.mark.parametrize("coins", COINS)
@pytest.mark.parametrize("model", [{"skip": "first"}, {"skip": "every"}, {"norm": "batch", "width": 0.25}], ids=str)
def test_a_step_is_counted_as_it_runs(model: dict[str, Any], coins: str) -> None:
    config = build_config(TINY | {"model": TINY["model"] | model, "train": TINY["train"] | {"batch_size": B}}, "t")
    networks = build_model(config, C)
    frames = torch.rand(6, B, 3, 32, 32)
    with FlopCounterMode(display=False) as counter:
        rollout = networks(frames, torch.randn(6, B, C), torch.randn(5, B, 3), COINS[coins])
        (mean_squared_error(rollout.frames, frames[1:]) + rollout.kl()).backward()
    # the gradient of the first layer's input, which is counted, is never computed
    assert Work.of(config, C).flops(~COINS[coins].numpy()) == pytest.approx(counter.get_total_flops(), rel=0.04)


def test_a_training_is_the_sum_of_its_steps() -> None:
    config = build_config(TINY, "t")
    assert training_flops(config) == pytest.approx(6 * Work.of(config, C).step_flops(0))
    half = changed(config, {"teacher_forcing": {"mode": "linear", "decay_start": 0.0}})  # 0.5 on average
    fed_back = 0.5 * 3 * 3  # 3 steps can be, of 3 clips
    assert training_flops(half) == pytest.approx(6 * Work.of(config, C).step_flops(fed_back), rel=1e-3)


@pytest.mark.parametrize("coin", ["batch", "step", "sample"])
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_what_is_expected_is_the_mean_of_what_falls(norm: str, coin: str) -> None:
    from cvae.random_streams import step_coins

    forcing = {"mode": "constant", "ratio": 0.7, "coin": coin}
    config = build_config(TINY | {"model": TINY["model"] | {"norm": norm}, "teacher_forcing": forcing}, "t")
    work = Work.of(config, C)
    fallen = [work.flops(~step_coins((5, 3), 0.7, 0, step, coin).numpy()) for step in range(3000)]  # type: ignore[arg-type]
    assert sum(fallen) / 3000 == pytest.approx(work.expected_flops(0.7), rel=0.01)


def test_counting_needs_no_torch() -> None:
    code = """
import sys
from cvae.config.network_sizes import training_flops
from cvae.config.schema import build_config
assert training_flops(build_config({}, "t")) > 1e17
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
