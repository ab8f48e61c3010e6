"""Who makes training steps: the trainer, or a baseline from the trainer's weights on the trainer's batches."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.instruments.svg import ORDERS, SVG, Order
from benchmarks.instruments.table import CLOCK, own_peak
from cvae.config import build_config
from cvae.data.store import open_store
from cvae.device import Accelerator, keep_freed_memory
from cvae.run import make_trainer
from cvae.training import Trainer

#: Half of the lab's learning rate: at .002 rounding in Adam's first updates can grow to 1e-4 of a loss.
LR, BETA = 1e-3, 1e-4
FORCED, FREE = 1.0, 0.0
OURS: Literal["ours"] = "ours"

#: Convolutions and matrix products. An LSTM's are timed and not counted: PyTorch has no count of them, and they are
#: less than a hundredth of a step's.
aten = torch.ops.aten
COUNTED = (aten.convolution, aten.convolution_backward, aten.mm, aten.addmm, aten.bmm)
PRODUCTS = {*COUNTED, aten.mkldnn_rnn_layer, aten.mkldnn_rnn_layer_backward}


@dataclass(frozen=True)
class Work:
    """Training steps of one maker."""

    maker: Order | Literal["ours"]
    norm: str
    ratio: float  # of steps that see the true frame before them
    precision: str = "fp32"  # of the trainer; the baselines compute in float32
    device: str = "cpu"
    keeps_memory: bool = False  # what the process frees, as a run has it
    checkpointing: bool = False

    def __str__(self) -> str:
        """Return the maker as the table names it."""
        if self.maker != OURS:
            return f"{self.maker}, float32{', freed memory kept' if self.keeps_memory else ''}"
        return "batched" if self.keeps_memory or self.device != "cpu" else "batched, freed memory given back"


@dataclass(frozen=True)
class Made:
    """What one step was like."""

    seconds: float
    loss: float
    peak: int  # the most memory so far, in bytes: of the whole process on a CPU, imports included, or on the device
    products_s: float  # of it in convolutions and matrix products, where that was asked for; else 0
    flops: float  # of these as they are computed, where that was asked for; else 0


def new_trainer(cache: Path, work: Work) -> Trainer:
    """Return a trainer of the lab's model on the pushing world."""
    values = {
        "store": str(cache),
        "data": {"source": "pushing", "n_train": 24, "n_validate": 1, "n_test": 1, "n_frames": 12},
        "model": {"norm": work.norm},
        "beta": BETA,
        "teacher_forcing": {"mode": "constant", "ratio": work.ratio},
        "optim": {"lr": LR, "clip": None},
        "runtime": {"device": work.device, "precision": work.precision, "checkpointing": work.checkpointing},
    }
    config = build_config(values, "benchmark")
    store = open_store(config.data, config.image_size, cache)
    trainer = make_trainer(config, Accelerator(torch.device(work.device), work.precision == "bf16"), store)
    trainer.model.train()
    return trainer


class Steps:
    """Training steps of a new model, one a call.

    Args:
        cache: where the pushing world's clips are kept.
        work: who makes them, and of what. `keeps_memory` holds for the whole process from then on.
    """

    def __init__(self, cache: Path, work: Work) -> None:
        if work.keeps_memory:
            keep_freed_memory()
        self.trainer, self.work, self.number = new_trainer(cache, work), work, 0
        orders: list[Order] = [order for order in ORDERS if order == work.maker]
        self.step: Callable[[int], float] = self._baseline(*orders) if orders else self._own

    def __call__(self, *, times_products: bool = False) -> Made:
        """Make the next step."""
        products = _ProductTimer() if times_products else None  # type: ignore[no-untyped-call]
        timing: AbstractContextManager[Any] = products or nullcontext()
        with timing:
            started = CLOCK.now()
            loss = self.step(self.number)
            seconds = CLOCK.now() - started
        self.number += 1
        peak = own_peak() if self.work.device == "cpu" else torch.cuda.max_memory_allocated()
        return Made(seconds, loss, peak, *((products.seconds, products.flops) if products else (0.0, 0.0)))

    def _own(self, number: int) -> float:
        return self.trainer.update(self.trainer.loader.batch(number), 0.0, LR)[0][0].item()

    def _baseline(self, order: Order) -> Callable[[int], float]:
        trainer, is_forced = self.trainer, self.work.ratio == FORCED
        svg = SVG(order, self.work.norm, trainer.train_clips.n_conditions, LR, device=self.work.device)
        svg.load(trainer.model)

        def step(number: int) -> float:
            batch = trainer.loader.batch(number)
            frames = batch.frames.contiguous()
            return svg.step(frames, batch.conditions, batch.noise, BETA, is_forced=is_forced)

        return step


class _ProductTimer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up what `PRODUCTS` take, and their FLOP: on a CPU, where an operation that has returned is done."""

    seconds, flops = 0.0, 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Compute one operation."""
        started = CLOCK.now()
        done = func(*args, **(kwargs or {}))
        if func.overloadpacket in PRODUCTS:
            self.seconds += CLOCK.now() - started
        if func.overloadpacket in COUNTED:
            self.flops += flop_registry[func.overloadpacket](*args, **(kwargs or {}), out_val=done)
        return done
