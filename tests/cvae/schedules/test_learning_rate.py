"""The learning rate's schedules against tables, and the rate that an update really uses."""

import math

import pytest
import torch

from cvae.config.schema import Config, TrainConfig
from cvae.data.store.store import Store
from cvae.device import choose_accelerator
from cvae.run.train_run import make_trainer
from cvae.schedules.kl import CyclicalKL
from cvae.schedules.learning_rate import ConstantLR, CosineLR, CyclicLR, WarmupLR
from tests.conftest import changed

TENTHS = [i / 10 for i in range(10)]


def table(schedule: object) -> list[float]:
    return [round(schedule(u), 6) for u in TENTHS]  # type: ignore[operator]


def test_constant() -> None:
    assert table(ConstantLR()) == [1] * 10


def test_cosine() -> None:
    # (1 + cos(pi u)) / 2: cos 18 = .951057, cos 36 = .809017, cos 54 = .587785, cos 72 = .309017
    expected = [1, 0.975528, 0.904508, 0.793893, 0.654508, 0.5, 0.345492, 0.206107, 0.095492, 0.024472]
    assert table(CosineLR()) == expected
    assert [CosineLR(floor=0.2)(u) for u in (0, 0.5, 1)] == pytest.approx([1, 0.6, 0.2])


def test_warmup() -> None:
    # from 0.2 in a straight line to 1 at 40%
    assert table(WarmupLR(fraction=0.4, floor=0.2)) == [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1]
    assert WarmupLR(fraction=0.5, floor=0.0)(0) == 0


def test_cyclic() -> None:
    # two cycles: each tenth is a fifth of a cycle; cos 36 = .809017, cos 72 = .309017
    cycle = [1, 0.904508, 0.654508, 0.345492, 0.095492]
    assert table(CyclicLR(n_cycles=2)) == cycle * 2
    assert table(CyclicLR(n_cycles=1, floor=0.3)) == table(CosineLR(floor=0.3))
    assert CyclicLR(n_cycles=2, floor=0.3)(0.5 - 1e-6) == pytest.approx(0.3)


@pytest.mark.parametrize("n_cycles", [2, 3, 7, 10, 97])
def test_it_restarts_with_the_kl_cycles(n_cycles: int) -> None:
    # at k / M, however it rounds: the KL weight is back at 0 and the learning rate back at the top
    restarts = [k / n_cycles for k in range(n_cycles)]
    assert [CyclicalKL(n_cycles=n_cycles)(u) for u in restarts] == [0.0] * n_cycles
    assert [CyclicLR(n_cycles=n_cycles)(u) for u in restarts] == [1.0] * n_cycles


def test_progress_by_step_and_by_epoch() -> None:
    # 10 updates, 4 an epoch: with `epoch` the schedules stand still for 4 updates at a time
    by_step, by_epoch = (TrainConfig(steps=10, steps_per_epoch=4, stepping=s) for s in ("step", "epoch"))
    assert [by_step.progress(i) for i in range(10)] == TENTHS
    assert [by_epoch.progress(i) for i in range(10)] == [0, 0, 0, 0, 0.4, 0.4, 0.4, 0.4, 0.8, 0.8]


def test_the_scheduled_rate_is_used_and_reported(tiny: Config, tiny_store: Store) -> None:
    # Six updates, an evaluation after each second: the reported rate is that of the last update, u = 1/6, 3/6, 5/6.
    config = changed(tiny, {"optim": {"lr": 0.004, "schedule": {"mode": "cosine"}}})
    trainer = make_trainer(config, choose_accelerator(config.runtime), tiny_store)
    reported, used = [], []
    for result in trainer.fit():
        reported.append(result.training["lr"])
        used.append(trainer.optimizer.param_groups[0]["lr"])
    expected = [0.002 * (1 + math.cos(math.pi * u)) for u in (1 / 6, 3 / 6, 5 / 6)]
    assert reported == used == pytest.approx(expected)


def test_a_rate_of_zero_changes_no_weight(tiny: Config, tiny_store: Store) -> None:
    config = changed(tiny, {"optim": {"schedule": {"mode": "warmup", "fraction": 1.0, "floor": 0.0}}})
    trainer = make_trainer(config, choose_accelerator(config.runtime), tiny_store)
    before = [p.clone() for p in trainer.model.parameters()]
    trainer.update(trainer.loader.batch(0), progress=0.0, lr=config.optim.lr * config.optim.schedule(0.0))
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))
