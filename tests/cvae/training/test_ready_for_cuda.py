"""What a CUDA device would refuse or wait for is found without one, on fake tensors: step, evaluation, checkpoint."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from cvae.config.overrides import merge
from cvae.config.presets import load_preset, preset_names
from cvae.config.schema import Config, build_config
from cvae.data.store.store import Store
from cvae.device import Accelerator
from cvae.evaluation.metrics.image_metrics import _band
from cvae.model.cvae import CVAE
from cvae.record.run_folder import RunFolder
from cvae.run.checkpoint import read_checkpoint, save_checkpoint, take_up_checkpoint
from cvae.run.train_run import _evaluate_at_the_end, make_trainer
from cvae.training.batch_loader import Batch
from cvae.training.trainer import Trainer
from tests.conftest import TINY
from tests.fake_cuda import CUDA, FakeCuda, Waits, fake_cuda, is_on_device

SMALL = {key: TINY["model"][key] for key in ("width", "g_dim", "z_dim", "rnn_size", "predictor_layers")}
NORMS: list[dict[str, Any]] = [
    {"norm": "group"},
    {"norm": "batch", "batch_statistics": "clip"},
    {"norm": "batch", "batch_statistics": "frame", "predictor_norm": "batch"},
]
WAYS: dict[str, dict[str, Any]] = {
    "forced": {"mode": "constant", "ratio": 1.0},
    "free": {"mode": "constant", "ratio": 0.0},
    "mixed": {"mode": "constant", "ratio": 0.5, "coin": "sample"},
    "detached": {"mode": "constant", "ratio": 0.5, "coin": "step", "detach": True},
    "given too": {"mode": "constant", "ratio": 0.0, "coin": "batch", "frees_given": True},
}
#: Laid over the defaults in turn.
OTHERS: list[dict[str, Any]] = [
    {"model": {"skip": "every"}, "kl_anneal": {"mode": "control"}},
    {"model": {"skip": "last_context", "prior": "learned"}, "kl_anneal": {"mode": "free_bits"}},
    {"model": {"skip": "first", "past_codes": True}, "kl_anneal": {"mode": "capacity"}, "optim": {"clip": 1.0}},
    {"kl_anneal": {"mode": "optimal_sigma"}, "runtime": {"resident": True}},
    {"model": {"norm": "group"}, "runtime": {"checkpointing": True}},
]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    monkeypatch.setattr("cvae.training.trainer.matrix_rate", lambda *machine: 1e12)
    with fake_cuda(monkeypatch) as mode:
        yield mode
    _band.cache_clear()  # it keeps a matrix a device


def trainer_on_cuda(tiny: Config, store: Store, *differences: dict[str, Any], bf16: bool = True) -> Trainer:
    short = {
        "n_future": 2,
        "n_eval": 2,
        "train": {"steps": 2, "batch_size": 2},
        "evaluation": {"every": 1, "best_of": 2},
    }
    values = merge(TINY, short) | {"store": tiny.store, "model": SMALL, "runtime": {"device": "cuda"}}
    for layer in differences:
        values = merge(values, layer)
    trainer = make_trainer(build_config(values, "fake"), Accelerator(CUDA, bf16), store)
    trainer.loader.is_ahead = False  # a thread is outside of the mode
    return trainer


def never_waiting(trainer: Trainer, mode: FakeCuda) -> Trainer:
    """Have each step fail that makes the host wait, its batch included."""
    batch, update = trainer.loader.batch, trainer.update

    def strict(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            with mode.without_waiting():
                return function(*arguments)

        return called

    trainer.loader.batch = strict(batch)  # type: ignore[method-assign]
    trainer.update = strict(update)  # type: ignore[method-assign]
    return trainer


def preset(name: str) -> dict[str, Any]:
    values = load_preset(name, "test")
    return {key: value for key, value in values.items() if key != "train"}


#: Every preset meets every way and every norm, and so does every way.
CASES = [
    pytest.param(name, NORMS[(i + k) % len(NORMS)], way, id=f"{name}, {way}")
    for (i, name), (k, way) in product(enumerate(preset_names()), enumerate(WAYS))
]


@pytest.mark.parametrize(("name", "norm", "way"), CASES)
def test_a_presets_step_stays_on_the_device_and_waits_for_nothing(
    name: str, norm: dict[str, Any], way: str, cuda: FakeCuda, tiny: Config, tiny_store: Store
) -> None:
    layers = (preset(name), {"model": SMALL | norm, "teacher_forcing": None}, {"teacher_forcing": WAYS[way]})
    trainer = never_waiting(trainer_on_cuda(tiny, tiny_store, *layers), cuda)
    trainer.model.train()
    before = cuda.calls
    values, _ = trainer.update(trainer.loader.batch(0), 0.5, 1e-3)
    assert is_on_device(values)
    assert cuda.calls - before > 200
    assert all(is_on_device(p) and is_on_device(p.grad) for p in trainer.model.parameters())
    assert all(is_on_device(x) for state in trainer.optimizer.state.values() for x in state.values())


@pytest.mark.parametrize(
    "others", OTHERS, ids=lambda others: others.get("kl_anneal", {"mode": "checkpointing"})["mode"]
)
def test_every_other_choice_does_so_too(
    others: dict[str, Any], cuda: FakeCuda, tiny: Config, tiny_store: Store
) -> None:
    layers = ({"model": NORMS[OTHERS.index(others) % 3]}, others, {"teacher_forcing": WAYS["mixed"]})
    trainer = never_waiting(trainer_on_cuda(tiny, tiny_store, *layers), cuda)
    results = list(trainer.fit())
    assert [result.step for result in results] == [1, 2]


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")  # `FakeCuda` says so to C++
@pytest.mark.parametrize("name", preset_names())
def test_training_evaluation_and_checkpoint_go_through(
    name: str, cuda: FakeCuda, tiny: Config, tiny_store: Store, tmp_path: Path
) -> None:
    is_full = name in ("lab_report", "svg")  # a fixed prior and a learned one
    ends = {"energy_samples": 2 * is_full, "full": is_full}
    layers = (preset(name), {"model": SMALL, "train": {"steps": 1}, "evaluation": ends})
    trainer = never_waiting(trainer_on_cuda(tiny, tiny_store, *layers), cuda)
    folder = RunFolder(tmp_path)
    for result in trainer.fit():
        folder.append_epoch(result.values())
        save_checkpoint(folder, trainer)
    final = _evaluate_at_the_end(folder, trainer, tiny_store)
    assert final.scores["psnr"] == pytest.approx(final.scores["psnr"])  # a number
    stored = read_checkpoint(folder)["trainer"]
    assert not any(is_on_device(weight) for weight in stored["model"].values())
    again = trainer_on_cuda(tiny, tiny_store, *layers)
    assert take_up_checkpoint(folder, again) is None
    assert again.step == trainer.step
    assert all(is_on_device(p) for p in again.model.parameters())
    again.model.train()
    with cuda.without_waiting():
        again.update(again.loader.batch(0), 0.5, 1e-3)


#: What must not stand in a step: put there, and found.
FAULTS: dict[str, Callable[[Tensor], object]] = {
    "cpu": lambda x: x.cpu(),
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.mean()),
    "bool": lambda x: bool((x > 0).all()),
    "tolist": lambda x: x.flatten().tolist(),
    "nonzero": lambda x: x.nonzero(),
    "mask": lambda x: x[x > 0],
    "numpy": lambda x: x.detach().numpy(),
    "unpinned": lambda x: x + torch.ones(x.shape).to(x.device),
    "another device": lambda x: x + torch.ones(x.shape),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_waits_or_lies_elsewhere_is_found(
    fault: str, cuda: FakeCuda, tiny: Config, tiny_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = CVAE.forward

    def faulty(model: CVAE, frames: Tensor, *rest: Tensor) -> Any:
        FAULTS[fault](frames)
        return forward(model, frames, *rest)

    trainer = never_waiting(trainer_on_cuda(tiny, tiny_store), cuda)
    batch: Batch = trainer.loader.batch(0)
    monkeypatch.setattr(CVAE, "forward", faulty)
    refused = (RuntimeError, TypeError) if fault in ("numpy", "another device") else Waits
    with pytest.raises(refused):
        trainer.update(batch, 0.5, 1e-3)
