"""How soon commands answer and workers train, each against what PyTorch alone takes to be there."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from benchmarks.instruments.table import Row, interleave, row_of, show
from cvae.config import build_config, load_yaml_mapping, merge
from cvae.data.store import open_store
from cvae.new_run import prepare
from cvae.record import RunFolder
from sweeps.coordinator import Coordinator
from sweeps.experiment import build_experiment
from sweeps.experiment_folder import ExperimentFolder, lay_out
from sweeps.launchers import ForkServer, LocalLauncher, Start, start_worker
from sweeps.workers import CPU, Slots

ROOT = Path(__file__).parents[1]
QUICKSTART = "experiments/quickstart.yaml"
#: What a command should not wait for, and what PyTorch takes before any first step.
BASELINES = {
    "import torch": "import torch",
    "import torch, make an optimizer": "import torch; torch.optim.Adam([torch.zeros(1)])",
}
FIRST, NEXT = "from a worker's start to its first step", "from a worker's end to the next one's first step"
COMMANDS = {
    "analyze.py --help": ["analyze.py", "--help"],
    "run_sweep.py --help": ["run_sweep.py", "--help"],
    "run_sweep.py --plan": ["run_sweep.py", QUICKSTART, "--plan"],
}
#: Trains a run folder as a worker does, and ends after its first optimizer step.
FIRST_STEP = """
import os, sys
from pathlib import Path
from cvae.training.trainer import Trainer
update = Trainer.update
def first(*arguments, **named):
    update(*arguments, **named)
    os._exit(0)
Trainer.update = first
from sweeps.worker import work
work(Path(sys.argv[1]))
os._exit(1)
"""


#: The same to its end, noting on the clock of the machine when its first optimizer step and when all was done.
NOTING = """
import sys, time
from pathlib import Path
from cvae.training.trainer import Trainer
from sweeps.worker import leave, work
path, update = Path(sys.argv[1]), Trainer.update
def noting(*arguments, **named):
    result = update(*arguments, **named)
    if not (path / "first").exists():
        (path / "first").write_text(repr(time.monotonic()))
    return result
Trainer.update = noting
status = work(path)
(path / "last").write_text(repr(time.monotonic()))
leave(status)
"""
N_RUNS = 4


def run(*arguments: str) -> None:
    """Run Python to its end."""
    subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def new_run(folder: Path, differences: Mapping[str, Any] = MappingProxyType({})) -> Path:
    """Write a run folder of the quickstart's size with some differences, its data packed."""
    base = load_yaml_mapping(ROOT / QUICKSTART)["base"]
    values = merge(merge(base, {"store": str(folder / "store")}), differences)
    config = build_config(values, QUICKSTART)
    open_store(config.data, config.image_size, Path(config.store))
    prepare(RunFolder(folder / "run"), config)
    return folder / "run"


def seconds_to_training(start: Start, place: Path) -> float:
    """Return the seconds from a worker's start until its training begins, and end the worker.

    The first evaluation's record says how long training and evaluating took until then; that is taken off.
    """
    folder = RunFolder(new_run(place, {"train": {"steps": 2, "steps_per_epoch": 1}, "evaluation": {"every": 1}}))
    started = time.perf_counter()
    worker = start(folder, "", {})
    while not (lines := folder.read_epochs()):
        if worker.poll() is not None:
            raise RuntimeError(f"the worker of {folder.path} ended with status {worker.poll()} before its first step")
        time.sleep(0.005)
    seconds = time.perf_counter() - started - float(lines[0]["seconds"])
    with suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGKILL)
    while worker.poll() is None:
        time.sleep(0.005)
    return seconds


def forked_row(place: Path, n: int) -> Row:
    """Return the row of a forked worker beside one that imports PyTorch itself, in turn; the first pair is not kept."""
    times: dict[str, list[float]] = {"plain": [], "forked": []}
    with closing(ForkServer()) as server:
        for i in range(n + 1):
            for name, start in (("plain", start_worker), ("forked", server.start)):
                times[name].append(seconds_to_training(start, place / f"{name}-{i}"))
    what = "from a forked worker's start to its first step"
    plain, forked = (own[1:] for own in times.values())
    return row_of(what, ("a worker that imports PyTorch itself", plain), ("forked", forked), "wall time")


def gaps(place: Path) -> list[float]:
    """Return the seconds between a worker's last act and the next one's first step, of runs in one slot of a sweep."""
    values = load_yaml_mapping(ROOT / QUICKSTART)
    arm = dict(list(values["arms"].items())[:1])
    short = {"base": {"store": str(place / "store"), "train": {"steps": 2, "steps_per_epoch": 2}}}
    values = merge({k: v for k, v in values.items() if k not in ("arms", "search", "tune")} | {"arms": arm}, short)
    experiment = build_experiment(merge(values, {"confirm": {"seeds": N_RUNS, "stop": "planned"}}), QUICKSTART)
    root = ExperimentFolder(place / "gaps")
    lay_out(experiment, root)

    def start(folder: RunFolder, token: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", NOTING, str(folder.path)]
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)

    coordinator = Coordinator(experiment, root, Slots({CPU: 1}), 1, launcher=LocalLauncher(start))
    for _ in coordinator.run():
        pass
    folders = [root.run(planned).path for planned in coordinator.plan]
    first, last = ([float((path / name).read_text()) for path in folders] for name in ("first", "last"))
    return [b - a for a, b in zip(last, first[1:], strict=False)]


def rows(n: int = 2) -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = new_run(Path(folder))
        works = {name: partial(run, "-c", code) for name, code in BASELINES.items()}
        works |= {f"start of {name}": partial(run, *words) for name, words in COMMANDS.items()}
        works[FIRST] = partial(run, "-c", FIRST_STEP, str(path))
        times = interleave(works, n)
        times[NEXT] = gaps(Path(folder))
        yield forked_row(Path(folder), n)
    baselines = {name: median(times.pop(name)) for name in BASELINES}
    for name, own in times.items():
        baseline = list(BASELINES)[name in (FIRST, NEXT)]
        ratios = [baselines[baseline] / seconds for seconds in own]
        words = (f"{baseline}: {show(baselines[baseline])}", show(median(own)))
        yield Row(name, *words, median(ratios), (min(ratios), max(ratios)))
