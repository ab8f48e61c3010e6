"""What batches and training steps take with the store on the disk, in the page cache, or a quarter of it there.

python -m benchmarks.data_path.serving gathers|step|training FOLDER N_SEQUENCES     prints JSON; durations in seconds
"""

import json
import sys
import time
from copy import copy
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data_path.random_frames import BATCH, BYTES_A_BATCH, BYTES_A_SEQUENCE, FRAMES, SHARE, open_frames
from benchmarks.evaluation import NARROW
from benchmarks.instruments.page_cache import drop_pages, page_cache_of
from cvae.config import build_config
from cvae.data.store import Clips
from cvae.device import choose_accelerator
from cvae.random_streams import batch_indices
from cvae.training import Trainer

#: Batches timed; training steps of a turn, and turns.
N_BATCHES, N_STEPS, TURNS = 24, 6, 2


def batches(clips: Clips, n: int, seed: int) -> list[NDArray[np.int64]]:
    """Return so many batches of random clips, as rows."""
    random = np.random.default_rng(seed)
    return [clips.rows(random.integers(len(clips), size=BATCH)) for _ in range(n)]


def seconds_of(clips: Clips, rows: NDArray[np.int64]) -> float:
    """Return how long a batch's frames take."""
    started = time.perf_counter()
    clips.frames_of(rows)
    return time.perf_counter() - started


def gathers(folder: Path, n_sequences: int) -> dict[str, float]:
    """Return medians for a batch from the disk, page by page and as it is gathered, and from the page cache."""
    times: dict[str, list[float]] = {"by_page": [], "cold": [], "warm": []}
    path, clips = folder / FRAMES, open_frames(folder, n_sequences)
    for rows in batches(clips, N_BATCHES, 0):
        drop_pages(path)
        frames = np.load(path, mmap_mode="r")
        started = time.perf_counter()
        frames[rows]
        times["by_page"].append(time.perf_counter() - started)
        del frames  # mapped pages stay
        drop_pages(path)
        opened = copy(clips)  # which has nothing mapped
        opened.conditions_of(rows)
        times["cold"].append(seconds_of(opened, rows))
        times["warm"].append(seconds_of(opened, rows))
        del opened
    return {name: median(of_name) for name, of_name in times.items()}


def new_trainer(clips: Clips, differences: dict[str, Any]) -> Trainer:
    """Return a trainer of the lab's model but for some differences."""
    config = build_config(differences | {"train": {"batch_size": BATCH}}, "benchmark")
    trainer = Trainer(config, choose_accelerator(config.runtime), clips, clips)
    trainer.model.train()
    return trainer


def train(trainer: Trainer, n: int) -> tuple[float, float]:
    """Make so many steps; return seconds a step, and the share of them that is spent waiting for batches."""
    started, waited = time.perf_counter(), trainer.loader.waited_s
    for _ in range(n):
        trainer.update(trainer.loader.batch(trainer.step), 0.0, trainer.config.optim.lr)
        trainer.step += 1
    seconds = time.perf_counter() - started
    return seconds / n, (trainer.loader.waited_s - waited) / seconds


def step(folder: Path, n_sequences: int) -> dict[str, Any]:
    """Return the time of a training step of the lab's size, in the precision that a run has."""
    trainer = new_trainer(open_frames(folder, n_sequences), {})
    times = [train(trainer, 1)[0] for _ in range(3)]
    return {"seconds": median(times[1:]), "precision": "bf16" if trainer.accelerator.bf16 else "float32"}


def training(folder: Path, n_sequences: int) -> dict[str, Any]:
    """Train a narrow model with room for a quarter of the store, its batches in the page cache or not, in turn.

    Where no limit can be set the page cache is dropped before: then nearly every batch is read as a whole.
    """
    clips, room = open_frames(folder, n_sequences), n_sequences * BYTES_A_SEQUENCE // SHARE
    trainer = new_trainer(clips, NARROW)
    found: dict[str, list[tuple[float, float]]] = {"read": [], "there": []}
    with trainer.loader:
        train(trainer, 3)
        drop_pages(folder / FRAMES)
        with page_cache_of(room) as is_limited:
            n_filling = room // BYTES_A_BATCH * 3 // 2 if is_limited else 0
            limited = [seconds_of(clips, rows) for rows in batches(clips, n_filling + N_BATCHES, 1)]
            for _ in range(TURNS):
                found["read"].append(train(trainer, N_STEPS))
                for number in range(trainer.step, trainer.step + N_STEPS + 1):
                    clips.gather(batch_indices(len(clips), BATCH, trainer.config.seed, number))
                found["there"].append(train(trainer, N_STEPS))
    means = {name: [fmean(of_turns) for of_turns in zip(*turns, strict=True)] for name, turns in found.items()}
    return means | {"is_limited": is_limited, "gather": median(limited[n_filling:])}


if __name__ == "__main__":
    measure = {"gathers": gathers, "step": step, "training": training}[sys.argv[1]]
    print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))
