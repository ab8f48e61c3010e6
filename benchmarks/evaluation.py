"""How long many samples of many clips take against one prediction at a time, and how much memory they need.

python -m benchmarks.evaluation          the ratio, and the memory of a part, minutes
python -m benchmarks.evaluation --full   the memory of 256 clips x 100 samples x 28 frames, an hour on a CPU
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.instruments.table import own_peak
from cvae.config import build_config
from cvae.data.store import Clips, ConditionStatistics
from cvae.device import Accelerator
from cvae.evaluation import EvaluationPlan, count_passes, evaluate_protocols, in_evaluation, sample_many
from cvae.evaluation.metrics import METRICS, score_frames
from cvae.model import CVAE, build_model
from cvae.random_streams import clip_noise

HORIZON, GIB = 28, 2**30
NARROW: dict[str, Any] = {
    "n_eval": HORIZON,
    "model": {"width": 0.03, "g_dim": 16, "z_dim": 8, "rnn_size": 32, "predictor_layers": 1},
}


def narrow_model() -> CVAE:
    """Return a model of 64 pixels with 16 channels throughout."""
    config = build_config(NARROW, "benchmark")
    model: CVAE = build_model(config, 7).to(memory_format=torch.channels_last)
    return model


def noise_clips(folder: Path, n_clips: int, n_frames: int) -> Clips:
    """Write a split of moving noise and return its clips."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (n_clips, n_frames, 8, 8, 3), dtype=np.uint8)
    frames = small.repeat(8, axis=2).repeat(8, axis=3).reshape(-1, 64, 64, 3)
    np.save(folder / "frames.npy", frames)
    np.save(folder / "conditions.npy", rng.standard_normal((len(frames), 7)).astype(np.float32))
    names = [f"{i}@0" for i in range(n_clips)]
    statistics = ConditionStatistics((0.0,) * 7, (1.0,) * 7)
    return Clips(folder, np.arange(n_clips) * n_frames, names, n_frames, 7, statistics)


def one_by_one(model: CVAE, clips: Clips, accelerator: Accelerator, n_samples: int) -> np.ndarray:
    """Score every sample of every clip by itself, its past encoded anew: (N, K, H) PSNR."""
    scores = []
    with in_evaluation(model):
        for i in range(len(clips)):
            frames, conditions = clips.gather([i])
            truth, moved = accelerator.frames(frames), accelerator.conditions(conditions)
            for k in range(n_samples):
                noise = clip_noise(np.array([i]), len(truth) - 1, model.z_dim, 0, k).to(accelerator.device)
                predicted = model.predict(truth[: model.n_past], moved, noise)
                found = score_frames(METRICS, predicted, truth[model.n_past :])
                scores.append(found["psnr"][:, 0].cpu().numpy())
    return np.stack(scores).reshape(len(clips), n_samples, -1)


def ours(model: CVAE, clips: Clips, accelerator: Accelerator, n_samples: int) -> np.ndarray:
    """Score the same samples as an evaluation does."""
    with in_evaluation(model):
        samples = sample_many(
            model, clips, accelerator, n_samples, 32, 0, METRICS, np.arange(0), advance=lambda n: None
        )
    return samples.scores["psnr"]


def time_ratio(
    folder: Path, n_clips: int = 2, n_samples: int = 16, n_times: int = 3, device: str = "cpu"
) -> dict[str, Any]:
    """Time both in turn, so that a busy machine slows both, and check that they score alike."""
    torch.set_num_threads(1)
    model = narrow_model().to(device)
    clips, accelerator = noise_clips(folder, n_clips, 2 + HORIZON), Accelerator(torch.device(device), bf16=False)
    ours(model, clips, accelerator, 2)  # the first call of a process sets libraries up
    pairs = []
    for _ in range(n_times):
        seconds, scores = [], []
        for way in (one_by_one, ours):
            started = time.perf_counter()
            scores.append(way(model, clips, accelerator, n_samples))
            seconds.append(time.perf_counter() - started)
        assert np.allclose(scores[0], scores[1], atol=1e-3), "the two ways score differently"
        pairs.append(seconds)
    ratios, on = [alone / together for alone, together in pairs], "one thread" if device == "cpu" else device
    return {
        "what": f"evaluation: {n_clips} clips x {n_samples} samples x {HORIZON} frames at 64x64, float32, {on}",
        "baseline": f"one prediction at a time, {median(a for a, _ in pairs):.1f} s",
        "ours": f"{median(b for _, b in pairs):.1f} s",
        "ratio": median(ratios),
        "spread": (min(ratios), max(ratios)),
    }


def measure_memory(folder: Path, n_clips: int, n_samples: int, batch_size: int, bf16: bool = False) -> dict[str, float]:
    """Evaluate in full in this process; return seconds and the bytes by which its peak exceeds the built model."""
    model = narrow_model()
    clips, accelerator = noise_clips(folder, n_clips, 2 + HORIZON), Accelerator(torch.device("cpu"), bf16=bf16)
    before = own_peak()
    plan = EvaluationPlan(n_samples=n_samples, batch_size=batch_size, seed=0, n_actions=4)
    total, done, started = count_passes(model, clips, plan), [0], time.perf_counter()

    def advance(n: int) -> None:
        done[0] += n

    evaluate_protocols(model, clips, accelerator, plan, advance)
    assert done[0] == total, f"{done[0]} of {total} predictions were counted"
    return {"bytes": own_peak() - before, "seconds": time.perf_counter() - started}


def memory_row(folder: Path, n_clips: int, n_samples: int, batch_size: int) -> dict[str, Any]:
    """Measure in a process of its own: a peak is never forgotten."""
    arguments = json.dumps([str(folder), n_clips, n_samples, batch_size])
    command = [sys.executable, "-m", "benchmarks.evaluation", "--memory", arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    found = json.loads(done.stdout.splitlines()[-1])
    kept = n_clips * n_samples * HORIZON * 3 * 64 * 64 * 4
    return {
        "what": f"evaluation: memory above the model, {n_clips} x {n_samples} x {HORIZON} frames, batch {batch_size}",
        "baseline": f"{kept / GIB:.2f} GiB for the predicted frames alone, were they kept",
        "ours": f"{found['bytes'] / GIB:.2f} GiB ({found['seconds']:.0f} s)",
        "ratio": kept / found["bytes"],
        "spread": (kept / found["bytes"],) * 2,
    }


def rows(full: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a row for each measurement: what, baseline, ours, ratio, spread."""
    size = (256, 100) if full else (4, 50)
    with tempfile.TemporaryDirectory() as folder:
        measurements: list[Callable[[], dict[str, Any]]] = [] if full else [partial(time_ratio, Path(folder))]
        for batch_size in (100_000,) if full else (1, 100_000):
            measurements.append(partial(memory_row, Path(folder), *size, batch_size))
        for measure in measurements:
            yield measure()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        folder, *numbers = json.loads(sys.argv[2])
        print(json.dumps(measure_memory(Path(folder), *numbers)))
    else:
        for row in rows(full="--full" in sys.argv[1:]):
            low, high = row["spread"]
            text = f"{row['what']}: {row['baseline']}; ours {row['ours']}: {row['ratio']:.2f} ({low:.2f} to {high:.2f})"
            print(text, flush=True)
