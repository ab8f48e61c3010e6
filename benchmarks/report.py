"""How long a report takes, how much memory and page, at 100, 300, 1,000 and 10,000 runs of 300 evaluations.

python -m benchmarks.report

The baseline of a size is the CPU time of the smallest one scaled by the number of runs: a ratio below 1 means that time
grows no faster than linearly. A second baseline only reads the same files, with json and PyYAML as they come.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.sweeps.report.planted import Planted

ROOT = Path(__file__).parents[1]
N_EVALUATIONS = 300
SIZES = {
    100: (20, 5),
    300: (60, 15),
    1000: (200, 50),
    10_000: (2000, 500),
}  # runs -> trials and seeds of each of four arms
REPEATS = 3
#: Runs from which a report is written once: it takes minutes.
ONCE = 10_000


def main() -> list[dict[str, Any]]:
    """Print and return the rows."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folders = {n: _planted(Path(place) / str(n), *size) for n, size in SIZES.items()}
        measured = {n: [_report(folder) for _ in range(1 if n >= ONCE else REPEATS)] for n, folder in folders.items()}
        plain = [_seconds(lambda: _read_plainly(folders[1000])) for _ in range(REPEATS)]
        page = (folders[1000] / "report" / "index.html").stat().st_size
    smallest = median(cpu_s for _, cpu_s, _ in measured[100])
    for n, found in measured.items():
        cpu = [cpu_s for _, cpu_s, _ in found]
        rows.append(_row(f"report on {n} runs, CPU s (baseline: linear from 100)", smallest * n / 100, cpu))
    cpu = [cpu_s for _, cpu_s, _ in measured[1000]]
    rows.append(_row("report on 1000 runs, CPU s (baseline: reading its files)", median(plain), cpu))
    for n, wall_bound, mib_bound in ((1000, 30.0, 1024.0), (10_000, 120.0, 2048.0)):
        walls, mibs = ([found[i] for found in measured[n]] for i in (0, 2))
        rows.append(_row(f"report on {n} runs, wall s (bound: {wall_bound:.0f})", wall_bound, walls))
        rows.append(_row(f"memory at {n} runs, MiB (bound: {mib_bound:.0f})", mib_bound, mibs))
    rows.append(_row("page at 1000 runs, MB (bound: 15)", 15.0, [page / 1e6]))
    for row in rows:
        print("{what:58} {baseline:9.2f} {ours:9.2f} {ratio:6.2f}  {spread:.2f}".format(**row))
    return rows


def _row(what: str, baseline: float, ours: list[float]) -> dict[str, Any]:
    middle = median(ours)
    spread = (max(ours) - min(ours)) / baseline
    return {"what": what, "baseline": baseline, "ours": middle, "ratio": middle / baseline, "spread": spread}


def _planted(root: Path, n_trials: int, n_seeds: int) -> Path:
    arms = {"constant": 0.0, "monotonic": 0.1, "cyclical": 0.2, "control": 0.3}
    study = Planted(arms, n_seeds=n_seeds, n_trials=n_trials, n_evals=N_EVALUATIONS, measured=True)
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


if __name__ == "__main__":
    main()
