"""A training step at the lab's size against *SVG's order* and *the lab's order*: width 1, 64x64, 12 clips of 2 + 10.

All train from the same weights on the same batches, with the same noise; the losses are compared as they go.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch

from benchmarks.instruments.svg import ORDERS, SVG, Order
from benchmarks.instruments.table import Row, interleave, own_peak, peak_of, row_of
from cvae.config import build_config
from cvae.data.store import open_store
from cvae.device import Accelerator, matrix_rate
from cvae.run import make_trainer
from cvae.training import Trainer

#: Half of the lab's learning rate: at .002 rounding in Adam's first updates can grow to 1e-4 of a loss.
LR, BETA = 1e-3, 1e-4
FORCED, FREE = 1.0, 0.0


def new_trainer(
    cache: Path, norm: str, ratio: float, precision: str, device: str = "cpu", checkpointing: bool = False
) -> Trainer:
    """Return a trainer of the lab's model on the pushing world."""
    values = {
        "store": str(cache),
        "data": {"source": "pushing", "n_train": 24, "n_validate": 1, "n_test": 1, "n_frames": 12},
        "model": {"norm": norm},
        "beta": BETA,
        "teacher_forcing": {"mode": "constant", "ratio": ratio},
        "optim": {"lr": LR, "clip": None},
        "runtime": {"device": device, "precision": precision, "checkpointing": checkpointing},
    }
    config = build_config(values, "benchmark")
    store = open_store(config.data, config.image_size, cache)
    trainer = make_trainer(config, Accelerator(torch.device(device), precision == "bf16"), store)
    trainer.model.train()
    return trainer


@dataclass
class Steps:
    """Training steps, one a call, whose losses are kept."""

    step: Callable[[int], float]
    losses: list[float] = field(default_factory=list)

    def __call__(self) -> None:
        """Make the next step."""
        self.losses.append(self.step(len(self.losses)))


def baseline_steps(trainer: Trainer, order: Order, norm: str, *, is_forced: bool) -> Steps:
    """Return a baseline's steps, from the trainer's weights on the trainer's batches."""
    svg = SVG(order, norm, trainer.train_clips.n_conditions, LR, device=trainer.accelerator.device.type)
    svg.load(trainer.model)

    def step(number: int) -> float:
        batch = trainer.loader.batch(number)
        frames = batch.frames.contiguous()
        return svg.step(frames, batch.conditions, batch.noise, BETA, is_forced=is_forced)

    return Steps(step)


def own_steps(trainer: Trainer) -> Steps:
    """Return the trainer's steps."""
    return Steps(lambda number: trainer.update(trainer.loader.batch(number), 0.0, LR)[0][0].item())


def rows_of(cache: Path, norm: str, ratio: float, precisions: list[str], n: int, device: str = "cpu") -> Iterator[Row]:
    """Yield a row for each precision of one way of training."""
    trainers = {precision: new_trainer(cache, norm, ratio, precision, device) for precision in precisions}
    first = next(iter(trainers.values()))
    works: dict[str, Steps] = {order: baseline_steps(first, order, norm, is_forced=ratio == FORCED) for order in ORDERS}
    works |= {precision: own_steps(trainer) for precision, trainer in trainers.items()}
    times = interleave(works, n)
    way = "teacher-forced" if ratio == FORCED else "free-running"
    for precision, trainer in trainers.items():
        what = f"training step, {way}, {norm} norm, {precision}{on(device)}"
        floor = floor_note(trainer, ratio, median(times[precision]))
        for order in ORDERS:
            note = f"{floor}; {loss_note(works[order].losses, works[precision].losses)}"
            yield row_of(what, (f"{order}, float32", times[order]), ("batched", times[precision]), note)


def on(device: str) -> str:
    """Return the device in words where it is not the CPU."""
    return "" if device == "cpu" else f", {device}"


def floor_note(trainer: Trainer, ratio: float, seconds: float) -> str:
    """Return what limits a step: its arithmetic at the measured rate of this machine."""
    rate = matrix_rate(trainer.accelerator.device, trainer.accelerator.bf16, torch.get_num_threads())
    flops = trainer.work.expected_flops(ratio)
    return (
        f"{flops / 1e12:.2f} TFLOP at {flops / seconds / 1e9:.0f} GFLOP/s, where the best product or convolution "
        f"reaches {rate / 1e9:.0f}: at least {flops / rate:.1f} s"
    )


def loss_note(baseline: list[float], ours: list[float]) -> str:
    """Return how far apart the losses are."""
    largest = max(abs(a - b) / abs(a) for a, b in zip(baseline, ours, strict=True))
    return f"losses of {len(ours)} steps within {largest:.1e}"


def memory_rows(cache: Path, device: str = "cpu") -> Iterator[Row]:
    """Yield the peak memory of a step: of its whole process on a CPU, imports included, or on the device."""
    arguments = {order: (order, "fp32") for order in ORDERS}
    own = {"fp32": ("ours", "fp32"), "bf16": ("ours", "bf16"), "bf16, checkpointing": ("ours", "bf16", "again")}
    peaks = {
        name: peak_of("benchmarks.training", str(cache), device, *words) for name, words in (arguments | own).items()
    }
    for name in own:
        for order in ORDERS:
            before, after = (f"{peaks[one] / 2**30:.2f} GiB" for one in (order, name))
            what = f"peak memory of a training step, {name}{on(device)}"
            yield Row(what, f"{order}, float32: {before}", f"batched: {after}", peaks[order] / peaks[name])


def peak_of_a_step(cache: Path, device: str, who: str, precision: str, *options: str) -> int:
    """Make one teacher-forced step and return the most memory that was taken, in bytes."""
    trainer = new_trainer(cache, "group", FORCED, precision, device, checkpointing=bool(options))
    orders = [order for order in ORDERS if order == who]
    steps = baseline_steps(trainer, orders[0], "group", is_forced=True) if orders else own_steps(trainer)
    steps()
    return own_peak() if device == "cpu" else torch.cuda.max_memory_allocated()


def rows() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        # one warm-up and four timed steps: five losses
        yield from rows_of(cache, "group", FORCED, ["fp32", "bf16"], 4)
        yield from rows_of(cache, "group", FREE, ["fp32", "bf16"], 3)
        yield from rows_of(cache, "batch", FORCED, ["bf16"], 2)
        yield from memory_rows(cache)


def cuda_rows() -> Iterator[Row]:
    """Yield the rows of a CUDA device; `python -m benchmarks.gpu` asks for them."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for norm, ratio in (("group", FORCED), ("group", FREE), ("batch", FORCED)):
            yield from rows_of(cache, norm, ratio, ["fp32", "bf16"], 10, "cuda")
        yield from memory_rows(cache, "cuda")


if __name__ == "__main__":
    print(peak_of_a_step(Path(sys.argv[1]), *sys.argv[2:]))
