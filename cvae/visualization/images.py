"""From tensors and evaluations to what is rendered: images, a few clips, the extremes of many samples."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation import Extremes, predict_clips, spread_evenly
from cvae.evaluation.metrics import psnr
from cvae.model import CVAE
from cvae.visualization.sample_grid import SampledClip
from cvae.visualization.strips import PredictedClip


def predicted_clips(
    model: CVAE, clips: Clips, n_clips: int, accelerator: Accelerator, seed: int
) -> list[PredictedClip]:
    """Return clips spread evenly over a split with their predictions."""
    indices = spread_evenly(len(clips), n_clips)
    batch = predict_clips(model, clips, indices, accelerator, seed)
    scores = psnr(batch.predicted, batch.truth[model.n_past :]).numpy()  # (H, B)
    truth, predicted = (as_images(frames) for frames in (batch.truth, batch.predicted))
    return [
        PredictedClip(clips.names[index], truth[:, i], predicted[:, i], scores[:, i]) for i, index in enumerate(indices)
    ]


def as_images(frames: Tensor) -> NDArray[np.uint8]:
    """Round frames (..., 3, S, S) in [0, 1] to images (..., S, S, 3)."""
    scaled = (frames.float() * 255).round().clamp(0, 255).to(torch.uint8)
    return scaled.movedim(-3, -1).cpu().numpy()


def sampled_clip(name: str, of: Extremes) -> SampledClip:
    """Return what is drawn of a clip."""
    assert of.best is not None
    assert of.worst is not None
    future = of.truth[-len(of.best) :]
    shown = {"mean": of.spread.mean()[:, 0], "best": of.best, "worst": of.worst}
    error = (future.float() - shown["mean"].float()).abs().mean(dim=1)
    spread = of.spread.variance()[:, 0].float().sqrt().mean(dim=1)
    return SampledClip(
        name,
        as_images(of.truth),
        {row: as_images(frames) for row, frames in shown.items()},
        {row: psnr(frames, future).numpy() for row, frames in shown.items()},
        *(torch.Tensor.numpy(values.cpu().double()) for values in (error, spread)),
    )
