"""What a benchmark yields, and how two things are timed against each other on a machine that is never quiet."""

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

#: What each of several works is known by.
Name = TypeVar("Name")

#: Turns of a measurement that a bound on its time leaves: one would have no spread.
LEAST_TURNS = 2


@dataclass(frozen=True)
class Row:
    """One line of the table. Ratio is how many times better ours is than the baseline, pair by pair."""

    what: str
    baseline: str  # what it is, and its median
    ours: str
    ratio: float | None  # median over the pairs; None where there is nothing to divide
    spread: tuple[float, float] | None = None  # least and greatest ratio of a pair
    note: str = ""


@dataclass
class Clock:
    """What durations are measured by: wall time, or this process's processor time on a machine shared with others."""

    now: Callable[[], float] = time.perf_counter
    name: str = "wall time"


CLOCK = Clock()


def use_processor_time() -> None:
    """Measure processor time from now on, of one thread: threads that wait for each other burn it, too."""
    import torch

    torch.set_num_threads(1)
    CLOCK.now, CLOCK.name = processor_time, "processor time of one thread"


def processor_time() -> float:
    """Return the seconds that this process and the processes it has waited for have computed."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def show(seconds: float) -> str:
    """Return a duration for people."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.2f} ms"


def compare(
    what: str,
    baseline: tuple[str, Callable[[], object]],
    ours: tuple[str, Callable[[], object]],
    n: int,
    note: str = "",
) -> Row:
    """Time a baseline and ours in turn, so that whatever else the machine does falls on both; one warm-up each."""
    times = interleave({"baseline": baseline[1], "ours": ours[1]}, n)
    return row_of(what, (baseline[0], times["baseline"]), (ours[0], times["ours"]), note)


def row_of(what: str, baseline: tuple[str, list[float]], ours: tuple[str, list[float]], note: str = "") -> Row:
    """Return the line for durations measured pair by pair."""
    ratios = [b / o for b, o in zip(baseline[1], ours[1], strict=True)]
    words = [f"{name}: {show(median(times))}" for name, times in (baseline, ours)]
    return Row(what, words[0], words[1], median(ratios), (min(ratios), max(ratios)), note)


def floor_row(what: str, flops: float, rate: float, step_s: list[float], baseline_s: list[float], baseline: str) -> Row:
    """Return the row of what limits a step: its FLOP at the best rate measured beside it, whatever else it must do."""
    floor_s, reached = flops / rate, flops / median(step_s)
    ratios = [seconds / floor_s for seconds in baseline_s]
    note = (
        f"{flops / 1e12:.2f} TFLOP; the best product or convolution reaches {rate / 1e9:.0f} GFLOP/s, the step "
        f"{reached / 1e9:.0f}, {reached / rate:.0%} of that"
    )
    words = f"{baseline}: {show(median(baseline_s))}", f"at the best rate: {show(floor_s)}"
    return Row(f"floor of a {what}", *words, median(ratios), (min(ratios), max(ratios)), note)


def interleave(
    works: Mapping[Name, Callable[[], object]], n: int, warm_ups: int = 1, most_s: float = math.inf
) -> dict[Name, list[float]]:
    """Return up to n durations of each, measured in turn after the warm-ups; `most_s` as `take_turns` has it."""
    return take_turns({name: partial(timed, work) for name, work in works.items()}, n, warm_ups, most_s)


def timed(work: Callable[[], object]) -> float:
    """Return what a work takes."""
    started = CLOCK.now()
    work()
    return CLOCK.now() - started


def take_turns(
    measures: Mapping[Name, Callable[[], float]], n: int, warm_ups: int = 1, most_s: float = math.inf
) -> dict[Name, list[float]]:
    """Return up to n durations of each, taken in turn after the warm-ups.

    With `most_s` seconds for all, warm-ups counted, no turn begins that would end later, but for the `LEAST_TURNS`.
    """
    begun = time.perf_counter()
    for _ in range(warm_ups):
        for measure in measures.values():
            measure()
    times: dict[Name, list[float]] = {name: [] for name in measures}
    for turn in range(n):
        so_far = time.perf_counter() - begun
        if turn >= LEAST_TURNS and so_far * (1 + 1 / (turn + warm_ups)) > most_s:
            break
        for name, measure in measures.items():
            times[name].append(measure())
    return times


def own_peak() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with the memory of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
