"""FVD, the Frechet video distance (Unterthiner et al. 2018), from the user's own I3D weight file.

The file is a TorchScript module in the form in which I3D is commonly published for this purpose: called with videos
(B, 3, T, S, S) in 0..255 and `rescale=True, resize=True, return_features=True` it gives (B, 400). A distance between
the features of any other network is not FVD; the file's SHA-256 stands beside the number.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.errors import InputError
from cvae.evaluation.clip_batches import batches_of
from cvae.evaluation.metrics.weight_files import checked_file

HOW = "give a TorchScript file of I3D that returns 400 features"

N_FEATURES = 400

#: I3D halves time three times and pools over two steps at the end.
LEAST_FRAMES = 10

_AT_ONCE = 8


class Fvd:
    """Collects the features of true and predicted videos and returns their distance."""

    def __init__(self, file: Path, device: torch.device) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # the format in which I3D is published
                self._network: Any = torch.jit.load(str(file), map_location=device).eval()  # type: ignore[no-untyped-call]
        except Exception as error:  # torch raises many kinds for a damaged file
            raise InputError(f"evaluation.fvd: {file} is not a readable TorchScript file ({error}); {HOW}") from error
        self._file = file
        self._true: list[Tensor] = []
        self._predicted: list[Tensor] = []

    def add(self, truth: Tensor, predicted: Tensor) -> None:
        """Take clips (T, B, 3, S, S) in [0, 1] and their predicted futures (H, B, 3, S, S); given frames stay true."""
        n_past = len(truth) - len(predicted)
        if len(truth) < LEAST_FRAMES:
            raise InputError(f"evaluation.fvd: clips have {len(truth)} frames; I3D needs at least {LEAST_FRAMES}")
        self._true.append(self._features(truth))
        self._predicted.append(self._features(torch.cat([truth[:n_past], predicted.to(truth.dtype)])))

    def distance(self) -> float:
        """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) over the clips so far."""
        return frechet_distance(*(torch.cat(part).numpy() for part in (self._true, self._predicted)))

    def _features(self, frames: Tensor) -> Tensor:
        videos = (frames.float() * 255).permute(1, 2, 0, 3, 4)
        parts = []
        with torch.no_grad(), torch.autocast(frames.device.type, enabled=False):
            for rows in batches_of(len(videos), _AT_ONCE):
                part = videos[torch.from_numpy(rows).to(videos.device)]
                parts.append(self._called(part).cpu().double())
        return torch.cat(parts)

    def _called(self, videos: Tensor) -> Tensor:
        try:
            features = self._network(videos, rescale=True, resize=True, return_features=True)
        except Exception as error:  # whatever the file's code raises
            raise InputError(f"evaluation.fvd: {self._file} cannot be called as I3D ({error}); {HOW}") from error
        if not isinstance(features, Tensor) or features.shape != (len(videos), N_FEATURES):
            shape = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
            raise InputError(f"evaluation.fvd: {self._file} gives {shape} for {len(videos)} videos; {HOW}")
        return features


def frechet_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the squared Frechet distance of two normal distributions fitted to samples (N, F) and (M, F)."""
    mean, cov_x, cov_y = x.mean(axis=0) - y.mean(axis=0), *(np.atleast_2d(np.cov(v, rowvar=False)) for v in (x, y))
    values, vectors = np.linalg.eigh(cov_x)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ cov_y @ root).clip(0)  # the eigenvalues of C1 C2
    distance = mean @ mean + np.trace(cov_x) + np.trace(cov_y) - 2 * np.sqrt(cross).sum()
    return max(float(distance), 0.0)  # rounding may leave it below


def load_fvd(path: str, device: torch.device) -> Fvd:
    """Return a collector for a weight file.

    Raises:
        InputError: the file is absent or holds something else.
    """
    return Fvd(checked_file(path, "fvd", HOW), device)
