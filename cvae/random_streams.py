"""Which clips, noise and coins a training step uses: pure functions of (seed, step).

Nothing here keeps state, so the step number in a checkpoint is every random state there is, and runs that
share a seed share batches, noise and coins whatever their arm: their difference is the arm's.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvae.schedules import Coin

# One stream of random numbers for each purpose, so that using more of one does not move another.
_BATCH, _NOISE, _COIN, _EVALUATION = range(4)


def _generator(seed: int, stream: int, *counters: int) -> np.random.Generator:
    # A seed sequence is padded with zeros: sample 0 of a clip has the stream of the clip.
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, stream, *counters])))


def batch_indices(n_clips: int, batch_size: int, seed: int, step: int) -> NDArray[np.int64]:
    """Return the clips of a step, (batch_size,): endless passes over the data, each in its own random order."""
    positions = np.arange(step * batch_size, (step + 1) * batch_size)
    passes = positions // n_clips
    orders = {p: _generator(seed, _BATCH, int(p)).permutation(n_clips) for p in np.unique(passes)}
    return np.array([orders[p][i] for p, i in zip(passes, positions % n_clips, strict=True)], dtype=np.int64)


def step_noise(shape: tuple[int, int, int], seed: int, step: int) -> Tensor:
    """Return the standard normal noise of a training step, (T-1, B, Z)."""
    return torch.from_numpy(_generator(seed, _NOISE, step).standard_normal(shape, dtype=np.float32))


def step_coins(shape: tuple[int, int], ratio: float, seed: int, step: int, coin: Coin = "sample") -> Tensor:
    """Return for each step and clip whether it is fed the true frame, (T-1, B) bool, with a given probability.

    One coin falls for all of it (`batch`), for each step of the sequence (`step`), or for each step and clip.
    """
    thrown = {"batch": (1, 1), "step": (shape[0], 1), "sample": shape}[coin]
    coins = _generator(seed, _COIN, step).random(thrown) < ratio
    return torch.from_numpy(np.broadcast_to(coins, shape).copy())


def clip_noise(clips: NDArray[np.int64], n_steps: int, z_dim: int, seed: int, sample: int = 0) -> Tensor:
    """Return evaluation noise (n_steps, B, Z), each clip's own: fixed by (seed, clip index, sample) alone."""
    streams = (_generator(seed, _EVALUATION, i, sample) for i in clips.tolist())
    rows = [stream.standard_normal((n_steps, z_dim), dtype=np.float32) for stream in streams]
    return torch.from_numpy(np.stack(rows, axis=1))
