"""What an evaluation says: a score for every clip and frame, and what is told of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.evaluation.metrics import psnr_pooled

Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Evaluation:
    """Scores of every clip of a split, in the split's order: `METRIC` of the model, `BASELINE_METRIC` beside it."""

    names: list[str]  # N, episode and first frame
    scores: Scores  # each (N, n_eval)

    @property
    def psnr(self) -> NDArray[np.float64]:
        """Of the model, (N, n_eval) dB."""
        return self.scores["psnr"]

    @property
    def copy_last_psnr(self) -> NDArray[np.float64]:
        """Of the last given frame repeated, (N, n_eval) dB."""
        return self.scores["copy_last_psnr"]

    def mean(self, name: str) -> float:
        """Return a score's mean over clips, then over frames."""
        return float(self.scores[name].mean(axis=0).mean())

    def summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the means over clips: each frame's curve, and its mean over frames, in dB."""
        return {
            f"{prefix}/psnr": self.mean("psnr"),
            f"{prefix}/psnr_per_frame": self.psnr.mean(axis=0).tolist(),
            f"{prefix}/copy_last_psnr": self.mean("copy_last_psnr"),
            f"{prefix}/copy_last_psnr_per_frame": self.copy_last_psnr.mean(axis=0).tolist(),
        }

    def means(self) -> dict[str, float]:
        """Return every score's mean."""
        return {name: self.mean(name) for name in self.scores}

    def final_summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the same, the model's other scores from the prior, and the PSNR of every protocol and baseline."""
        own = [name for name in self.scores if "_" not in name]
        kept = own + [name for name in self.scores if name.endswith("_psnr")]
        return {f"{prefix}/{name}": self.mean(name) for name in kept} | self.summary(prefix)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what `clips.npz` holds; `psnr_pooled` is one number a clip."""
        pooled = {}
        if "mse" in self.scores:
            pooled["psnr_pooled"] = psnr_pooled(torch.from_numpy(self.scores["mse"])).numpy()
        return {"name": np.array(self.names), **self.scores, **pooled}


def as_arrays(scores: dict[str, Tensor]) -> Scores:
    """Return scores (H, B) as arrays (B, H)."""
    return {name: values.T.numpy() for name, values in scores.items()}


def joined(parts: list[Scores]) -> Scores:
    """Return the scores of consecutive batches as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
