"""What the sweep engine costs, and what its samplers and pruners save: each row against a baseline of the same run.

python -m benchmarks.engine              all of it, minutes
python -m benchmarks.engine overhead     what a run and its reported values cost after up to 4,000 others
python -m benchmarks.engine queue        what a look at an engine costs with many jobs in its queue
python -m benchmarks.engine search       epochs until a sampler and a pruner find what random search finds
python -m benchmarks.engine slots        a shortened quickstart with one slot and with two
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any

from benchmarks.instruments.full_queue import look_cost
from benchmarks.instruments.landscape import EPOCHS, epochs_to_values, search_values
from benchmarks.instruments.stepping import SteppingWorker, stepping_coordinator
from benchmarks.instruments.table import Row
from sweeps.coordinator import Coordinator
from sweeps.experiment_folder import ExperimentFolder, Ledger, ended_runs

ROOT = Path(__file__).resolve().parents[1]
#: Runs already done at which the cost of the next ones is looked at, and where that alone is measured.
DONE, ALL_DONE = (100, 1_500), (100, 1_000, 4_000)
PRUNERS = ("none", "median", "asha", "hyperband")
#: Runs report 2 values each in one block of so many runs, 26 in the next, and so on; the first are not timed. A cost
#: comes from a pair of blocks, and there are so many pairs.
BLOCK, SKIPPED, FEW, MANY, PAIRS = 100, 10, 2, 26, 2
#: Trials of random search, and seeds.
RANDOM_TRIALS, SEEDS = 48, 5


def row(what: str, baseline: str, ours: str, ratios: list[float], note: str = "") -> Row:
    """Return one row of the table, whose ratio is ours over the baseline."""
    return Row(what, baseline, ours, median(ratios), (min(ratios), max(ratios)), note)


def overhead(place: Path, pruner: str = "none", done: tuple[int, ...] = DONE) -> dict[int, list[float]]:
    """Return, at some numbers of runs done, the coordinator's milliseconds of processor a run with its reported values.

    No run is pruned: all are as good, so that each value is judged. Blocks of runs with few and with many values count
    alike; the workers' own time is taken off.
    """
    values = {
        "name": f"overhead-{pruner}",
        "base": {"train": {"steps": MANY}, "evaluation": {"every": 1}},
        "arms": {"a": {}},
        "search": {"optim.lr": {"float": [1e-4, 1e-1], "log": True}},
        "tune": {"trials_per_arm": done[-1] + 2 * PAIRS * BLOCK, "sampler": "qmc", "pruner": pruner},
        "confirm": {"seeds": 1},
    }
    coordinator = stepping_coordinator(values, place, _flat, lambda number: MANY if number // BLOCK % 2 else FEW, 4)
    marks = _marks(coordinator)
    found: dict[int, list[float]] = {n: [] for n in done}
    for n in done:
        for pair in range(PAIRS):
            first = n - n % BLOCK + 2 * pair * BLOCK
            starts = (first, first + BLOCK)
            found[n].append(fmean(_cost_between(marks, start + SKIPPED, start + BLOCK) for start in starts))
    return found


def _flat(params: Mapping[str, Any], seed: int, step: int) -> float:
    return 20.0 + step


def _marks(coordinator: Coordinator) -> dict[int, float]:
    """Run a sweep; return the processor seconds that the coordinator had used when each number of runs was done."""
    marks: dict[int, float] = {}
    started, spent = time.process_time(), SteppingWorker.spent_s
    for _ in coordinator.run():
        used = time.process_time() - started - (SteppingWorker.spent_s - spent)
        marks.setdefault(len(coordinator.counts.settled), used)
    return marks


def _cost_between(marks: dict[int, float], low: int, high: int) -> float:
    """Return the milliseconds a run between two numbers of runs done (or the next that was seen)."""
    a, b = (min(n for n in marks if n >= edge) for edge in (low, high))
    return 1e3 * (marks[b] - marks[a]) / (b - a)


def overhead_rows(place: Path, done: tuple[int, ...] = DONE) -> Iterator[Row]:
    """Yield the coordinator's cost after many runs beside its cost after a hundred by pruner: 1 is flat."""
    for pruner in PRUNERS:
        cost_ms, first = overhead(place, pruner, done), done[0]
        for n in done[1:]:
            base, ours = (f"{median(cost_ms[of]):.2f} ms after {of} runs" for of in (first, n))
            ratios = [late / early for early, late in zip(cost_ms[first], cost_ms[n], strict=True)]
            what = f"coordinator's processor time, a run and its {(FEW + MANY) / 2:g} values, pruner {pruner}"
            yield row(what, base, ours, ratios, "1 is flat")


def queue_rows(place: Path) -> Iterator[Row]:
    """Yield what a look at an engine's queue costs the coordinator, with many jobs in it beside few."""
    for is_moving, news in ((False, "nothing new"), (True, "one of them with a new reason")):
        (few, _), (many, n_calls) = (look_cost(place, n, is_moving=is_moving) for n in (10, 1_000))
        what = f"a look at 1000 queued jobs, {news} ({n_calls:.0f} call)"
        yield row(what, f"{few:.2f} ms, ten jobs", f"{many:.2f} ms of processor", [many / few], "one sweep of each")


def search_rows(place: Path) -> Iterator[Row]:
    """Yield the epochs that TPE with a pruner needs to come within 1% of the best of random search."""
    shares = []
    for seed in range(SEEDS):
        random = epochs_to_values(
            place, search_values(f"random-{seed}", seed, trials_per_arm=RANDOM_TRIALS, sampler="random")
        )
        options = {"sampler": "tpe", "sampler_options": {"n_startup_trials": 8, "multivariate": True}}
        pruning = {"pruner": "asha", "pruner_options": {"min_evaluations": 3, "reduction_factor": 3}}
        tpe = epochs_to_values(
            place, search_values(f"tpe-{seed}", seed, trials_per_arm=RANDOM_TRIALS, **options, **pruning)
        )
        whole = RANDOM_TRIALS * EPOCHS
        reached = next((n for n, value in tpe if value >= 0.99 * random[-1][1]), None)
        shares.append(float("inf") if reached is None else reached / whole)
    yield row(
        "epochs to within 1% of random search's best (TPE with ASHA)",
        f"{RANDOM_TRIALS * EPOCHS} epochs, random",
        f"{median(shares) * RANDOM_TRIALS * EPOCHS:.0f} epochs, median of {SEEDS} seeds",
        shares,
    )


def slots_rows(place: Path, repeats: int = 2, per_gpu: int | None = None) -> Iterator[Row]:
    """Yield the wall time of a shortened quickstart with several slots beside one slot, in turn.

    Two slots on a CPU, or `per_gpu` on each GPU.
    """
    several = 2 if per_gpu is None else per_gpu
    ratios, walls, slowdowns, idle = [], {1: 0.0, several: 0.0}, [], []
    for i in range(repeats):
        for slots in walls:
            runs = place / f"slots-{slots}-{i}"
            command = [sys.executable, "run_sweep.py", "experiments/quickstart.yaml", "--runs", str(runs)]
            command += ["--slots", str(slots)] if per_gpu is None else ["--slots-per-gpu", str(slots)]
            command += ["--tracker", "disabled", "--set", f"base.store={place / 'store'}"]
            command += ["--set", "base.train.steps=20", "--set", "tune.trials_per_arm=1", "--set", "confirm.seeds=1"]
            command += ["--set", "confirm.stop=planned"]
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            walls[slots] = time.perf_counter() - started
        ratios.append(walls[several] / walls[1])
        alone, beside = (_seconds_of_runs(place / f"slots-{slots}-{i}" / "quickstart") for slots in walls)
        slowdowns.append(beside / alone)
        idle.append(1 - beside / (several * walls[several]))
    where = "" if per_gpu is None else " on one GPU"
    yield row(
        f"wall time of a shortened quickstart, {several} slots{where}",
        f"{walls[1]:.0f} s, one slot",
        f"{walls[several]:.0f} s",
        ratios,
        f"beside others a run takes {median(slowdowns):.2f} of its time in one slot; the slots are without a run for "
        f"{median(idle):.0%} of it",
    )


def _seconds_of_runs(path: Path) -> float:
    """Return how long the runs of a sweep took, one after the other."""
    return sum(end.wall_s or 0.0 for end in ended_runs(Ledger(ExperimentFolder(path).ledger).read()))


def rows(which: str = "all", done: tuple[int, ...] = DONE) -> Iterator[Row]:
    """Yield the rows of one part, or of all."""
    # in memory where there is such a place: what is counted is the engine's work, not the disk's
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="engine-", dir=memory))
    parts: dict[str, Callable[[Path], Iterator[Row]]] = {
        "overhead": partial(overhead_rows, done=done),
        "queue": queue_rows,
        "search": search_rows,
        "slots": slots_rows,
    }
    try:
        for part in [parts[which]] if which in parts else list(parts.values()):
            yield from part(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    for found in rows((sys.argv[1:] or ["all"])[0], ALL_DONE):
        low, high = found.spread or (found.ratio, found.ratio)
        print(
            f"{found.what}: {found.ours}, against {found.baseline}; ratio {found.ratio:.2f} ({low:.2f} to {high:.2f})"
        )
