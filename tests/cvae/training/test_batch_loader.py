"""Batches are those of (seed, step), however they are prepared, and no update waits for the device."""

import threading
from dataclasses import fields
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cvae.config.schema import Config
from cvae.data.store.store import Store
from cvae.device import Accelerator, choose_accelerator
from cvae.errors import Diverged
from cvae.run.train_run import make_trainer
from cvae.training.batch_loader import Batch, BatchLoader
from cvae.training.trainer import Trainer
from tests.conftest import changed

CPU = Accelerator(torch.device("cpu"), bf16=False)


def trainer_for(config: Config, store: Store) -> Trainer:
    return make_trainer(config, choose_accelerator(config.runtime), store)


def feed_for(config: Config, store: Store) -> BatchLoader:
    return trainer_for(config, store).loader


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Batch))


def test_a_batch_prepared_in_the_background_is_the_same(tiny: Config, tiny_store: Store) -> None:
    plain, ahead = feed_for(tiny, tiny_store), feed_for(tiny, tiny_store)
    threads = set()
    gather = ahead._gather
    ahead._gather = lambda step: threads.add(threading.current_thread().name) or gather(step)  # type: ignore[method-assign]
    with ahead:
        for step in (0, 1, 2, 5, 4):  # and a step that was not foreseen
            assert same(ahead.batch(step), plain.batch(step))
    assert any(name.startswith("batches") for name in threads)
    assert ahead.waited_s > 0


def test_resident_frames_give_the_same_batches(tiny: Config, tiny_store: Store) -> None:
    plain = feed_for(tiny, tiny_store)
    resident = feed_for(changed(tiny, {"runtime": {"resident": True}}), tiny_store)
    assert plain._resident is None
    assert resident._resident is not None
    for step in range(3):
        assert same(resident.batch(step), plain.batch(step))


def test_no_batch_is_gathered_twice(tiny: Config, tiny_store: Store) -> None:
    ahead, gathered = feed_for(tiny, tiny_store), []
    gather = ahead._gather
    ahead._gather = lambda step: gathered.append(step) or gather(step)  # type: ignore[method-assign,func-returns-value]
    with ahead:
        for step in range(6):
            ahead.batch(step)
    assert gathered == [0, 1, 2, 3, 4, 5]


class Waits(TorchDispatchMode):
    """Counts the times that a number is asked from a tensor, for which a device would have to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.n = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.n += func is torch.ops.aten._local_scalar_dense.default or func is torch.ops.aten.nonzero.default
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("mode", ["constant", "cyclical", "free_bits", "capacity", "control", "optimal_sigma"])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_no_update_waits_for_the_device(tiny: Config, tiny_store: Store, mode: str, ratio: float) -> None:
    forcing = {"mode": "constant", "ratio": ratio}
    trainer = trainer_for(changed(tiny, {"kl_anneal": {"mode": mode}, "teacher_forcing": forcing}), tiny_store)
    trainer.model.train()
    trainer.update(trainer.loader.batch(0), 0.0, 1e-3)  # the optimizer's state is made
    with Waits() as waits:
        trainer.update(trainer.loader.batch(1), 0.2, 1e-3)
    assert waits.n == 0
    with waits:
        torch.ones(()).item()
    assert waits.n == 1  # or the count would say nothing


def test_a_device_that_runs_ahead_is_stopped_at_its_first_bad_step(
    tiny: Config, tiny_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks before the evaluation at step 6; the loss is infinite at step 2 only, and no later step is made.
    monkeypatch.setattr(Accelerator, "is_asynchronous", True)
    config = changed(tiny, {"evaluation": {"every": 6}})
    trainer, n_batches = trainer_for(config, tiny_store), 0
    take, kept = trainer.loader.batch, []

    def batch(step: int) -> Batch:
        nonlocal n_batches
        n_batches += 1
        kept.append([p.clone() for p in trainer.model.parameters()])
        given = take(step)
        return given if step != 2 else Batch(given.frames * float("inf"), given.conditions, given.noise, given.forced)

    monkeypatch.setattr(trainer.loader, "batch", batch)
    with pytest.raises(Diverged, match=r"step 2: loss .*gradient norm .*beta 0.001, tfr 1, lr 0.002"):
        next(trainer.fit())
    assert n_batches == 6
    assert not all(torch.equal(a, b) for a, b in zip(kept[1], kept[2], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(kept[2], trainer.model.parameters(), strict=True))


def test_a_checkpoint_of_another_kind_of_adam_goes_on_fused(tiny: Config, tiny_store: Store) -> None:
    trainer = trainer_for(tiny, tiny_store)
    state = trainer.state()
    for group in state["optimizer"]["param_groups"]:
        group["fused"] = None
    trainer.load_state(state)
    assert all(group["fused"] for group in trainer.optimizer.param_groups)


def test_compile_compiles_the_networks(tiny: Config, tiny_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: compiled.append(type(module).__name__))
    trainer_for(tiny, tiny_store)
    assert compiled == []
    trainer = trainer_for(changed(tiny, {"runtime": {"compile": True}}), tiny_store)
    assert compiled == ["Encoder", "Decoder"]
    assert not any("_orig_mod" in key for key in trainer.model.state_dict())


@pytest.mark.cuda
def test_cuda_never_waits_within_a_step(tiny: Config, tiny_store: Store) -> None:
    forcing = {"mode": "constant", "ratio": 0.5}
    config = changed(tiny, {"runtime": {"device": "cuda", "precision": "auto"}, "teacher_forcing": forcing})
    trainer = trainer_for(config, tiny_store)
    trainer.model.train()
    trainer.update(trainer.loader.batch(0), 0.0, 1e-3)
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.update(trainer.loader.batch(1), 0.0, 1e-3)
    finally:
        torch.cuda.set_sync_debug_mode("default")
