"""Score a model on a whole split: z from the prior with fixed noise, each clip and future frame by itself."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from cvae.data.store import Clips
from cvae.device import Accelerator
from cvae.evaluation.baselines import BASELINES
from cvae.evaluation.clip_batches import batches_of, in_evaluation, predict_clips
from cvae.evaluation.metrics import FrameMetric, ProperScores, mse, psnr, score_frames
from cvae.evaluation.samples import sample_many
from cvae.evaluation.scores import Evaluation, Scores, as_arrays, joined
from cvae.model import CVAE

#: What training looks at: one score a frame.
QUICK: dict[str, FrameMetric] = {"psnr": psnr}

#: What it looks at beside the proper scores: the error is what copying the last frame scores by them.
BESIDE_PROPER = QUICK | {"mse": mse}


def evaluate(
    model: CVAE,
    clips: Clips,
    accelerator: Accelerator,
    batch_size: int,
    seed: int,
    metrics: dict[str, FrameMetric] = QUICK,
    watch: Callable[[Tensor, Tensor], None] | None = None,
    n_samples: int = 0,
) -> Evaluation:
    """Return the scores of every clip of a split, and those of the baselines.

    Args:
        model: left in the mode that it is in.
        clips: the split.
        accelerator: where the model is.
        batch_size: predictions at a time.
        seed: of the evaluation noise.
        metrics: by the names that they get.
        watch: handed every batch's clips (T, B, 3, S, S) and predictions (n_eval, B, 3, S, S).
        n_samples: samples of each clip for the proper scores, 2 to MOST_SAMPLES; 0: those are left out.
    """
    parts = []
    for indices in batches_of(len(clips), batch_size):
        batch = predict_clips(model, clips, indices, accelerator, seed)
        future = batch.truth[model.n_past :]
        if watch is not None:
            watch(batch.truth, batch.predicted)
        of_model = score_frames(metrics, batch.predicted, future)
        parts.append(as_arrays(of_model) | score_baselines(batch.truth, model.n_past, metrics))
    proper = _draw(model, clips, accelerator, n_samples, batch_size, seed) if n_samples else None
    return Evaluation(clips.names, joined(parts), proper)


def _draw(
    model: CVAE, clips: Clips, accelerator: Accelerator, n_samples: int, rows: int, seed: int
) -> ProperScores | None:
    nothing = np.array([], dtype=np.int64)
    with in_evaluation(model), accelerator.autocast():
        return sample_many(model, clips, accelerator, n_samples, rows, seed, {}, nothing, lambda n: None).proper


def score_baselines(truth: Tensor, n_past: int, metrics: dict[str, FrameMetric]) -> Scores:
    """Return every baseline's scores on clips (T, B, 3, S, S), each (B, n_eval)."""
    scores: Scores = {}
    for name, baseline in BASELINES.items():
        of_baseline = score_frames(metrics, baseline(truth, n_past), truth[n_past:])
        scores |= {f"{name}_{metric}": values for metric, values in as_arrays(of_baseline).items()}
    return scores
