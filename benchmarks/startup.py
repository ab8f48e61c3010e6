"""How soon commands answer and workers train, each against a process that does nothing but import torch."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.table import Row, interleave, show
from cvae.config import build_config
from cvae.data import open_store
from cvae.overrides import merge
from cvae.record import RunFolder
from cvae.train import prepare
from cvae.yaml_file import load_yaml_mapping

ROOT = Path(__file__).parents[1]
QUICKSTART = "experiments/quickstart.yaml"
COMMANDS = {
    "analyze.py --help": ["analyze.py", "--help"],
    "run_sweep.py --help": ["run_sweep.py", "--help"],
    "run_sweep.py --plan": ["run_sweep.py", QUICKSTART, "--plan"],
}
#: Trains a run folder as a worker does, and ends after its first optimizer step.
FIRST_STEP = """
import os, sys
from pathlib import Path
from cvae.trainer import Trainer
update = Trainer.update
def first(*arguments, **named):
    update(*arguments, **named)
    os._exit(0)
Trainer.update = first
from sweeps.worker import work
work(Path(sys.argv[1]))
os._exit(1)
"""


def run(*arguments: str) -> None:
    """Run Python to its end."""
    subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def new_run(folder: Path) -> Path:
    """Write a run folder of the quickstart's size, its data packed."""
    base = load_yaml_mapping(ROOT / QUICKSTART)["base"]
    config = build_config(merge(base, {"store": str(folder / "store")}), QUICKSTART)
    open_store(config.data, config.image_size, Path(config.store))
    prepare(RunFolder(folder / "run"), config)
    return folder / "run"


def rows(n: int = 3) -> Iterator[Row]:
    """Yield the table's rows; what a worker needs between its start and its first step is the gap between two runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = new_run(Path(folder))
        works = {"import torch": lambda: run("-c", "import torch")}
        works |= {name: lambda words=words: run(*words) for name, words in COMMANDS.items()}  # type: ignore[misc]
        works["worker's first step"] = lambda: run("-c", FIRST_STEP, str(path))
        times = interleave(works, n)
    torch_s = times.pop("import torch")
    for name, own in times.items():
        ratios = [a / b for a, b in zip(torch_s, own, strict=True)]
        words = (f"import torch: {show(median(torch_s))}", show(median(own)))
        yield Row(f"start of {name}", *words, median(ratios), (min(ratios), max(ratios)))
