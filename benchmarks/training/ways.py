"""What is measured of a training step, and beside what."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch

from benchmarks.instruments.svg import ORDERS, SVGS_ORDER, Order
from benchmarks.instruments.table import Row, floor_row, row_of, show, take_turns
from benchmarks.training.apart import TIMED_PRODUCTS, steps_apart
from benchmarks.training.memory import memory_rows, on
from benchmarks.training.steps import FORCED, FREE, OURS, Made, Work, new_trainer
from cvae.device import matrix_rate
from cvae.training import Trainer


@dataclass(frozen=True)
class Way:
    """One way of training, beside the orders that it is measured against."""

    norm: str
    ratio: float  # of steps that see the true frame before them
    precisions: tuple[str, ...] = ("fp32", "bf16")
    orders: tuple[Order, ...] = ORDERS
    most_s: float = math.inf  # all steps together
    tells_memory: bool = False  # beside an order that keeps its freed memory, and the trainer without its own

    def __str__(self) -> str:
        """Return it in words."""
        return f"{'teacher-forced' if self.ratio == FORCED else 'free-running'}, {self.norm} norm"

    def baselines(self, device: str) -> list[Work]:
        """Return the baselines' work."""
        works = [Work(order, self.norm, self.ratio, device=device) for order in self.orders]
        if not self.tells_memory:
            return works
        given_back = [replace(work, keeps_memory=False) for work in self.own(device).values()]
        return [*(replace(work, keeps_memory=True) for work in works), *given_back]

    def own(self, device: str) -> dict[str, Work]:
        """Return the trainer's work by precision."""
        return {p: Work(OURS, self.norm, self.ratio, p, device, keeps_memory=device == "cpu") for p in self.precisions}

    def wanted(self, baseline: Work, precision: str) -> str:
        """Return what was set out for, in words."""
        is_set = baseline == Work(SVGS_ORDER, "batch", self.ratio) and (self.ratio, precision) in WANTED
        return f"; wanted: at least {WANTED[self.ratio, precision]}" if is_set else ""


#: What is measured on a CPU. The lab trains with batch norm; a round of steps takes up to a minute.
WAYS = (
    Way("batch", FORCED, most_s=220.0),
    Way("batch", FORCED, ("bf16",), (SVGS_ORDER,), 75.0, tells_memory=True),
    Way("batch", FREE, ("bf16",), (SVGS_ORDER,), 90.0),
    Way("group", FORCED, ("bf16",), (SVGS_ORDER,), 60.0),
)
#: The least ratio to SVG's order that was set out for, with the lab's norm, on two quiet cores with bf16.
WANTED = {(FORCED, "bf16"): 3.3, (FORCED, "fp32"): 1.7, (FREE, "bf16"): 2.5}

#: Steps of the trainer before all turns: a heap that is kept finds its size in the first few; a warm-up is one more.
FIRST_STEPS = 2

#: Steps whose products are timed and counted, one operation after the other.
TIMED_STEPS = 2


def rows_of(cache: Path, way: Way, n: int, device: str = "cpu") -> Iterator[Row]:
    """Yield the rows of one way of training: by precision one beside each baseline, and those of what limits it.

    All its processes are there at once: on a CPU the lab's size leaves room for few that keep their memory.
    """
    trainers = {precision: new_trainer(cache, work) for precision, work in way.own(device).items()}
    with ExitStack() as stack:
        baselines = [stack.enter_context(steps_apart(cache, work)) for work in way.baselines(device)]
        own = {p: stack.enter_context(steps_apart(cache, work)) for p, work in way.own(device).items()}
        for ours in own.values():
            for _ in range(FIRST_STEPS):
                ours.step()
        rates = [{precision: best_rate(trainer) for precision, trainer in trainers.items()}]
        times = take_turns({one: one.seconds for one in [*baselines, *own.values()]}, n, most_s=way.most_s)
        rates.append({precision: best_rate(trainer) for precision, trainer in trainers.items()})
        first = baselines[0]
        for precision, ours in own.items():
            what = f"training step, {way}, {precision}{on(device)}"
            for baseline in baselines:
                note = loss_note(baseline.losses, ours.losses) + way.wanted(baseline.work, precision)
                yield row_of(what, (str(baseline.work), times[baseline]), (str(ours.work), times[ours]), note)
            if way.tells_memory:
                continue
            timed = [ours.step(TIMED_PRODUCTS) for _ in range(TIMED_STEPS)] if device == "cpu" else []
            flops = timed[0].flops if timed else trainers[precision].work.expected_flops(way.ratio)
            rate = max(found[precision] for found in rates)
            yield floor_row(what, flops, rate, times[ours], times[first], str(first.work))
            if timed:
                yield products_row(what, timed, times[first], str(first.work))


def best_rate(trainer: Trainer) -> float:
    """Return the FLOP/s of the best product or convolution, measured now."""
    matrix_rate.cache_clear()  # it is kept for a process otherwise
    return matrix_rate(trainer.accelerator.device, trainer.accelerator.bf16, torch.get_num_threads())


def products_row(what: str, made: list[Made], baseline_s: list[float], baseline: str) -> Row:
    """Return the row of what a step's convolutions and matrix products take as they are, whatever else it must do."""
    took_s, share = median(one.products_s for one in made), median(one.products_s / one.seconds for one in made)
    ratios = [seconds / took_s for seconds in baseline_s]
    words = f"{baseline}: {show(median(baseline_s))}", f"nothing else: {show(took_s)}"
    note = f"convolutions and matrix products are {share:.0%} of a step"
    return Row(f"products of a {what}", *words, median(ratios), (min(ratios), max(ratios)), note)


def loss_note(baseline: list[float], ours: list[float]) -> str:
    """Return how far apart the losses are."""
    pairs = list(zip(baseline, ours, strict=False))  # ours go on where the baseline's end
    return f"losses of {len(pairs)} steps within {max(abs(a - b) / abs(a) for a, b in pairs):.1e}"


def rows() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as cache:
        for way in WAYS:
            yield from rows_of(Path(cache), way, 4)  # after one warm-up: five losses at most
    yield from memory_rows()


def cuda_rows() -> Iterator[Row]:
    """Yield the rows of a CUDA device; `python -m benchmarks.gpu` asks for them."""
    with tempfile.TemporaryDirectory() as cache:
        for norm, ratio in (("group", FORCED), ("group", FREE), ("batch", FORCED)):
            yield from rows_of(Path(cache), Way(norm, ratio), 10, "cuda")
    yield from memory_rows("cuda")
