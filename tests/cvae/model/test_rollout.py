"""What a pass says of its codes, against planted ones."""

import pytest
import torch
from torch import Tensor

from cvae.config.schema import build_config
from cvae.model.build import build_model
from cvae.model.rollout import Rollout


def share_of(codes: Tensor) -> float:
    empty = torch.zeros(1, 1, 1)
    return Rollout(torch.zeros(1, 1, 3, 8, 8), empty, empty, codes).code_share().item()


def test_the_share_of_planted_codes() -> None:
    # codes of a common part c and an own part s: s^2 / (c^2 + s^2) of the second moment differs between frames
    random = torch.randn(40, 50, 64, generator=torch.Generator().manual_seed(0))
    assert share_of(random) == pytest.approx(1.0, abs=0.01)
    assert share_of(3.0 + random) == pytest.approx(0.1, abs=0.01)
    assert share_of(torch.full((4, 5, 6), 0.7)) == 0.0
    assert share_of(torch.zeros(4, 5, 6)) == 0.0


def test_group_norm_keeps_what_all_frames_share_and_batch_norm_does_not() -> None:
    # Frames that differ in one small square, as two frames of one scene do.
    frames = torch.full((6, 4, 3, 32, 32), 0.8)
    for t in range(6):
        for b in range(4):
            frames[t, b, :, 4 * t : 4 * t + 4, 6 * b : 6 * b + 4] = 0.1
    noise, forced = torch.zeros(5, 4, 8), torch.ones(5, 4, dtype=torch.bool)
    shares = {}
    for norm in ("group", "batch"):
        model = {"norm": norm, "width": 0.25, "g_dim": 64, "z_dim": 8, "rnn_size": 32, "predictor_layers": 1}
        network = build_model(build_config({"image_size": 32, "model": model}, "test"), 7)
        shares[norm] = network(frames, torch.zeros(6, 4, 7), noise, forced).code_share().item()
    assert shares["group"] < 0.2
    assert shares["batch"] > 0.8
