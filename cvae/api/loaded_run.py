"""A trained run as an object: its configuration, its scores, and predictions from frames and actions."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from cvae.config import Config
from cvae.data.sources import reduce_by_area
from cvae.data.store import ConditionStatistics
from cvae.device import Accelerator
from cvae.errors import InputError
from cvae.model import CVAE
from cvae.random_streams import clip_noise
from cvae.record import RunFolder
from cvae.run import Which, load_config, load_model


@dataclass(frozen=True)
class LoadedRun:
    """A run with its model in memory; `load_run` makes one."""

    folder: Path
    config: Config
    model: CVAE
    statistics: ConditionStatistics
    accelerator: Accelerator

    @property
    def status(self) -> str:
        """How the run stands, such as `finished`."""
        return str(RunFolder(self.folder).read_state().status)

    @property
    def scores(self) -> Mapping[str, Any]:
        """What the final evaluation said, by names such as `test/psnr`; empty before there was one."""
        return RunFolder(self.folder).read_state().scores

    def predict(
        self,
        frames: ArrayLike,
        actions: ArrayLike | None = None,
        n_future: int | None = None,
        samples: int = 1,
        *,
        positions: ArrayLike | None = None,
        seed: int | None = None,
    ) -> NDArray[np.float32]:
        """Return samples of what follows given frames, z drawn from the prior.

        Sample k of clip i is drawn as in the evaluation of clip i: equal seeds give equal frames.

        Args:
            frames: uint8 (n_past, S, S, 3), or (B, n_past, S, S, 3) for B clips; further frames are not looked at, and
                larger ones are averaged down.
            actions: (n_past + n_future, A) as the data has them, or (B, n_past + n_future, A): row t is frame t's. None
                for a model that is told none.
            n_future: frames to predict; None: as many as in training.
            samples: of each clip.
            positions: (n_past + n_future, P), or (B, n_past + n_future, P), where the model was trained with them.
            seed: of the noise; None: `evaluation.seed` of the run.

        Returns:
            (samples, n_future, S, S, 3) in [0, 1], or (B, samples, n_future, S, S, 3) for B clips.

        Raises:
            InputError: an array has another shape or kind than the model was trained with.
        """
        horizon = self.config.n_future if n_future is None else n_future
        if horizon < 1 or samples < 1:
            raise InputError(f"n_future is {horizon} and samples is {samples}; each must be 1 or more")
        given = np.asarray(frames)
        is_single = given.ndim == 4
        past = self._past(given[None] if is_single else given)
        conditions = self._conditions(actions, positions, len(past), self.model.n_past + horizon)
        device, noise_seed = self.accelerator.device, self.config.evaluation.seed if seed is None else seed
        n_steps, predicted = self.model.n_past + horizon - 1, []
        self.model.eval()
        with torch.inference_mode(), self.accelerator.autocast():
            seen = self.model.observe(self.accelerator.frames(past), self.accelerator.conditions(conditions))
            for k in range(samples):
                noise = clip_noise(np.arange(len(past)), n_steps, self.model.z_dim, noise_seed, k).to(device)
                imagined = self.model.imagine(seen, noise).float()  # (H, B, 3, S, S)
                predicted.append(imagined.permute(1, 0, 3, 4, 2).cpu().numpy())
        result = np.stack(predicted, axis=1)
        return result[0] if is_single else result

    def at_its_size(self, frames: ArrayLike) -> NDArray[np.uint8]:
        """Return the given frames of one clip as the model sees them, (n_past, S, S, 3).

        Raises:
            InputError: they have another shape or kind than the model was trained with.
        """
        past: NDArray[np.uint8] = self._past(np.asarray(frames)[None])[0]
        return past

    def _past(self, frames: NDArray[Any]) -> NDArray[np.uint8]:
        n_past, size = self.model.n_past, self.config.image_size
        is_known = frames.ndim == 5 and frames.shape[-1] == 3 and frames.dtype == np.uint8
        is_square = is_known and frames.shape[2] == frames.shape[3] and frames.shape[2] % size == 0
        if not is_square or frames.shape[1] < n_past or not len(frames) or frames.shape[2] < size:
            found = f"{frames.dtype} {tuple(frames.shape)}"
            raise InputError(
                f"frames: expected uint8 (clips, {n_past} or more, S, S, 3) with S {size} or a multiple; found {found}"
            )
        past = frames[:, :n_past]
        return np.ascontiguousarray(np.stack([reduce_by_area(clip, size) for clip in past]))

    def _conditions(
        self, actions: ArrayLike | None, positions: ArrayLike | None, n_clips: int, n_frames: int
    ) -> NDArray[np.float32]:
        """Return the standardised conditions (B, T, C)."""
        wanted = len(self.statistics.mean)
        if not self.config.model.conditioned:
            return np.zeros((n_clips, n_frames, wanted), np.float32)
        given = [np.asarray(part, dtype=np.float32) for part in (actions, positions) if part is not None]
        parts = [part[None] if part.ndim == 2 else part for part in given]
        shapes = ", ".join(str(part.shape) for part in given) or "none"
        if any(part.ndim != 3 or part.shape[0] != n_clips or part.shape[1] < n_frames for part in parts):
            raise InputError(f"actions and positions: expected a row for each of {n_frames} frames; found {shapes}")
        if sum(part.shape[2] for part in parts) != wanted:
            what = "actions and positions" if self.config.model.use_positions else "actions"
            raise InputError(f"{what}: the model was trained on {wanted} values a frame; found {shapes}")
        joined = np.concatenate([part[:, :n_frames] for part in parts], axis=2)
        if not np.isfinite(joined).all():
            raise InputError("actions and positions: hold a value that is no finite number")
        return np.stack([self.statistics.standardise(clip) for clip in joined])

    def _repr_html_(self) -> str:
        numbers = {name: value for name, value in self.scores.items() if isinstance(value, int | float)}
        facts = {"run": self.folder, "status": self.status, "schedule": self.config.kl_anneal.mode} | numbers
        shown = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in facts.items()}
        rows = "".join(f"<tr><th>{html.escape(n)}<td>{html.escape(v)}" for n, v in shown.items())
        return f"<table>{rows}</table>"


def load_run(folder: str | PathLike[str], checkpoint: Which | None = None) -> LoadedRun:
    """Return a trained run, ready to predict.

    Args:
        folder: a run folder, such as `runs/quickstart/cyclical/confirm-0-s1000`.
        checkpoint: `last`, the weights that were scored, or `best`, those of its best evaluation; None: as its
            configuration says (`evaluation.checkpoint`).

    Raises:
        InputError: it is no run folder, or has no such checkpoint.
    """
    record = RunFolder(Path(folder))
    if not record.config.exists():
        raise InputError(f"{folder}: not a run folder; expected a config.yaml in it")
    config = load_config(record)
    return LoadedRun(record.path, config, *load_model(record, config, checkpoint or config.evaluation.checkpoint))
