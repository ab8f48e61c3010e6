"""One pass with the inference network over a split, and the protocols that predict each clip once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.clip_batches import ClipBatch, batches_of, read_batch
from cvae.evaluation.condition_ablation import Ablation
from cvae.evaluation.latents import Latents
from cvae.evaluation.metrics import score_frames
from cvae.evaluation.protocols import EvaluationPlan, ablations_of
from cvae.evaluation.samples import Advance
from cvae.evaluation.scores import Scores, as_arrays, joined
from cvae.model import CVAE, mean_squared_error, sample_gaussian
from cvae.random_streams import clip_noise


@dataclass(frozen=True)
class Inferred:
    """What one pass with the inference network tells, and the protocols that rest on one sample."""

    scores: Scores
    latents: Latents
    noise: Tensor  # (T-1, N, Z)
    distortion: float  # as the training loss: teacher-forced, mean over a frame, summed over the steps


def infer(
    model: CVAE, clips: Clips, accelerator: Accelerator, plan: EvaluationPlan, n_together: int, advance: Advance
) -> Inferred:
    """Run the inference network and the teacher-forced pass on a whole split, `n_together` clips at a time.

    Call within `in_evaluation` and the accelerator's autocast. `advance` is told of predictions done.
    """
    parts, latents, noises, errors = [], [], [], []
    wrong = ablations_of(model, clips, plan)
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
        parts.append(_score_batch(model, batch, moved, given, wrong, clips, accelerator, plan))
        advance(len(indices) * (1 + sum(name in plan.protocols for name in given) + len(wrong)))
    return Inferred(joined(parts), Latents.joined(latents), torch.cat(noises, dim=1), sum(errors) / len(clips))


def _score_batch(
    model: CVAE,
    batch: ClipBatch,
    noise: Tensor,
    given: dict[str, Tensor],
    wrong: dict[str, Ablation],
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
    for name, ablation in wrong.items():
        conditions = ablation(clips, batch, accelerator)
        changed = past.with_conditions(model.conditioning.align(conditions, past.codes))
        predicted = model.imagine(changed, noise)[:, real]
        scores |= _named(name, score_frames(plan.metrics, predicted, future))
    return scores


def _named(protocol: str, scores: dict[str, Tensor]) -> Scores:
    return {f"{protocol}_{name}": values for name, values in as_arrays(scores).items()}
