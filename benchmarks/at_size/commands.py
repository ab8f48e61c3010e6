"""Wall time of `--plan` and `--status` of 10,000 runs beside the same of 100."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.at_size.finished_runs import N_EVALUATIONS, write_finished
from benchmarks.instruments.table import Row, interleave, row_of

ROOT = Path(__file__).parents[2]
FEW, MANY = 100, 10_000
#: Seconds that either may take of many runs.
BOUND_S = 3.0


def ask(file: Path, flag: str) -> None:
    """Ask a command about an experiment whose folder lies beside its file."""
    command = [sys.executable, "run_sweep.py", str(file), "--runs", str(file.parent), flag, "--output", "plain"]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def rows(few: int = FEW, many: int = MANY, n: int = 2) -> Iterator[Row]:
    """Yield the row of each command."""
    with tempfile.TemporaryDirectory() as place:
        small, large = (write_finished(Path(place), size) for size in (few, many))
        for flag in ("--plan", "--status"):
            times = interleave({"few": partial(ask, small, flag), "many": partial(ask, large, flag)}, n)
            note = f"bound: {BOUND_S:g} s"
            what = f"run_sweep.py {flag} of {many} finished runs of {N_EVALUATIONS} evaluations"
            yield row_of(what, (f"of {few} runs", times["few"]), ("wall time", times["many"]), note)
