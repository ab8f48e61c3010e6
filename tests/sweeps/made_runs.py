"""Run folders as a worker leaves them, made without training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cvae.config.yaml_file import dump_yaml
from cvae.record import RunIdentity
from cvae.record.run_folder import RunFolder
from cvae.visualization.save import save_pictures
from cvae.visualization.strips import PredictedClip

EVERY, SAMPLES_EVERY = 10, 2


def begin(root: Path, arm: str = "cyclical", name: str = "tune-003", **identity: Any) -> RunFolder:
    """An experiment's folder with one run that waits for its worker."""
    folder = RunFolder(root / arm / name)
    folder.path.mkdir(parents=True)
    (root / "experiment.yaml").write_text(dump_yaml({"name": root.name, "question": "Which?"}))
    params = {"optim.lr": 1.2345e-3, "beta": 2e-05}
    phase = name.partition("-")[0]
    who = RunIdentity(root.name, arm, phase, number=3, seed=3, trial=3, params=params)
    folder.write_identity(replace(who, **identity))
    split = "validate" if phase == "tune" else "test"
    config = {"beta": 2e-05, "optim": {"lr": 1.2345e-3, "clip": None}, "store": "/somewhere", "runtime": {"threads": 1}}
    folder.config.write_text(dump_yaml(config | {"evaluation": {"every": EVERY, "final_split": split}}))
    return folder


def samples(seed: int, n: int = 2) -> list[PredictedClip]:
    """Clips of noise: three frames given, three predicted."""
    draw = np.random.default_rng(seed).integers(0, 255, (n, 6, 8, 8, 3), dtype=np.uint8)
    return [PredictedClip(f"clip-{i}", draw[i], draw[i, 3:], np.array([20.0, 19.0, 18.0]) + i) for i in range(n)]


def line_of(step: int) -> dict[str, Any]:
    """An evaluation as `epochs.jsonl` has it."""
    curve = [15 + step / 10, 14 + step / 10, 13 + step / 10]
    values = {"train/kl": 1 / step, "train/beta": 1e-5, "train/lr": 1e-3, "train/clips_per_second": 9.0}
    scores = {"val/psnr": 14 + step / 10, "val/psnr_per_frame": curve, "val/copy_last_psnr_per_frame": [9.0, 9.0, 9.0]}
    return {"step": step, "epoch": step / 5, "seconds": float(step)} | values | scores


def evaluate(folder: RunFolder, step: int) -> None:
    """What a worker does at an evaluation: record, draw, and, once a checkpoint stands behind it, say so."""
    folder.append_epoch(line_of(step))
    if step // EVERY % SAMPLES_EVERY == 0:
        save_pictures(samples(step), folder.samples / f"step-{step:06d}")
    folder.write_state(replace(folder.read_state(), status="running", attempt=1, step=step))


def end(folder: RunFolder, status: str = "finished", **more: Any) -> None:
    """What a worker does at the end."""
    prefix = "val" if folder.read_identity().phase == "tune" else "test"
    state = replace(folder.read_state(), status=status, attempt=1)
    if status == "finished":
        scores = np.array([[20.0, 19.0, 18.0], [21.0, 20.0, 19.0], [12.0, 11.0, 10.0]])
        np.savez(folder.clips, name=[f"clip-{i}" for i in range(3)], psnr=scores, copy_last_psnr=scores - 2)
        save_pictures(samples(999), folder.samples / "final")
        curve = {f"{prefix}/psnr": 17.5, f"{prefix}/psnr_per_frame": [18.0, 17.0, 16.0], "train/kl": 0.5}
        state = replace(state, final=curve)
    folder.write_state(replace(state, **more))


def made(root: Path, n: int = 4, *, status: str = "finished", **where: Any) -> RunFolder:
    """A whole run."""
    folder = begin(root, **where)
    for step in range(EVERY, EVERY * n + 1, EVERY):
        evaluate(folder, step)
    end(folder, status)
    return folder
