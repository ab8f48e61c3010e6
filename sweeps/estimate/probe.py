"""What one run costs on this machine: its arithmetic is counted, its rate measured in a short training.

A training shortened to 20 updates goes through its whole schedule, because schedules are functions of progress; so the
rate is that of all kinds of updates, teacher-forced early ones and free-running late ones.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cvae.config import Config, dump_yaml, training_flops
from cvae.errors import InputError
from cvae.files import write_json
from cvae.provenance import package_versions
from cvae.record import RunFolder, RunIdentity
from sweeps.experiment_folder import short_hash
from sweeps.launchers import start_worker
from sweeps.workers import usable_cores

STEPS, SEGMENT = 20, 4

#: A probe that takes longer is ended; what it has measured by then is used.
MOST_S = 240.0

#: What does not move the cost of a run.
FREE = ("seed", "beta", "kl_anneal", "optim", "store")


@dataclass(frozen=True)
class Cost:
    """What one run takes."""

    overhead_s: float  # starting up, pictures, the mirror, the evaluation at the end
    flops_per_second: float  # of the updates
    evaluation_s: float
    n_bytes: int

    def seconds(self, config: Config) -> float:
        """Return the wall time of a whole run with this configuration."""
        evaluations = -(-config.train.steps // config.evaluation.every)
        return self.overhead_s + training_flops(config) / self.flops_per_second + evaluations * self.evaluation_s


def cost_key(config: Config, together: int) -> str:
    """Return what runs of one cost on this machine share, as a file name."""
    values = {key: value for key, value in config.model_dump(mode="json").items() if key not in FREE}
    values["evaluation"] = {k: v for k, v in values["evaluation"].items() if k != "final_split"}
    machine = [os.uname().nodename, usable_cores(), package_versions(), together]
    return short_hash(json.dumps([values, machine], sort_keys=True))


def shorten_training(config: Config) -> Config:
    """Return the configuration of the probe: the same schedule in fewer updates."""
    train = config.train
    per_epoch = max(1, round(train.steps_per_epoch * STEPS / train.steps))
    return config.model_copy(
        update={
            "train": train.model_copy(update={"steps": STEPS, "steps_per_epoch": per_epoch}),
            "evaluation": config.evaluation.model_copy(update={"every": SEGMENT, "samples_every": STEPS // SEGMENT}),
        }
    )


def measure(
    configs: Mapping[str, Config], together: int, cache: Path, echo: Callable[[str], None], environment: dict[str, str]
) -> dict[str, Cost]:
    """Measure what runs cost, as many side by side as will run together; what was measured before is read.

    Args:
        configs: key (`cost_key`) -> configuration.
        together: runs at a time.
        cache: folder of earlier measurements.
        echo: called before anything is measured.
        environment: of the probes.
    """
    costs = {key: cost for key in configs if (cost := _read(cache / f"{key}.json")) is not None}
    missing = [key for key in configs if key not in costs]
    if missing:
        echo(f"measuring this machine: {max(len(missing), together)} short trainings, {together} side by side ...")
    # fewer kinds of runs than slots: the same several times, because neighbours slow each other down
    queue = [*missing, *(missing[i % len(missing)] for i in range(together - len(missing)))] if missing else []
    for first in range(0, len(queue), together):
        batch = queue[first : first + together]
        for key, cost in zip(batch, _probe([configs[key] for key in batch], environment), strict=True):
            if cost is not None:
                costs[key] = cost
                with suppress(OSError, InputError):  # who may not write there measures anew each time
                    cache.mkdir(parents=True, exist_ok=True)
                    write_json(cache / f"{key}.json", asdict(cost))
    return costs


def _read(path: Path) -> Cost | None:
    try:
        return Cost(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _probe(configs: list[Config], environment: dict[str, str]) -> list[Cost | None]:
    """Train some short runs side by side."""
    scratch = Path(tempfile.mkdtemp(prefix="probe-"))
    folders = [RunFolder(scratch / str(i)) for i in range(len(configs))]
    try:
        started = time.monotonic()
        workers = [_start(folder, config, environment) for folder, config in zip(folders, configs, strict=True)]
        ended: dict[int, float] = {}
        while len(ended) < len(workers) and time.monotonic() - started < MOST_S:
            time.sleep(0.05)
            for i, worker in enumerate(workers):
                if i not in ended and worker.poll() is not None:
                    ended[i] = time.monotonic() - started
        for worker in workers:
            worker.kill()
            worker.wait()
        probes = enumerate(zip(folders, configs, strict=True))
        return [_cost(folder, config, ended.get(i)) for i, (folder, config) in probes]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(folder: RunFolder, config: Config, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    folder.path.mkdir()
    folder.config.write_text(dump_yaml(shorten_training(config).model_dump(mode="json")), encoding="utf-8")
    folder.write_identity(RunIdentity("probe", "probe", "probe", 0, 0))
    return start_worker(folder, "", environment)


def _cost(folder: RunFolder, config: Config, wall_s: float | None) -> Cost | None:
    """Return what the record of a probe says; None where it did not get to two evaluations."""
    lines = folder.read_epochs()
    if len(lines) < 2:
        return None
    segments = [SEGMENT * config.train.batch_size / line["train/clips_per_second"] for line in lines]
    flops = [line["train/flops_per_second"] * s for line, s in zip(lines, segments, strict=True)]
    # the first updates also warm the machine up
    segments[0] = min(segments[0], segments[1] * flops[0] / flops[1])
    ends = [float(line["seconds"]) for line in lines]
    evaluations = [b - a - segment for a, b, segment in zip(ends, ends[1:], segments[1:], strict=False)]
    evaluation_s = max(0.0, sum(evaluations) / len(evaluations))
    # warming up is paid once a run: it is part of what is not updates and evaluations
    known = sum(segments) + evaluation_s * len(lines)
    overhead_s = max(0.0, (wall_s if wall_s is not None else ends[-1]) - known)
    n_bytes = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file())
    return Cost(overhead_s, sum(flops) / sum(segments), evaluation_s, n_bytes)
