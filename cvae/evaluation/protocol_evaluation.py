"""Every protocol on every clip of a split, beside what the latent says: once at the end of a run, or on demand."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import MIN_ROWS, bytes_per_frame, in_evaluation, rows_that_fit, spread_evenly
from cvae.evaluation.inference import Inferred, infer
from cvae.evaluation.protocols import EvaluationPlan
from cvae.evaluation.samples import Advance, Extremes, Samples, sample_many
from cvae.evaluation.scores import Evaluation, Scores
from cvae.evaluation.validation import evaluate
from cvae.model import CVAE


@dataclass(frozen=True)
class ProtocolEvaluation:
    """Scores by protocol; where it was asked for, what the latent says, and the frames for pictures."""

    evaluation: Evaluation  # every protocol's and baseline's scores
    extremes: dict[str, Extremes]  # by the clip's name; empty where one sample was drawn
    diagnostics: dict[str, Any] = field(default_factory=dict)  # what `diagnostics.json` holds, but for the split's name
    kl: Tensor | None = None  # (T-1, Z) nats

    @property
    def difference(self) -> float | None:
        """Mean squared difference of two samples of a clip; None where fewer than two were drawn."""
        diversity = self.diagnostics.get("diversity")
        return None if diversity is None else diversity["mse_between_samples"]


def evaluate_protocols(
    model: CVAE, clips: Clips, accelerator: Accelerator, plan: EvaluationPlan, advance: Advance = lambda n: None
) -> ProtocolEvaluation:
    """Return every protocol's scores on a whole split; `advance` is told of clips predicted, `count_passes` in all."""
    rows, n_together = _rows_at_a_time(model, clips, accelerator, plan)
    watch = None if plan.fvd is None else plan.fvd.add
    prior = evaluate(model, clips, accelerator, rows, plan.seed, plan.metrics, watch, plan.n_drawn_apart)
    advance(len(clips) * (1 + plan.n_drawn_apart))
    inferred, samples, scores, proper = None, None, prior.scores, prior.proper
    with in_evaluation(model), accelerator.autocast():
        if plan.latent:
            inferred = infer(model, clips, accelerator, plan, n_together, advance)
            scores = scores | inferred.scores
        if plan.needs_samples:
            kept = spread_evenly(len(clips), plan.n_pictured)
            samples = sample_many(
                model, clips, accelerator, plan.n_samples, rows, plan.seed, plan.metrics, kept, advance
            )
            scores, proper = scores | _wanted(samples, plan), samples.proper or proper
    extremes = {} if samples is None else {clips.names[i]: e for i, e in samples.extremes.items()}
    evaluation = Evaluation(clips.names, scores, proper)
    if inferred is None:
        return ProtocolEvaluation(evaluation, extremes)
    diagnostics = _diagnose(evaluation, inferred, samples, plan)
    return ProtocolEvaluation(evaluation, extremes, diagnostics, inferred.latents.kl())


def _rows_at_a_time(model: CVAE, clips: Clips, accelerator: Accelerator, plan: EvaluationPlan) -> tuple[int, int]:
    """Return how many rows may be predicted at a time, and how many clips may be encoded whole."""
    frames, _ = clips.gather([0])
    n_frames, size = frames.shape[1], frames.shape[2]
    frame_bytes = bytes_per_frame(model, size, accelerator.device)
    fitting = rows_that_fit(frame_bytes, n_frames - model.n_past, size)
    rows = max(MIN_ROWS, min(plan.batch_size, fitting))
    # The inference network and the teacher-forced pass take all T frames of a clip in one call.
    return rows, min(rows, max(MIN_ROWS, fitting // n_frames))


def _wanted(samples: Samples, plan: EvaluationPlan) -> Scores:
    """Return the scores of the protocols that were asked for; worst of N comes with best of N."""
    left_out = {"best": ("best_", "worst_"), "mean": ("mean_", "psnr_of_mean_")}
    unwanted = tuple(prefix for name, prefixes in left_out.items() if name not in plan.protocols for prefix in prefixes)
    scores = {name: values for name, values in samples.of_n().items() if not unwanted or not name.startswith(unwanted)}
    return scores | {"sample_variance": samples.variance}


def _diagnose(
    evaluation: Evaluation, inferred: Inferred, samples: Samples | None, plan: EvaluationPlan
) -> dict[str, Any]:
    latents, kl = inferred.latents, inferred.latents.kl()
    information, bound = latents.mutual_information(inferred.noise)
    curves = {name: values.mean(axis=0).tolist() for name, values in evaluation.scores.items()}
    own = {"psnr": "prior"}
    per_frame = {own.get(name, name.removesuffix("_psnr")): v for name, v in curves.items() if name.endswith("psnr")}
    values: dict[str, Any] = {
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
        values["fvd"] = plan.fvd.distance()
    conditions = [n for n in evaluation.scores if n.startswith(("shuffled", "zeroed")) and n.endswith("_psnr")]
    if conditions:
        values["conditions"] = {name: evaluation.mean(name) for name in conditions}
    if samples is not None and plan.n_samples > 1:
        values["diversity"] = _diversity(samples)
    if evaluation.proper is not None:
        values |= evaluation.proper.summary()
    if evaluation.posterior_zero_gap is not None:
        values["posterior_zero_gap"] = evaluation.posterior_zero_gap
    return {key: _finite(value) for key, value in values.items()}


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
