"""The benchmarks' baselines do the same work, and the table says what was measured."""

from pathlib import Path

import pytest
import torch

from benchmarks.instruments.svg import LABS_ORDER, ORDERS, SVG, SVGS_ORDER, Encoder, Order
from cvae.config.schema import Config
from cvae.data.store.store import open_store
from cvae.device import choose_accelerator
from cvae.run.train_run import make_trainer
from tests.conftest import changed

#: Half of the lab's: at .002 Adam's first updates blow rounding up until the fifth loss of the baseline differs by
#: 1.6e-4 from its own in another memory format.
LR = 1e-3
LAB_LIKE = {
    "image_size": 64,
    "n_future": 3,
    "model": {"width": 0.25, "g_dim": 128, "z_dim": 64, "rnn_size": 256, "predictor_layers": 2},
    "data": {"n_train": 4, "n_validate": 1, "n_test": 1, "n_frames": 12},
    "optim": {"clip": None},
    "beta": 1e-4,
    "train": {"batch_size": 2},
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("ratio", [1.0, 0.0], ids=["forced", "free"])
def test_five_losses_are_those_of_the_published_procedure(tiny: Config, ratio: float, order: Order) -> None:
    # Group norm, float32, same weights, batches and noise: five updates of the baseline and of the trainer.
    config = changed(tiny, LAB_LIKE | {"teacher_forcing": {"mode": "constant", "ratio": ratio}})
    trainer = make_trainer(config, choose_accelerator(config.runtime), open_store(config.data, 64, Path(config.store)))
    trainer.model.train()
    svg = SVG(order, "group", 7, LR, width=0.25)
    svg.load(trainer.model)
    published, ours = [], []
    for step in range(5):
        batch = trainer.loader.batch(step)
        frames = batch.frames.contiguous()
        published.append(svg.step(frames, batch.conditions, batch.noise, 1e-4, is_forced=ratio == 1))
        ours.append(trainer.update(batch, 0.0, LR)[0][0].item())
    assert ours == pytest.approx(published, rel=1e-4)
    assert abs(published[4] - published[0]) > 0.01 * published[0]  # it has learned


@pytest.mark.parametrize(
    ("order", "is_forced", "calls"),
    # 5 frames: each once, and the 2 that are fed back; or two for each of 4 steps
    [(SVGS_ORDER, True, 5), (SVGS_ORDER, False, 7), (LABS_ORDER, True, 8), (LABS_ORDER, False, 8)],
)
def test_an_order_encodes_as_often_as_it_says(
    order: Order, is_forced: bool, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, forward = [], Encoder.forward

    def counted(encoder: Encoder, frames: torch.Tensor) -> object:
        seen.append(len(frames))
        return forward(encoder, frames)

    monkeypatch.setattr(Encoder, "forward", counted)
    svg = SVG(order, "group", 1, LR, width=0.25)
    svg.step(torch.rand(5, 1, 3, 64, 64), torch.zeros(5, 1, 1), torch.zeros(4, 1, 64), 1e-4, is_forced=is_forced)
    assert len(seen) == calls
