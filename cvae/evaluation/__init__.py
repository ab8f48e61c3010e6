"""Scores of a model on a whole split: protocols, samples, latents, baselines. Nothing here writes a file."""

from cvae.evaluation.clip_batches import in_evaluation, predict_clips, spread_evenly
from cvae.evaluation.protocol_evaluation import ProtocolEvaluation, evaluate_protocols
from cvae.evaluation.protocols import ALL, EvaluationPlan, Protocol, count_passes
from cvae.evaluation.samples import Advance, Extremes, sample_many
from cvae.evaluation.scores import Evaluation
from cvae.evaluation.validation import BESIDE_PROPER, QUICK, evaluate

__all__ = [
    "ALL",
    "BESIDE_PROPER",
    "QUICK",
    "Advance",
    "Evaluation",
    "EvaluationPlan",
    "Extremes",
    "Protocol",
    "ProtocolEvaluation",
    "count_passes",
    "evaluate",
    "evaluate_protocols",
    "in_evaluation",
    "predict_clips",
    "sample_many",
    "spread_evenly",
]
