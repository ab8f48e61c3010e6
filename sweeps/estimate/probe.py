"""What one run costs on a machine: its arithmetic is counted, its rate measured in a short training.

A training shortened to 20 updates goes through its whole schedule, because schedules are functions of progress; so the
rate is that of all kinds of updates, teacher-forced early ones and free-running late ones.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    where: str = ""  # the machine that an engine chose; "" for this one

    def seconds(self, config: Config) -> float:
        """Return the wall time of a whole run with this configuration."""
        evaluations = -(-config.train.steps // config.evaluation.every)
        return self.overhead_s + training_flops(config) / self.flops_per_second + evaluations * self.evaluation_s


def machine_facts(together: int) -> list[object]:
    """Return what moves the cost of a run on this machine, of which so many run at a time."""
    return [os.uname().nodename, usable_cores(), package_versions(), together]


def cost_key(config: Config, machine: Sequence[object]) -> str:
    """Return what runs of one cost share, as a file name.

    Args:
        config: a run's.
        machine: what else moves its cost (`machine_facts`).
    """
    values = {key: value for key, value in config.model_dump(mode="json").items() if key not in FREE}
    values["evaluation"] = {k: v for k, v in values["evaluation"].items() if k != "final_split"}
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
    costs = read_costs(configs, cache)
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
                keep_cost(key, cost, cache)
    return costs


def read_costs(keys: Iterable[str], cache: Path) -> dict[str, Cost]:
    """Return what was measured before, by key."""
    return {key: cost for key in keys if (cost := _read(cache / f"{key}.json")) is not None}


def keep_cost(key: str, cost: Cost, cache: Path) -> None:
    """Keep a measurement; who may not write there measures anew each time."""
    with suppress(OSError, InputError):
        cache.mkdir(parents=True, exist_ok=True)
        write_json(cache / f"{key}.json", asdict(cost))


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
        return [cost_of(folder, config, ended.get(i)) for i, (folder, config) in probes]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _start(folder: RunFolder, config: Config, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    write_probe(folder, config)
    return start_worker(folder, "", environment)


def write_probe(folder: RunFolder, config: Config) -> None:
    """Write the folder of a short training that stands for runs of a configuration.

    Raises:
        OSError: it cannot be written, or is there already.
        InputError: the same.
    """
    folder.path.mkdir(parents=True)
    folder.config.write_text(dump_yaml(shorten_training(config).model_dump(mode="json")), encoding="utf-8")
    folder.write_identity(RunIdentity("probe", "probe", "probe", 0, 0))


def cost_of(folder: RunFolder, config: Config, wall_s: float | None, where: str = "") -> Cost | None:
    """Return what the record of a probe says; None where it did not get to two evaluations.

    Args:
        folder: the probe's.
        config: that of the runs which it stands for.
        wall_s: seconds of the whole training, from its start to its end; None where it did not end.
        where: the machine, where it is not this one.
    """
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
    return Cost(overhead_s, sum(flops) / sum(segments), evaluation_s, n_bytes, where)
