"""Every protocol on every clip of a split, beside what the latent says: once at the end of a run, or on demand."""

from collections.abc import Collection
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import (
    MIN_ROWS,
    ClipBatch,
    batches_of,
    bytes_per_frame,
    in_evaluation,
    read_batch,
    rows_that_fit,
    sampled_clips,
)
from cvae.evaluation.condition_ablation import Disturbance, disturbances
from cvae.evaluation.latents import Latents
from cvae.evaluation.metrics import METRICS, FrameMetric, Fvd, score_frames
from cvae.evaluation.samples import Advance, Extremes, Samples, sample_many
from cvae.evaluation.scores import Evaluation, Scores, as_arrays, joined
from cvae.evaluation.validation import evaluate
from cvae.model import CVAE, mean_squared_error, sample_gaussian
from cvae.random_streams import clip_noise

Protocol = Literal["prior", "best", "mean", "posterior", "zero", "conditions"]

ALL: tuple[Protocol, ...] = ("prior", "best", "mean", "posterior", "zero", "conditions")


@dataclass(frozen=True)
class EvaluationPlan:
    """What is evaluated."""

    n_samples: int  # N of best of N and mean of N
    batch_size: int  # rows at a time, fewer where memory asks for it; moves no score
    seed: int
    n_actions: int  # columns of the conditions that are actions; positions follow
    n_drawn: int = 4  # clips whose frames are kept for pictures
    protocols: Collection[Protocol] = ALL
    metrics: dict[str, FrameMetric] = field(default_factory=lambda: dict(METRICS))
    fvd: Fvd | None = None

    @property
    def draws_samples(self) -> bool:
        """Whether N samples are needed."""
        return bool({"best", "mean"} & set(self.protocols))


@dataclass(frozen=True)
class FullEvaluation:
    """Scores by protocol, the latent's diagnostics, and the frames for pictures."""

    evaluation: Evaluation  # every protocol's and baseline's scores
    diagnostics: dict[str, Any]  # what `diagnostics.json` holds, but for the split's name
    kl: Tensor  # (T-1, Z) nats
    extremes: dict[str, Extremes]  # by the clip's name

    @property
    def difference(self) -> float | None:
        """Mean squared difference of two samples of a clip; None where fewer than two were drawn."""
        diversity = self.diagnostics.get("diversity")
        return None if diversity is None else diversity["mse_between_samples"]


def count_passes(model: CVAE, clips: Clips, plan: EvaluationPlan) -> int:
    """Return how many predictions of a clip there are in all: what the bar counts."""
    n_single = 2 + sum(name in plan.protocols for name in ("posterior", "zero"))  # prior, and the one that infers
    n_single += len(_others(model, clips, plan))
    return len(clips) * (n_single + (plan.n_samples if plan.draws_samples else 0))


def _others(model: CVAE, clips: Clips, plan: EvaluationPlan) -> dict[str, Disturbance]:
    """Return the wrong conditions that are tried; a model that sees none is spared them."""
    if "conditions" not in plan.protocols or not model.conditioning.conditioned:
        return {}
    return disturbances(plan.n_actions, clips.n_conditions, len(clips))


def evaluate_protocols(
    model: CVAE, clips: Clips, accelerator: Accelerator, plan: EvaluationPlan, advance: Advance = lambda n: None
) -> FullEvaluation:
    """Return every protocol's scores on a whole split; `advance` is told of clips predicted, `count_passes` in all."""
    frames, _ = clips.gather([0])
    n_frames, size = frames.shape[1], frames.shape[2]
    frame_bytes = bytes_per_frame(model, size, accelerator.device)
    fitting = rows_that_fit(frame_bytes, n_frames - model.n_past, size)
    rows = max(MIN_ROWS, min(plan.batch_size, fitting))
    watch = None if plan.fvd is None else plan.fvd.add
    prior = evaluate(model, clips, accelerator, rows, plan.seed, plan.metrics, watch)
    advance(len(clips))
    # The inference network and the teacher-forced pass take all T frames of a clip in one call.
    n_together = min(rows, max(MIN_ROWS, fitting // n_frames))
    with in_evaluation(model), accelerator.autocast():
        inferred = _infer(model, clips, accelerator, plan, n_together, advance)
        samples = None
        if plan.draws_samples:
            kept = sampled_clips(len(clips), plan.n_drawn)
            samples = sample_many(
                model, clips, accelerator, plan.n_samples, rows, plan.seed, plan.metrics, kept, advance
            )
    scores = prior.scores | inferred.scores | ({} if samples is None else _wanted(samples, plan))
    extremes = {} if samples is None else {clips.names[i]: e for i, e in samples.extremes.items()}
    evaluation = Evaluation(clips.names, scores)
    return FullEvaluation(evaluation, _diagnose(evaluation, inferred, samples, plan), inferred.latents.kl(), extremes)


def _wanted(samples: Samples, plan: EvaluationPlan) -> Scores:
    """Return the scores of the protocols that were asked for; worst of N comes with best of N."""
    left_out = {"best": ("best_", "worst_"), "mean": ("mean_",)}
    unwanted = tuple(prefix for name, prefixes in left_out.items() if name not in plan.protocols for prefix in prefixes)
    scores = {name: values for name, values in samples.of_n().items() if not unwanted or not name.startswith(unwanted)}
    return scores | {"sample_variance": samples.variance}


@dataclass(frozen=True)
class Inferred:
    """What one pass with the inference network tells, and the protocols that rest on one sample."""

    scores: Scores
    latents: Latents
    noise: Tensor  # (T-1, N, Z)
    distortion: float  # as the training loss: teacher-forced, mean over a frame, summed over the steps


def _infer(
    model: CVAE, clips: Clips, accelerator: Accelerator, plan: EvaluationPlan, n_together: int, advance: Advance
) -> Inferred:
    parts, latents, noises, errors = [], [], [], []
    others = _others(model, clips, plan)
    for indices in batches_of(len(clips), n_together):
        batch = read_batch(clips, indices, accelerator)
        noise = clip_noise(batch.rows, len(batch.truth) - 1, model.z_dim, plan.seed)
        moved = noise.to(accelerator.device)
        forced = torch.ones(noise.shape[:2], dtype=torch.bool)
        rollout = model(batch.truth, batch.conditions, moved, forced)
        latents.append(Latents.of(rollout, batch.n_clips))
        noises.append(noise[:, : batch.n_clips])
        real = slice(0, batch.n_clips)
        errors.append(mean_squared_error(rollout.frames[:, real], batch.truth[1:, real]).item() * batch.n_clips)
        z = sample_gaussian(rollout.mu, rollout.logvar, moved)[model.n_past - 1 :]  # (H, B, Z)
        given = {"posterior": z, "zero": torch.zeros_like(z)}
        del rollout
        parts.append(_score_batch(model, batch, moved, given, others, clips, accelerator, plan))
        advance(len(indices) * (1 + sum(name in plan.protocols for name in given) + len(others)))
    return Inferred(joined(parts), Latents.joined(latents), torch.cat(noises, dim=1), sum(errors) / len(clips))


def _score_batch(
    model: CVAE,
    batch: ClipBatch,
    noise: Tensor,
    given: dict[str, Tensor],
    others: dict[str, Disturbance],
    clips: Clips,
    accelerator: Accelerator,
    plan: EvaluationPlan,
) -> Scores:
    """Return the scores of the protocols that predict each clip once."""
    past = model.observe(batch.truth[: model.n_past], batch.conditions)
    real = slice(0, batch.n_clips)
    future = batch.truth[model.n_past :, real]
    scores: Scores = {}
    for name, z in given.items():
        if name in plan.protocols:
            predicted = model.imagine(past, noise, z)[:, real]
            scores |= _named(name, score_frames(plan.metrics, predicted, future))
    for name, disturbance in others.items():
        conditions = disturbance(clips, batch, accelerator)
        changed = past.with_conditions(model.conditioning.align(conditions, past.codes))
        predicted = model.imagine(changed, noise)[:, real]
        scores |= _named(name, score_frames(plan.metrics, predicted, future))
    return scores


def _named(protocol: str, scores: dict[str, Tensor]) -> Scores:
    return {f"{protocol}_{name}": values for name, values in as_arrays(scores).items()}


def _diagnose(
    evaluation: Evaluation, inferred: Inferred, samples: Samples | None, plan: EvaluationPlan
) -> dict[str, Any]:
    latents, kl = inferred.latents, inferred.latents.kl()
    information, bound = latents.mutual_information(inferred.noise)
    curves = {name: values.mean(axis=0).tolist() for name, values in evaluation.scores.items()}
    own = {"psnr": "prior"}
    per_frame = {own.get(name, name.removesuffix("_psnr")): v for name, v in curves.items() if name.endswith("psnr")}
    found: dict[str, Any] = {
        "n_clips": len(evaluation.names),
        "n_samples": plan.n_samples if samples is not None else 1,
        "kl_per_step_and_dimension": kl.tolist(),
        "kl": kl.sum().item(),
        "active_units": latents.n_active(),
        "mutual_information": information,
        "mutual_information_bound": bound,
        "rate": kl.sum().item(),
        "distortion": inferred.distortion,
        "psnr_per_frame": per_frame,
        "scores": evaluation.means(),
    }
    if plan.fvd is not None:
        found["fvd"] = plan.fvd.distance()
    conditions = [n for n in evaluation.scores if n.startswith(("shuffled", "zeroed")) and n.endswith("_psnr")]
    if conditions:
        found["conditions"] = {name: evaluation.mean(name) for name in conditions}
    if samples is not None and plan.n_samples > 1:
        found["diversity"] = _diversity(samples)
    return {key: _finite(value) for key, value in found.items()}


def _diversity(samples: Samples) -> dict[str, Any]:
    """Return how far apart a clip's samples lie: in pixels for each frame, and in dB."""
    psnr = samples.scores["psnr"].mean(axis=2)  # (N, K)
    return {
        "mse_between_samples": 2 * float(samples.variance.mean()),
        "pixel_std_per_frame": np.sqrt(samples.variance.mean(axis=0)).tolist(),
        "psnr_std": float(psnr.std(axis=1, ddof=1).mean()),
        "best_minus_mean_psnr": float((psnr.max(axis=1) - psnr.mean(axis=1)).mean()),
    }


def _finite(value: Any) -> Any:
    """Return the value with null for whatever JSON has no number for."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not isfinite(value) else value
