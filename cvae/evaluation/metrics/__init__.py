"""One frame against another, and FVD: functions of (predicted, target), with the weight files that some need."""

from cvae.evaluation.metrics.fvd import Fvd, load_fvd
from cvae.evaluation.metrics.image_metrics import METRICS, FrameMetric, better, psnr, psnr_pooled, score_frames
from cvae.evaluation.metrics.lpips import load_lpips
from cvae.evaluation.metrics.weight_files import sha256

__all__ = [
    "METRICS",
    "FrameMetric",
    "Fvd",
    "better",
    "load_fvd",
    "load_lpips",
    "psnr",
    "psnr_pooled",
    "score_frames",
    "sha256",
]
