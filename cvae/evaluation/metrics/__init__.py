"""One frame against another, and FVD: functions of (predicted, target), with the weight files that some need."""

from cvae.evaluation.metrics.fvd import Fvd
from cvae.evaluation.metrics.image_metrics import METRICS, FrameMetric, better, psnr, psnr_pooled, score_frames
from cvae.evaluation.metrics.perceptual import Perceptual, load_perceptual
from cvae.evaluation.metrics.weight_files import sha256

__all__ = [
    "METRICS",
    "FrameMetric",
    "Fvd",
    "Perceptual",
    "better",
    "load_perceptual",
    "psnr",
    "psnr_pooled",
    "score_frames",
    "sha256",
]
