"""What a meter tells of updates whose values are planted."""

import pytest
import torch

from cvae.device import Accelerator
from cvae.training.meter import NAMES, TrainingMeter, Update


def update(step: int, kl: float = 0.0, grad_norm: float = 0.1) -> Update:
    values = dict.fromkeys(NAMES, 0.5) | {"kl": kl, "grad_norm": grad_norm}
    return Update(step, torch.tensor([values[name] for name in NAMES]), beta=1e-4, tfr=1.0, lr=1e-3, flops=7.0)


@pytest.fixture
def meter() -> TrainingMeter:
    return TrainingMeter(Accelerator(torch.device("cpu"), bf16=False))


def test_a_spike_is_seen_that_a_mean_hides(meter: TrainingMeter) -> None:
    for step in range(100):
        meter.add(update(step, grad_norm=78.8 if step == 40 else 0.06))
    seen = meter.summary()
    assert seen["grad_norm_max"] == pytest.approx(78.8)
    assert seen["grad_norm"] == pytest.approx(0.06 * 0.99 + 0.788)
    assert (meter.n_updates, meter.flops) == (100, 700.0)


def test_the_onset_is_the_first_step_above_a_nat(meter: TrainingMeter) -> None:
    for step, kl in enumerate([0.0, 0.99, 1.0, 1.01, 0.2, 3.0], start=20):
        meter.add(update(step, kl=kl))
    assert meter.summary()["onset"] == 23


def test_without_an_onset_there_is_none(meter: TrainingMeter) -> None:
    meter.add(update(0, kl=0.5))
    assert "onset" not in meter.summary()
