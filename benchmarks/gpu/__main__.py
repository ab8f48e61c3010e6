"""Test and measure on this machine's CUDA device, and write `benchmarks/results-cuda.json` with the card's name.

The tests marked `cuda`, then training, memory, evaluation and start-up, then a sweep with several slots on one GPU
beside one slot. Without a GPU it says so in one line, and that is all.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.__main__ import print_table
from benchmarks.engine import slots_rows
from benchmarks.evaluation import time_ratio
from benchmarks.instruments.table import Row, interleave, row_of
from benchmarks.records import describe_machine, with_load
from benchmarks.startup import BASELINES, run, seconds_to_training
from benchmarks.training import cuda_rows
from sweeps.launchers import start_worker

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results-cuda.json"
NO_GPU = "no CUDA device here: nothing was tested or measured"
SLOTS_PER_GPU = 4

Measure = Callable[[], Iterable[Row | Mapping[str, Any]]]


def evaluation_rows() -> Iterator[dict[str, Any]]:
    """Yield the row of many samples of many clips."""
    with tempfile.TemporaryDirectory() as folder:
        yield time_ratio(Path(folder), device="cuda")


def startup_rows(n: int = 3) -> Iterator[Row]:
    """Yield the row of a worker's start, which is never forked where there is CUDA."""
    name, code = list(BASELINES.items())[1]
    times: dict[str, list[float]] = {"baseline": [], "ours": []}
    with tempfile.TemporaryDirectory() as place:
        for i in range(n):
            on_device = partial(run, "-c", code.replace("torch.zeros(1)", "torch.zeros(1, device='cuda')"))
            times["baseline"] += interleave({"baseline": on_device}, 1, warm_ups=0)["baseline"]
            times["ours"].append(seconds_to_training(start_worker, Path(place) / str(i)))
    what = "from a worker's start to its first step, cuda"
    yield row_of(what, (f"{name} on the device", times["baseline"]), ("ours", times["ours"]))


def sweep_rows() -> Iterator[Row]:
    """Yield the row of a sweep with several slots on one GPU beside the same with one."""
    with tempfile.TemporaryDirectory() as place:
        yield from slots_rows(Path(place), per_gpu=SLOTS_PER_GPU)


MEASURED: dict[str, Measure] = {
    "training": cuda_rows,
    "evaluation": evaluation_rows,
    "startup": startup_rows,
    "sweep": sweep_rows,
}


def main() -> int:
    """Test, measure, write and print; return the exit status of the tests."""
    if not torch.cuda.is_available():
        print(NO_GPU)
        return 0
    tests = subprocess.run([sys.executable, "-m", "pytest", "-m", "cuda"], cwd=ROOT, check=False).returncode
    measured = measure(MEASURED)
    RESULTS.write_text(json.dumps({"tests": "passed" if tests == 0 else f"status {tests}"} | measured, indent=2) + "\n")
    print_table(measured["rows"])
    return tests


def measure(benchmarks: Mapping[str, Measure]) -> dict[str, Any]:
    """Return the card, the machine and the rows of each benchmark."""
    card, machine = torch.cuda.get_device_name(0), describe_machine()
    rows = {name: list(with_load(benchmark)) for name, benchmark in benchmarks.items()}
    return {"card": card, "machine": machine, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
