"""The most memory that a training's steps take, beside SVG's order."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.instruments.svg import SVGS_ORDER
from benchmarks.instruments.table import Row
from benchmarks.training.apart import steps_apart
from benchmarks.training.steps import FORCED, OURS, Work

#: Steps after which the most is read: a heap that is kept finds its size in the first few.
STEPS = 3


def memory_rows(device: str = "cpu") -> Iterator[Row]:
    """Yield the peak memory of a training's steps: of its process on a CPU, imports included, or on the device."""
    keeps_memory = device == "cpu"
    with tempfile.TemporaryDirectory() as folder:
        for norm, ways in (("group", ("fp32", "bf16", "bf16, checkpointing")), ("batch", ("bf16",))):
            baseline = Work(SVGS_ORDER, norm, FORCED, device=device)
            before = peak_of(Path(folder), baseline)
            for way in ways:
                precision, *options = way.split(", ")
                work = Work(OURS, norm, FORCED, precision, device, keeps_memory, checkpointing=bool(options))
                after = peak_of(Path(folder), work)
                what = f"peak memory of a training step, teacher-forced, {norm} norm, {way}{on(device)}"
                shown = [f"{peak / 2**30:.2f} GiB" for peak in (before, after)]
                yield Row(what, f"{baseline}: {shown[0]}", f"{work}: {shown[1]}", before / after)


def peak_of(cache: Path, work: Work) -> int:
    """Return the most memory that some steps take, in bytes."""
    with steps_apart(cache, work) as steps:
        return max(steps.step().peak for _ in range(STEPS))


def on(device: str) -> str:
    """Return the device in words where it is not the CPU."""
    return "" if device == "cpu" else f", {device}"
