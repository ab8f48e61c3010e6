"""Score a model on a whole split: z from the prior with fixed noise, each clip and future frame by itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.baselines import BASELINES
from cvae.batches import clip_noise
from cvae.chunks import Indices, batches_of, filled_up, in_evaluation
from cvae.data.clips import Clips
from cvae.device import Place
from cvae.frames import Sample
from cvae.metrics import Metric, psnr, psnr_pooled, score_frames
from cvae.model import CVAE

Scores = dict[str, NDArray[np.float64]]

#: What training looks at: one score a frame.
QUICK: dict[str, Metric] = {"psnr": psnr}


@dataclass(frozen=True)
class Evaluation:
    """Scores of every clip of a split, in the split's order: `METRIC` of the model, `BASELINE_METRIC` beside it."""

    names: list[str]  # N, episode and first frame
    scores: Scores  # each (N, n_eval)

    @property
    def psnr(self) -> NDArray[np.float64]:
        """Of the model, (N, n_eval) dB."""
        return self.scores["psnr"]

    @property
    def copy_last_psnr(self) -> NDArray[np.float64]:
        """Of the last given frame repeated, (N, n_eval) dB."""
        return self.scores["copy_last_psnr"]

    def mean(self, name: str) -> float:
        """Return a score's mean over clips, then over frames."""
        return float(self.scores[name].mean(axis=0).mean())

    def summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the means over clips: each frame's curve, and its mean over frames, in dB."""
        return {
            f"{prefix}/psnr": self.mean("psnr"),
            f"{prefix}/psnr_per_frame": self.psnr.mean(axis=0).tolist(),
            f"{prefix}/copy_last_psnr": self.mean("copy_last_psnr"),
            f"{prefix}/copy_last_psnr_per_frame": self.copy_last_psnr.mean(axis=0).tolist(),
        }

    def means(self) -> dict[str, float]:
        """Return every score's mean."""
        return {name: self.mean(name) for name in self.scores}

    def final_summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the same, the model's other scores from the prior, and the PSNR of every protocol and baseline."""
        own = [name for name in self.scores if "_" not in name]
        kept = own + [name for name in self.scores if name.endswith("_psnr")]
        return {f"{prefix}/{name}": self.mean(name) for name in kept} | self.summary(prefix)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what `clips.npz` holds; `psnr_pooled` is one number a clip."""
        pooled = {}
        if "mse" in self.scores:
            pooled["psnr_pooled"] = psnr_pooled(torch.from_numpy(self.scores["mse"])).numpy()
        return {"name": np.array(self.names), **self.scores, **pooled}


@dataclass(frozen=True)
class Batch:
    """Clips on the device. Where there were few, the last one is there again, up to `n_rows`."""

    truth: Tensor  # (T, n_rows, 3, S, S) in [0, 1]
    conditions: Tensor  # (T, n_rows, C)
    rows: Indices  # (n_rows,) which clip each row is
    n_clips: int  # rows from here on are copies


def read_batch(clips: Clips, indices: Indices, place: Place) -> Batch:
    """Return clips on the device."""
    rows = filled_up(indices)
    frames, conditions = clips.gather(rows)
    return Batch(place.frames(frames), place.conditions(conditions), rows, len(indices))


@dataclass(frozen=True)
class Prediction:
    """A batch of predictions beside their truth, on the device."""

    truth: Tensor  # (T, B, 3, S, S) in [0, 1]
    predicted: Tensor  # (n_eval, B, 3, S, S) in (0, 1)


def predict_clips(model: CVAE, clips: Clips, indices: Indices, place: Place, seed: int) -> Prediction:
    """Predict clips from their first frames; the noise of clip i is fixed by (seed, i) alone."""
    with in_evaluation(model), place.autocast():
        batch = read_batch(clips, indices, place)
        noise = clip_noise(batch.rows, len(batch.truth) - 1, model.z_dim, seed).to(place.device)
        predicted = model.predict(batch.truth[: model.n_past], batch.conditions, noise)
    return Prediction(batch.truth[:, : batch.n_clips], predicted[:, : batch.n_clips])


def evaluate(
    model: CVAE,
    clips: Clips,
    place: Place,
    batch_size: int,
    seed: int,
    metrics: dict[str, Metric] = QUICK,
    watch: Callable[[Tensor, Tensor], None] | None = None,
) -> Evaluation:
    """Return the scores of every clip of a split, and those of the baselines; `metrics` says which.

    `watch` is handed every batch's clips (T, B, 3, S, S) and predictions (n_eval, B, 3, S, S).
    """
    parts = []
    for indices in batches_of(len(clips), batch_size):
        batch = predict_clips(model, clips, indices, place, seed)
        future = batch.truth[model.n_past :]
        if watch is not None:
            watch(batch.truth, batch.predicted)
        of_model = score_frames(metrics, batch.predicted, future)
        parts.append(as_arrays(of_model) | score_baselines(batch.truth, model.n_past, metrics))
    return Evaluation(clips.names, joined(parts))


def score_baselines(truth: Tensor, n_past: int, metrics: dict[str, Metric]) -> Scores:
    """Return every baseline's scores on clips (T, B, 3, S, S), each (B, n_eval)."""
    scores: Scores = {}
    for name, baseline in BASELINES.items():
        of_baseline = score_frames(metrics, baseline(truth, n_past), truth[n_past:])
        scores |= {f"{name}_{metric}": values for metric, values in as_arrays(of_baseline).items()}
    return scores


def as_arrays(scores: dict[str, Tensor]) -> Scores:
    """Return scores (H, B) as arrays (B, H)."""
    return {name: values.T.numpy() for name, values in scores.items()}


def joined(parts: list[Scores]) -> Scores:
    """Return the scores of consecutive batches as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def drawn_clips(n_clips: int, n_drawn: int) -> Indices:
    """Return clips spread evenly over a split: the same for every model."""
    return np.unique(np.linspace(0, n_clips - 1, n_drawn).round().astype(np.int64))


def draw_samples(model: CVAE, clips: Clips, n_samples: int, place: Place, seed: int) -> list[Sample]:
    """Return clips spread evenly over a split with their predictions."""
    indices = drawn_clips(len(clips), n_samples)
    batch = predict_clips(model, clips, indices, place, seed)
    scores = psnr(batch.predicted, batch.truth[model.n_past :]).numpy()  # (H, B)
    truth, predicted = (as_images(frames) for frames in (batch.truth, batch.predicted))
    return [Sample(clips.names[index], truth[:, i], predicted[:, i], scores[:, i]) for i, index in enumerate(indices)]


def as_images(frames: Tensor) -> NDArray[np.uint8]:
    """Round frames (..., 3, S, S) in [0, 1] to images (..., S, S, 3)."""
    scaled = (frames.float() * 255).round().clamp(0, 255).to(torch.uint8)
    return scaled.movedim(-3, -1).cpu().numpy()


if __name__ == "__main__":
    from cvae.command import run_command
    from cvae.evaluate_run import app

    run_command(app)
