"""What the wandb mirror costs: `python -m benchmarks.tracking [--quick | --full]`.

CPU time where only the mirror's work is meant, wall time where a server could make a sweep wait.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.instruments.table import Row
from cvae.config import dump_yaml, load_yaml_mapping
from cvae.record import TIMINGS, RunFolder, RunState
from sweeps.tracking.mirror import Mirror, run_mirror
from sweeps.tracking.process import mirror_now
from sweeps.tracking.settings import quiet_environment
from tests.sweeps.tracking.bad_servers import TROUBLES, trouble

ROOT = Path(__file__).parents[1]
#: Bound on what 450 more media evaluations may add to the mirror and to wandb's service.
RSS_BOUND_MIB = 64.0


def one_training(store: Path, steps: int) -> dict[str, Any]:
    """Return an experiment of one run of the quickstart's size that searches nothing."""
    values = load_yaml_mapping(ROOT / "experiments" / "quickstart.yaml")
    cyclical = {name: part for name, part in values["arms"]["cyclical"].items() if name != "search"}
    values = {name: part for name, part in values.items() if name not in ("search", "tune")}
    base = values["base"] | {"store": str(store), "train": values["base"]["train"] | {"steps": steps}}
    return values | {"arms": {"cyclical": cyclical}, "confirm": {"seeds": 1}, "base": base}


def launch(runs: Path, store: Path, steps: int, *options: str, **environment: str) -> float:
    """Run one training of the quickstart's size through `run_sweep.py`; return its wall time."""
    runs.mkdir(parents=True, exist_ok=True)
    (runs / "one.yaml").write_text(dump_yaml(one_training(store, steps)))
    command = [sys.executable, "run_sweep.py", str(runs / "one.yaml"), "--runs", str(runs), "--slots", "1", *options]
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=os.environ | environment)
    return time.perf_counter() - started


def record_of(runs: Path) -> list[dict[str, object]]:
    """Return what a training recorded, timings aside."""
    (path,) = runs.glob("quickstart/*/*/run.json")
    return [{k: v for k, v in line.items() if k not in TIMINGS} for line in RunFolder(path.parent).read_epochs()]


@contextmanager
def cpu_of_children() -> Iterator[list[float]]:
    """Measure the CPU time of the child processes that end within the block."""
    spent: list[float] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield spent
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def log_cost(runs: Path, n_runs: int, repeats: int) -> Row:
    """CPU time of mirroring a sweep of the quickstart's runs, against that of training them."""
    (identity,) = runs.glob("quickstart/*/*/run.json")
    trained = identity.parent
    training_s = cpu_of_training(trained)
    costs = []
    for repeat in range(repeats):
        root = runs / f"copies-{repeat}"
        for number in range(n_runs):
            copy = root / "cyclical" / f"confirm-0-s{number}"
            shutil.copytree(trained, copy)
            who = json.loads((copy / "run.json").read_text())
            (copy / "run.json").write_text(json.dumps(who | {"seed": number}))
        with cpu_of_children() as spent:
            mirror_now(root)
        costs.append(spent[0] / n_runs)
    return Row(
        f"CPU of a run's mirror, {n_runs} runs a sweep",
        f"training {training_s:.1f} s",
        f"{min(costs):.3f} s",
        min(costs) / training_s,
        (min(costs) / training_s, max(costs) / training_s),
        f"{min(costs):.3f}-{max(costs):.3f} s over {repeats}",
    )


def cpu_of_training(trained: Path) -> float:
    """Return the CPU time of training a run's configuration again, without starting Python and its libraries."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from cvae.record.run_folder import RunFolder; from cvae.run.train_run import train_run\n"
        "start = time.process_time()\n"
        "for _ in train_run(RunFolder(Path(sys.argv[1]))): pass\n"
        "print(time.process_time() - start)"
    )
    again = trained.parents[2] / "again"
    again.mkdir()
    for name in ("config.yaml", "run.json"):
        shutil.copy(trained / name, again / name)
    told = subprocess.run(
        [sys.executable, "-c", code, str(again)], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return float(told.stdout.splitlines()[-1])


def unreachable(folder: Path, store: Path, steps: int, repeats: int, troubles: Sequence[str]) -> Iterator[Row]:
    """Wall time of a training with `--tracker online` and no server to be had, against offline; equal results."""
    modes = ["offline", *troubles]
    walls: dict[str, list[float]] = {mode: [] for mode in modes}
    for repeat in range(repeats):
        for mode in modes if repeat % 2 == 0 else reversed(modes):
            runs = folder / f"{mode.replace(' ', '-')}-{repeat}"
            if mode == "offline":
                walls[mode].append(launch(runs, store, steps, "--output", "plain"))
                continue
            with trouble(mode) as (url, _):
                environment = {"WANDB_BASE_URL": url, "WANDB_API_KEY": "k" * 40}
                walls[mode].append(
                    launch(runs, store, steps, "--tracker", "online", "--output", "plain", **environment)
                )
            if record_of(runs) != record_of(folder / "offline-0"):
                raise AssertionError(f"{mode}: other results than offline")
    offline = min(walls["offline"])
    for mode in troubles:
        spread = f"{min(walls[mode]):.1f}-{max(walls[mode]):.1f} s over {repeats}"
        ratio = min(walls[mode]) / offline
        ratios = (ratio, max(walls[mode]) / offline)
        yield Row(
            f"wall, online, {mode}", f"offline {offline:.1f} s", f"{min(walls[mode]):.1f} s", ratio, ratios, spread
        )


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20 + sum(rss_mib(int(child)) for child in children)


def memory(runs: Path, n: int) -> Row:
    """Memory of the mirror and wandb's service after n evaluations with media, against after the first tenth."""
    (identity,) = runs.glob("quickstart/*/*/run.json")
    root = runs / "memory"
    folder = RunFolder(root / "cyclical" / "confirm-0-s1")
    folder.samples.mkdir(parents=True)
    for name in ("run.json", "config.yaml"):
        shutil.copy(identity.parent / name, folder.path / name)
    os.environ.update(quiet_environment(root))
    run_mirror.MEDIA_BYTES = 2**40  # the cap would end this early
    whole, line, seen = Mirror(root), RunFolder(identity.parent).read_epochs()[-1], []
    for step in range(1, n + 1):
        for suffix in (".png", ".gif"):
            picture = (identity.parent / "samples" / f"final{suffix}").read_bytes()
            (folder.samples / f"step-{step:06d}{suffix}").write_bytes(picture + step.to_bytes(4, "big"))
        folder.append_epoch(line | {"step": step})
        folder.write_state(RunState("running", attempt=1, step=step))
        whole.catch_up()
        if step in (n // 10, n):
            seen.append(rss_mib(os.getpid()))
    whole.close()
    grown = seen[1] - seen[0]
    if grown > RSS_BOUND_MIB:
        raise AssertionError(f"the mirror has grown by {grown:.0f} MiB, more than {RSS_BOUND_MIB:.0f}")
    first, last = f"{seen[0]:.0f} MiB after {n // 10}", f"{seen[1]:.0f} MiB after {n}"
    return Row(f"RSS of the mirror, media {n} times", first, last, seen[1] / seen[0], note=f"+{grown:.1f} MiB")


#: Steps of a training, repeats, runs that are mirrored, evaluations with media, and kinds of trouble with the server.
SIZES: dict[str, tuple[int, int, int, int, Sequence[str]]] = {
    "--quick": (20, 1, 3, 50, TROUBLES),
    "": (40, 2, 8, 150, ("closed network", "hangs")),  # those that differ most from a server that answers
    "--full": (120, 3, 18, 500, TROUBLES),
}


def rows(size: str = "") -> Iterator[Row]:
    """Yield the table's rows; a ratio is ours divided by the baseline."""
    steps, repeats, n_runs, n_media, troubles = SIZES[size]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        launch(folder / "first", folder / "store", steps, "--output", "plain")
        yield log_cost(folder / "first", n_runs, repeats)
        yield memory(folder / "first", n_media)
        yield from unreachable(folder / "walls", folder / "store", min(steps, 60), min(repeats, 2), troubles)


if __name__ == "__main__":
    for found in rows(*sys.argv[1:2]):
        print(f"{found.what}: {found.ours}, against {found.baseline}: {found.ratio:.4f} ({found.note})", flush=True)
