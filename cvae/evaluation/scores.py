"""What an evaluation says: a score for every clip and frame, and what is told of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.evaluation.metrics import ProperScores, copy_energy_db, psnr_pooled

Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Evaluation:
    """Scores of every clip of a split, in the split's order: `METRIC` of the model, `BASELINE_METRIC` beside it."""

    names: list[str]  # N, episode and first frame
    scores: Scores  # each (N, n_eval)
    proper: ProperScores | None = None  # where several samples were drawn

    @property
    def psnr(self) -> NDArray[np.float64]:
        """Of the model, (N, n_eval) dB."""
        return self.scores["psnr"]

    @property
    def copy_last_psnr(self) -> NDArray[np.float64]:
        """Of the last given frame repeated, (N, n_eval) dB."""
        return self.scores["copy_last_psnr"]

    @property
    def posterior_zero_gap(self) -> float | None:
        """What the latent is worth: PSNR with z from the posterior less that with z = 0, dB; None if not asked."""
        if not {"posterior_psnr", "zero_psnr"} <= self.scores.keys():
            return None
        return self.mean("posterior_psnr") - self.mean("zero_psnr")

    def mean(self, name: str) -> float:
        """Return a score's mean over clips, then over frames."""
        return float(self.scores[name].mean(axis=0).mean())

    def summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the means over clips: each frame's curve, and its mean over frames, in dB; and the proper scores."""
        quick: dict[str, float | int | list[float]] = {
            f"{prefix}/psnr": self.mean("psnr"),
            f"{prefix}/psnr_per_frame": self.psnr.mean(axis=0).tolist(),
            f"{prefix}/copy_last_psnr": self.mean("copy_last_psnr"),
            f"{prefix}/copy_last_psnr_per_frame": self.copy_last_psnr.mean(axis=0).tolist(),
        }
        return quick | {f"{prefix}/{name}": value for name, value in self._proper().items()}

    def _proper(self) -> dict[str, float | list[float]]:
        """Return the proper scores, and what copying the last frame scores by them."""
        if self.proper is None:
            return {}
        copied = self.scores.get("copy_last_mse")
        if copied is None:
            return self.proper.summary()
        floor, floor_per_frame = copy_energy_db(copied)
        return self.proper.summary() | {
            "copy_last_energy_db": floor,
            "copy_last_energy_db_per_frame": floor_per_frame,
        }

    def means(self) -> dict[str, float]:
        """Return every score's mean."""
        return {name: self.mean(name) for name in self.scores}

    def final_summary(self, prefix: str) -> dict[str, float | int | list[float]]:
        """Return the same, the model's other scores from the prior, and the PSNR of every protocol and baseline."""
        own = [name for name in self.scores if "_" not in name]
        kept = own + [name for name in self.scores if name.endswith(("_psnr", "psnr_of_mean_of_n"))]
        means = {f"{prefix}/{name}": self.mean(name) for name in kept}
        gap = {} if self.posterior_zero_gap is None else {f"{prefix}/posterior_zero_gap": self.posterior_zero_gap}
        return means | gap | self.summary(prefix)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return what `clips.npz` holds; `psnr_pooled` is one number a clip."""
        pooled = {}
        if "mse" in self.scores:
            pooled["psnr_pooled"] = psnr_pooled(torch.from_numpy(self.scores["mse"])).numpy()
        proper = {} if self.proper is None else self.proper.arrays()
        return {"name": np.array(self.names), **self.scores, **pooled, **proper}


def as_arrays(scores: dict[str, Tensor]) -> Scores:
    """Return scores (H, B) as arrays (B, H)."""
    return {name: values.T.numpy() for name, values in scores.items()}


def joined(parts: list[Scores]) -> Scores:
    """Return the scores of consecutive batches as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
