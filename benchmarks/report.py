"""How long a report takes, how much memory and page, at 100, 1,000 and 10,000 runs of 300 evaluations.

The baseline of a size is the CPU time of the smallest one scaled by the number of runs: a ratio above 1 means that time
grows slower than linearly. A second baseline only reads the same files, with json and PyYAML as they come. A bound is
what was set out for: a ratio above 1 keeps it.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks.instruments.table import Row
from tests.sweeps.report.planted import Planted

ROOT = Path(__file__).parents[1]
N_EVALUATIONS = 300
SIZES = (100, 1000, 10_000)
REPEATS = 2
#: Runs from which a report is written once: it takes minutes.
ONCE = 10_000
#: Runs -> the wall seconds and MiB that a report on them may take; MB that the page may have at 1,000.
BOUNDS = {1000: (30.0, 1024.0), 10_000: (120.0, 2048.0)}
PAGE_MB = 15.0


def rows(sizes: Sequence[int] = SIZES) -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as place:
        folders = {n: _planted(Path(place) / str(n), n) for n in sizes}
        first: list[float] = []
        for n, folder in folders.items():
            walls, cpu, mibs = zip(*(_report(folder) for _ in range(1 if n >= ONCE else REPEATS)), strict=True)
            first = first or list(cpu)
            linear = [median(first) * n / sizes[0]]
            yield _row(f"report on {n} runs, CPU time", f"linear from {sizes[0]} runs", linear, cpu, "s")
            if n == 1000:
                plain = [_seconds(lambda folder=folder: _read_plainly(folder)) for _ in range(REPEATS)]
                yield _row("report on 1000 runs, CPU time", "reading its files alone", plain, cpu, "s")
                page = (folder / "report" / "index.html").stat().st_size / 1e6
                yield _row("page at 1000 runs", "bound", [PAGE_MB], [page], "MB")
            if n in BOUNDS:
                yield _row(f"report on {n} runs, wall time", "bound", [BOUNDS[n][0]], walls, "s")
                yield _row(f"memory of a report on {n} runs", "bound", [BOUNDS[n][1]], mibs, "MiB")


def _row(what: str, name: str, baseline: Sequence[float], ours: Sequence[float], unit: str) -> Row:
    base = median(baseline)
    ratios = [base / value for value in ours]
    words = f"{name}: {base:.4g} {unit}", f"{median(ours):.4g} {unit}"
    return Row(what, *words, median(ratios), (min(ratios), max(ratios)) if len(ratios) > 1 else None)


def _planted(root: Path, n_runs: int) -> Path:
    arms = {"constant": 0.0, "monotonic": 0.1, "cyclical": 0.2, "control": 0.3}
    n_seeds = n_runs // (5 * len(arms))
    study = Planted(arms, n_seeds=n_seeds, n_trials=4 * n_seeds, n_evals=N_EVALUATIONS, measured=True)
    return study.write(root)


def _report(folder: Path) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and peak memory (MiB) of the command."""
    code = (
        "import resource, subprocess, sys, time; t = time.perf_counter();"
        f"subprocess.run([sys.executable, 'analyze.py', {str(folder)!r}], check=True, stdout=subprocess.DEVNULL);"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(time.perf_counter() - t, u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    wall_s, cpu_s, mib = map(float, done.stdout.split())
    return wall_s, cpu_s, mib


def _seconds(work: Any) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _read_plainly(folder: Path) -> None:
    for path in folder.glob("*/*/run.json"):
        json.loads(path.read_text())
        json.loads(path.with_name("state.json").read_text())
        yaml.safe_load(path.with_name("config.yaml").read_text())
        with path.with_name("epochs.jsonl").open() as lines:
            kept = [json.loads(line) for line in lines]
        assert kept, path
