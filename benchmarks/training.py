"""A training step at the lab's size against *SVG's order* and *the lab's order*: width 1, 64x64, 12 clips of 2 + 10.

All train from the same weights on the same batches, with the same noise; the losses are compared as they go.
"""

import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmarks.instruments.svg import ORDERS, SVG, SVGS_ORDER, Order
from benchmarks.instruments.table import Row, floor_row, interleave, own_peak, peak_of, row_of
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


@dataclass(frozen=True)
class Way:
    """One way of training, beside the orders that it is measured against."""

    norm: str
    ratio: float  # of steps that see the true frame before them
    precisions: tuple[str, ...] = ("fp32", "bf16")
    orders: tuple[Order, ...] = ORDERS
    most_s: float = math.inf  # all steps together

    def __str__(self) -> str:
        """Return it in words."""
        return f"{'teacher-forced' if self.ratio == FORCED else 'free-running'}, {self.norm} norm"

    def wanted(self, order: Order, precision: str) -> str:
        """Return what was set out for, in words."""
        is_set = order == SVGS_ORDER and (self.ratio, precision) in WANTED
        return f"; wanted: at least {WANTED[self.ratio, precision]}" if is_set else ""


#: What is measured on a CPU. The lab trains with batch norm; a round of steps takes up to a minute.
WAYS = (
    Way("batch", FORCED, most_s=140.0),
    Way("batch", FREE, ("bf16",), (SVGS_ORDER,), 65.0),
    Way("group", FORCED, ("bf16",), (SVGS_ORDER,), 55.0),
)
#: The least ratio to SVG's order that was set out for, on two quiet cores with bf16.
WANTED = {(FORCED, "bf16"): 3.3, (FORCED, "fp32"): 1.7, (FREE, "bf16"): 2.5}


def rows_of(cache: Path, way: Way, n: int, device: str = "cpu") -> Iterator[Row]:
    """Yield the rows of one way of training: for each precision one beside each order, and one of what limits it."""
    trainers = {precision: new_trainer(cache, way.norm, way.ratio, precision, device) for precision in way.precisions}
    first, is_forced = next(iter(trainers.values())), way.ratio == FORCED
    works: dict[str, Steps] = {
        order: baseline_steps(first, order, way.norm, is_forced=is_forced) for order in way.orders
    }
    works |= {precision: own_steps(trainer) for precision, trainer in trainers.items()}
    rates = [{precision: best_rate(trainer) for precision, trainer in trainers.items()}]
    times = interleave(works, n, most_s=way.most_s)
    rates.append({precision: best_rate(trainer) for precision, trainer in trainers.items()})
    for precision, trainer in trainers.items():
        what = f"training step, {way}, {precision}{on(device)}"
        for order in way.orders:
            note = loss_note(works[order].losses, works[precision].losses) + way.wanted(order, precision)
            yield row_of(what, (f"{order}, float32", times[order]), ("batched", times[precision]), note)
        flops, rate = trainer.work.expected_flops(way.ratio), max(found[precision] for found in rates)
        yield floor_row(what, flops, rate, times[precision], times[way.orders[0]], way.orders[0])


def on(device: str) -> str:
    """Return the device in words where it is not the CPU."""
    return "" if device == "cpu" else f", {device}"


def best_rate(trainer: Trainer) -> float:
    """Return the FLOP/s of the best product or convolution, measured now."""
    matrix_rate.cache_clear()  # it is kept for a process otherwise
    return matrix_rate(trainer.accelerator.device, trainer.accelerator.bf16, torch.get_num_threads())


def loss_note(baseline: list[float], ours: list[float]) -> str:
    """Return how far apart the losses are."""
    largest = max(abs(a - b) / abs(a) for a, b in zip(baseline, ours, strict=True))
    return f"losses of {len(ours)} steps within {largest:.1e}"


def memory_rows(cache: Path, device: str = "cpu") -> Iterator[Row]:
    """Yield the peak memory of a step: of its whole process on a CPU, imports included, or on the device."""
    arguments = {SVGS_ORDER: (SVGS_ORDER, "fp32")}
    own = {"fp32": ("ours", "fp32"), "bf16": ("ours", "bf16"), "bf16, checkpointing": ("ours", "bf16", "again")}
    peaks = {
        name: peak_of("benchmarks.training", str(cache), device, *words) for name, words in (arguments | own).items()
    }
    for name in own:
        before, after = (f"{peaks[one] / 2**30:.2f} GiB" for one in (SVGS_ORDER, name))
        what = f"peak memory of a training step, teacher-forced, group norm, {name}{on(device)}"
        yield Row(what, f"{SVGS_ORDER}, float32: {before}", f"batched: {after}", peaks[SVGS_ORDER] / peaks[name])


def peak_of_a_step(cache: Path, device: str, who: str, precision: str, *options: str) -> int:
    """Make one teacher-forced step; return the most memory that was taken, in bytes."""
    trainer = new_trainer(cache, "group", FORCED, precision, device, checkpointing=bool(options))
    orders = [order for order in ORDERS if order == who]
    steps = baseline_steps(trainer, orders[0], "group", is_forced=True) if orders else own_steps(trainer)
    steps()
    return own_peak() if device == "cpu" else torch.cuda.max_memory_allocated()


def rows() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for way in WAYS:
            yield from rows_of(cache, way, 4)  # after one warm-up: five losses at most
        yield from memory_rows(cache)


def cuda_rows() -> Iterator[Row]:
    """Yield the rows of a CUDA device; `python -m benchmarks.gpu` asks for them."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        for norm, ratio in (("group", FORCED), ("group", FREE), ("batch", FORCED)):
            yield from rows_of(cache, Way(norm, ratio), 10, "cuda")
        yield from memory_rows(cache, "cuda")


if __name__ == "__main__":
    print(peak_of_a_step(Path(sys.argv[1]), *sys.argv[2:]))
