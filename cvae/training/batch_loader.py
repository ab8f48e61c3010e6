"""The batches of a training, each gathered in the background while the step before it is computed."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from cvae.config import Config
from cvae.data.store import Clips
from cvae.device import Accelerator, scale_frames
from cvae.random_streams import batch_indices, step_coins, step_noise


@dataclass(frozen=True)
class Batch:
    """What one update needs."""

    frames: Tensor  # (T, B, 3, S, S) in [0, 1]
    conditions: Tensor  # (T, B, C)
    noise: Tensor  # (T-1, B, Z)
    forced: Tensor  # (T-1, B) bool, on the host: it chooses the path


@dataclass(frozen=True)
class _Gathered:
    """A batch on the host; where the frames live on the device, only which of them."""

    step: int
    frames: Tensor  # (B, T, S, S, 3) uint8, or rows of the split's frames (B, T)
    conditions: Tensor
    noise: Tensor
    forced: Tensor


class BatchLoader:
    """Hands out the batch of any step; it is a function of (seed, step) alone, however it was prepared.

    The frames are gathered from the disk's memory map, or from a copy on the device (`runtime.resident`). Used as a
    context manager it prepares the step that follows the one that is asked for.
    """

    def __init__(self, config: Config, clips: Clips, accelerator: Accelerator) -> None:
        self.waited_s = 0.0  # time that the training spent waiting for a batch
        self.is_ahead = True  # whether the context manager prepares anything
        self._config = config
        self._clips = clips
        self._accelerator = accelerator
        self._resident: Tensor | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._next: Future[_Gathered] | None = None
        frames, asked = clips.all_frames(), config.runtime.resident
        if asked or (asked is None and accelerator.holds(frames.nbytes)):
            self._resident = torch.tensor(frames, device=accelerator.device)

    def __enter__(self) -> Self:
        if self.is_ahead:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="batches")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = self._next = None

    def batch(self, step: int) -> Batch:
        """Return a step's batch on the device."""
        started = time.perf_counter()
        gathered = self._take(step)
        self.waited_s += time.perf_counter() - started
        if self._pool is not None and step + 1 < self._config.train.steps:
            self._next = self._pool.submit(self._gather, step + 1)
        move = self._accelerator.move
        frames = move(gathered.frames)
        if self._resident is not None:
            frames = self._resident[frames]
        return Batch(
            scale_frames(frames), move(gathered.conditions).transpose(0, 1), move(gathered.noise), gathered.forced
        )

    def _take(self, step: int) -> _Gathered:
        if self._next is not None:
            gathered, self._next = self._next.result(), None
            if gathered.step == step:
                return gathered
        return self._gather(step)

    def _gather(self, step: int) -> _Gathered:
        c = self._config
        rows = self._clips.rows(batch_indices(len(self._clips), c.train.batch_size, c.seed, step))
        frames = rows if self._resident is not None else self._clips.frames_of(rows)
        shape = (rows.shape[1] - 1, c.train.batch_size)
        forcing, pin = c.teacher_forcing, self._accelerator.pin
        return _Gathered(
            step,
            pin(torch.from_numpy(frames)),
            pin(torch.from_numpy(self._clips.conditions_of(rows))),
            pin(step_noise((*shape, c.model.z_dim), c.seed, step)),
            step_coins(shape, forcing(c.train.progress(step)), c.seed, step, forcing.coin),
        )
