"""Score a model on a whole split: z from the prior with fixed noise, each clip and future frame by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cvae.batches import clip_noise
from cvae.data.clips import Clips
from cvae.device import Place
from cvae.frames import Sample
from cvae.metrics import psnr
from cvae.model import CVAE


@dataclass(frozen=True)
class Evaluation:
    """Scores of every clip of a split, in the split's order."""

    names: list[str]  # N, episode and first frame
    psnr: NDArray[np.float64]  # (N, n_eval) dB
    copy_last_psnr: NDArray[np.float64]  # (N, n_eval) dB, the last given frame repeated

    def summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the means over clips: each frame's curve, and its mean over frames, in dB."""
        return {
            f"{prefix}/psnr": float(self.psnr.mean(axis=0).mean()),
            f"{prefix}/psnr_per_frame": self.psnr.mean(axis=0).tolist(),
            f"{prefix}/copy_last_psnr": float(self.copy_last_psnr.mean(axis=0).mean()),
            f"{prefix}/copy_last_psnr_per_frame": self.copy_last_psnr.mean(axis=0).tolist(),
        }


@dataclass(frozen=True)
class Prediction:
    """A batch of predictions beside their truth, on the device."""

    truth: torch.Tensor  # (T, B, 3, S, S) in [0, 1]
    predicted: torch.Tensor  # (n_eval, B, 3, S, S) in (0, 1)


@torch.no_grad()
def predict_clips(model: CVAE, clips: Clips, indices: NDArray[np.int64], place: Place, seed: int) -> Prediction:
    """Predict clips from their first frames; the noise of clip i is fixed by (seed, i) alone."""
    was_training = model.training
    model.eval()
    try:
        frames, conditions = clips.gather(indices)
        truth = place.frames(frames)
        noise = clip_noise(indices, len(truth) - 1, model.z_dim, seed).to(place.device)
        with place.autocast():
            return Prediction(truth, model.predict(truth[: model.n_past], place.conditions(conditions), noise))
    finally:
        model.train(was_training)


def batches_of(n_clips: int, batch_size: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of a whole split in order, the last batch shorter where they do not divide."""
    for start in range(0, n_clips, batch_size):
        yield np.arange(start, min(start + batch_size, n_clips))


def evaluate(model: CVAE, clips: Clips, place: Place, batch_size: int, seed: int) -> Evaluation:
    """Return the scores of every clip of a split."""
    scores, floors = [], []
    for indices in batches_of(len(clips), batch_size):
        batch = predict_clips(model, clips, indices, place, seed)
        future, last = batch.truth[model.n_past :], batch.truth[model.n_past - 1]
        scores.append(psnr(batch.predicted, future).T.numpy())
        floors.append(psnr(last.expand_as(future), future).T.numpy())
    return Evaluation(clips.names, np.concatenate(scores), np.concatenate(floors))


def draw_samples(model: CVAE, clips: Clips, n_samples: int, place: Place, seed: int) -> list[Sample]:
    """Return clips spread evenly over a split with their predictions: the same clips for every model."""
    indices = np.unique(np.linspace(0, len(clips) - 1, n_samples).round().astype(np.int64))
    batch = predict_clips(model, clips, indices, place, seed)
    scores = psnr(batch.predicted, batch.truth[model.n_past :]).numpy()  # (H, B)
    truth, predicted = (_as_images(frames) for frames in (batch.truth, batch.predicted))
    return [Sample(clips.names[index], truth[:, i], predicted[:, i], scores[:, i]) for i, index in enumerate(indices)]


def _as_images(frames: torch.Tensor) -> NDArray[np.uint8]:
    """Round frames (T, B, 3, S, S) in [0, 1] to images (T, B, S, S, 3)."""
    scaled = (frames.float() * 255).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 1, 3, 4, 2).cpu().numpy()


if __name__ == "__main__":
    from cvae.command import run_command
    from cvae.evaluate_run import app

    run_command(app)
