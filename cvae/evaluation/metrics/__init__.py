"""Frames against frames, samples against the truth, and FVD, with the weight files that some need."""

from cvae.evaluation.metrics.fvd import Fvd
from cvae.evaluation.metrics.image_metrics import METRICS, FrameMetric, better, mse, psnr, psnr_pooled, score_frames
from cvae.evaluation.metrics.perceptual import Perceptual, load_perceptual
from cvae.evaluation.metrics.proper_scores import MOST_SAMPLES, ProperScores, copy_energy_db, score_samples
from cvae.evaluation.metrics.weight_files import sha256

__all__ = [
    "METRICS",
    "MOST_SAMPLES",
    "FrameMetric",
    "Fvd",
    "Perceptual",
    "ProperScores",
    "better",
    "copy_energy_db",
    "load_perceptual",
    "mse",
    "psnr",
    "psnr_pooled",
    "score_frames",
    "score_samples",
    "sha256",
]
