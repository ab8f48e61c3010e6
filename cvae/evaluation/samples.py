"""Many samples of every clip, scored as they are drawn: numbers are kept, and the frames of the few clips to draw."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import Indices, batches_of, filled_up, read_batch
from cvae.evaluation.metrics import (
    MOST_SAMPLES,
    FrameMetric,
    ProperScores,
    better,
    psnr,
    score_frames,
    score_samples,
)
from cvae.evaluation.scores import Scores
from cvae.model import CVAE, Past
from cvae.processes import beat
from cvae.random_streams import clip_noise

Advance = Callable[[int], None]


@dataclass
class Spread:
    """Running mean and variance of every value over samples, as distances from the first: 0 where all are equal."""

    first: Tensor | None = None  # (H, B, 3, S, S)
    total: Tensor = field(default_factory=lambda: torch.zeros(()))
    squares: Tensor = field(default_factory=lambda: torch.zeros(()))
    n: int = 0

    def add(self, frames: Tensor) -> None:
        """Take samples (H, B, K, 3, S, S)."""
        if self.first is None:
            self.first = frames[:, :, 0].clone()
            self.total, self.squares = torch.zeros_like(self.first), torch.zeros_like(self.first)
        for k in range(frames.shape[2]):
            distance = frames[:, :, k] - self.first
            self.total += distance
            self.squares += distance.square()
        self.n += frames.shape[2]

    def mean(self) -> Tensor:
        """Return the mean of the samples, (H, B, 3, S, S)."""
        assert self.first is not None
        return self.first + self.total / self.n

    def variance(self) -> Tensor:
        """Return the unbiased variance of each value, (H, B, 3, S, S); 0 for a single sample."""
        return (self.squares - self.total.square() / self.n).clamp_min(0) / max(self.n - 1, 1)


@dataclass
class Ensemble:
    """What the samples of a few clips say together, taken as they are drawn: frames of MOST_SAMPLES at most stay."""

    spread: Spread = field(default_factory=Spread)
    compared: list[Tensor] = field(default_factory=list)  # (H, B, k, 3, S, S), the first samples of every clip

    def add(self, frames: Tensor) -> None:
        """Take samples (H, B, K, 3, S, S)."""
        if (room := MOST_SAMPLES - self.spread.n) > 0:
            self.compared.append(frames[:, :, :room].clone())  # a view would keep all that were drawn with them
        self.spread.add(frames)

    def variance(self) -> NDArray[np.float64]:
        """Return the variance of a pixel, (B, H)."""
        return self.spread.variance().mean(dim=(-3, -2, -1)).T.cpu().double().numpy()

    def of_mean(self, future: Tensor) -> NDArray[np.float64]:
        """Return the PSNR of the samples' mean against (H, B, 3, S, S), (B, H) dB."""
        return psnr(self.spread.mean(), future).T.numpy()

    def proper(self, future: Tensor) -> list[ProperScores]:
        """Return the proper scores against (H, B, 3, S, S); none of a single sample."""
        return [score_samples(torch.cat(self.compared, dim=2), future)] if self.spread.n > 1 else []


@dataclass
class Extremes:
    """What is drawn of one clip's samples: best and worst by PSNR, and the mean and the spread of all."""

    truth: Tensor  # (T, 3, S, S)
    spread: Spread = field(default_factory=Spread)
    best: Tensor | None = None  # (H, 3, S, S)
    worst: Tensor | None = None
    best_score: float = -np.inf
    worst_score: float = np.inf

    def add(self, frames: Tensor, scores: Tensor) -> None:
        """Take samples (H, K, 3, S, S) and their PSNR (H, K), one after the other."""
        self.spread.add(frames[:, None])
        for k, score in enumerate(better("psnr", scores.mean(dim=0)).tolist()):
            if score > self.best_score or self.best is None:
                self.best, self.best_score = frames[:, k].clone(), score
            if score < self.worst_score or self.worst is None:
                self.worst, self.worst_score = frames[:, k].clone(), score


@dataclass(frozen=True)
class Samples:
    """Every sample's scores, and what was kept of the frames."""

    scores: dict[str, NDArray[np.float64]]  # each (N, K, H)
    variance: NDArray[np.float64]  # (N, H), of a pixel over the samples
    extremes: dict[int, Extremes]  # by clip
    of_mean: NDArray[np.float64] | None = None  # (N, H) dB, PSNR of the mean picture of all samples
    proper: ProperScores | None = None  # of the first MOST_SAMPLES samples; None where there is one

    def of_n(self) -> Scores:
        """Return best, mean and worst of N for every metric, and the PSNR of the mean picture, each (N, H).

        Best and worst are whole samples, for each clip and metric those of the best and worst mean over frames (SVG).
        """
        reduced: Scores = {}
        for name, values in self.scores.items():
            order = better(name, torch.from_numpy(values.mean(axis=2))).argsort(dim=1, stable=True).numpy()
            rows = np.arange(len(values))
            reduced[f"best_of_n_{name}"] = values[rows, order[:, -1]]
            reduced[f"worst_of_n_{name}"] = values[rows, order[:, 0]]
            reduced[f"mean_of_n_{name}"] = values.mean(axis=1)
        return reduced if self.of_mean is None else reduced | {"psnr_of_mean_of_n": self.of_mean}


def sample_many(
    model: CVAE,
    clips: Clips,
    accelerator: Accelerator,
    n_samples: int,
    rows: int,
    seed: int,
    metrics: dict[str, FrameMetric],
    kept: Indices,
    advance: Advance,
) -> Samples:
    """Draw samples 0 .. K-1 of every clip from the prior, at most `rows` of them at a time.

    A clip's past is encoded once and shared by its samples. Noise is fixed by (seed, clip, sample); sample 0 is the one
    that `evaluate` scores. Call within `in_evaluation` and the accelerator's autocast. `advance` is told of samples
    done.
    """
    n_together = max(1, rows // n_samples)  # clips; one clip's samples go in several calls where they do not fit
    scores: dict[str, list[NDArray[np.float64]]] = {name: [] for name in metrics}
    variances: list[NDArray[np.float64]] = []
    of_mean: list[NDArray[np.float64]] = []
    proper: list[ProperScores] = []
    extremes: dict[int, Extremes] = {}
    for indices in batches_of(len(clips), n_together):
        batch = read_batch(clips, indices, accelerator)
        past = model.observe(batch.truth[: model.n_past], batch.conditions)
        truth = batch.truth[:, : batch.n_clips]
        future = truth[model.n_past :, :, None]  # (H, B, 1, 3, S, S)
        together, of_clips = Ensemble(), {b: Extremes(truth[:, b]) for b, i in enumerate(indices) if i in kept}
        parts: list[dict[str, Tensor]] = []
        for samples in batches_of(n_samples, max(1, rows // len(indices))):
            beat()
            frames = _imagine(model, past, indices, samples, seed, accelerator)
            parts.append(score_frames(metrics, frames, future))
            together.add(frames)
            for b, of_clip in of_clips.items():
                of_clip.add(frames[:, b], psnr(frames[:, b], future[:, b]))
            advance(len(indices) * len(samples))
        for name in metrics:
            scores[name].append(torch.cat([part[name] for part in parts], dim=2).permute(1, 2, 0).numpy())
        variances.append(together.variance())
        of_mean.append(together.of_mean(future[:, :, 0]))
        proper += together.proper(future[:, :, 0])
        extremes |= {int(indices[b]): of_clip for b, of_clip in of_clips.items()}
    return Samples(
        {name: np.concatenate(parts) for name, parts in scores.items()},
        np.concatenate(variances),
        extremes,
        np.concatenate(of_mean),
        ProperScores.joined(proper) if proper else None,
    )


def _imagine(model: CVAE, past: Past, clips: Indices, samples: Indices, seed: int, accelerator: Accelerator) -> Tensor:
    """Return samples of the first clips of a past, (H, B, K, 3, S, S)."""
    n_clips, n_samples = len(clips), len(samples)
    rows = filled_up(np.repeat(np.arange(n_clips), n_samples))  # a clip's samples side by side
    each = [clip_noise(clips, len(past.conditions), model.z_dim, seed, k) for k in samples.tolist()]
    noise = torch.stack(each, dim=2).flatten(1, 2)  # (T-1, B K, Z)
    noise = noise[:, filled_up(np.arange(n_clips * n_samples))]
    frames = model.imagine(past.rows(torch.from_numpy(rows).to(accelerator.device)), noise.to(accelerator.device))
    return frames[:, : n_clips * n_samples].view(len(frames), n_clips, n_samples, *frames.shape[2:])
