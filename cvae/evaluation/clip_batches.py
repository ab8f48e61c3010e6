"""How many clips go through the networks at a time: bounded by memory, never so few that scores move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.model import CVAE
from cvae.processes import beat
from cvae.random_streams import clip_noise
from cvae.schedules import values_per_frame

#: Bytes that one call may take, by the estimate below; what the allocator keeps between calls comes on top.
BUDGET = 2**30

#: With fewer rows the libraries choose other kernels (measured on a CPU: below 4 the last bits move, and in bf16 the
#: third decimal of a score). Shorter calls are filled up with copies of their last clip.
MIN_ROWS = 8

Indices = NDArray[np.int64]


@contextmanager
def in_evaluation(model: CVAE) -> Iterator[None]:
    """Run the block without gradients and in evaluation mode, and leave the model's mode as it was."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def batches_of(n_clips: int, batch_size: int) -> Iterator[Indices]:
    """Yield the indices of a whole split in order, the last batch shorter where they do not divide."""
    for start in range(0, n_clips, batch_size):
        yield np.arange(start, min(start + batch_size, n_clips))


def filled_up(indices: Indices, least: int = MIN_ROWS) -> Indices:
    """Return at least `least` indices: the last one is repeated where there are fewer."""
    return np.pad(indices, (0, max(least - len(indices), 0)), mode="edge")


def bytes_per_frame(model: CVAE, image_size: int, device: torch.device) -> int:
    """Estimate what one row keeps alive while a frame is encoded and decoded, from the sizes of its skips.

    The widest layers run at full resolution: about a dozen maps as large as the first skip (the upsampled input, its
    concatenation, the convolution's and the norm's result, the library's copies), and every skip three times.
    """
    with in_evaluation(model):
        _, skips = model.encoder(torch.zeros(MIN_ROWS, 3, image_size, image_size, device=device))
    sizes: list[int] = [skip[0].numel() for skip in skips]
    return 4 * (12 * sizes[0] + 3 * sum(sizes))


def rows_that_fit(frame_bytes: int, horizon: int, image_size: int, budget: int = BUDGET) -> int:
    """Return how many rows may be predicted at a time: each keeps its future frames, their errors and their sums.

    Two of the eight are samples that stay to be compared.
    """
    kept = 4 * horizon * values_per_frame(image_size) * 8
    return max(MIN_ROWS, int(budget // (frame_bytes + kept)))


@dataclass(frozen=True)
class ClipBatch:
    """Clips on the device. Where there were few, the last one is there again, up to `n_rows`."""

    truth: Tensor  # (T, n_rows, 3, S, S) in [0, 1]
    conditions: Tensor  # (T, n_rows, C)
    rows: Indices  # (n_rows,) which clip each row is
    n_clips: int  # rows from here on are copies


def read_batch(clips: Clips, indices: Indices, accelerator: Accelerator) -> ClipBatch:
    """Return clips on the device."""
    beat()
    rows = filled_up(indices)
    frames, conditions = clips.gather(rows)
    return ClipBatch(accelerator.frames(frames), accelerator.conditions(conditions), rows, len(indices))


@dataclass(frozen=True)
class Prediction:
    """A batch of predictions beside their truth, on the device."""

    truth: Tensor  # (T, B, 3, S, S) in [0, 1]
    predicted: Tensor  # (n_eval, B, 3, S, S) in (0, 1)


def predict_clips(model: CVAE, clips: Clips, indices: Indices, accelerator: Accelerator, seed: int) -> Prediction:
    """Predict clips from their first frames; the noise of clip i is fixed by (seed, i) alone."""
    with in_evaluation(model), accelerator.autocast():
        batch = read_batch(clips, indices, accelerator)
        noise = clip_noise(batch.rows, len(batch.truth) - 1, model.z_dim, seed).to(accelerator.device)
        predicted = model.predict(batch.truth[: model.n_past], batch.conditions, noise)
    return Prediction(batch.truth[:, : batch.n_clips], predicted[:, : batch.n_clips])


def spread_evenly(n_clips: int, n_chosen: int) -> Indices:
    """Return clips spread evenly over a split: the same for every model."""
    return np.unique(np.linspace(0, n_clips - 1, n_chosen).round().astype(np.int64))
