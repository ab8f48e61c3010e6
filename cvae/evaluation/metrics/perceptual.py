"""The metrics that need the user's own weight files, as a configuration names them."""

from dataclasses import dataclass

import torch

from cvae.config import EvaluationConfig
from cvae.evaluation.metrics.fvd import Fvd, load_fvd
from cvae.evaluation.metrics.image_metrics import METRICS, FrameMetric
from cvae.evaluation.metrics.lpips import load_lpips


@dataclass(frozen=True)
class Perceptual:
    """The metrics that need the user's own weight files."""

    lpips: FrameMetric | None
    fvd: Fvd | None

    @property
    def metrics(self) -> dict[str, FrameMetric]:
        """Every metric of a frame."""
        return METRICS | ({} if self.lpips is None else {"lpips": self.lpips})


def load_perceptual(config: EvaluationConfig, device: torch.device) -> Perceptual:
    """Load the weight files that a configuration names: at the start of a run, not after days of training.

    Raises:
        InputError: a file is absent or holds something else.
    """
    return Perceptual(
        None if config.lpips is None else load_lpips(config.lpips, device),
        None if config.fvd is None else load_fvd(config.fvd, device),
    )
