"""The chance of the pushing world that no action tells, drawn before anything moves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HiddenNoise:
    """What decides the hidden motion of T frames.

    Attributes:
        normals: (T, 1 + n_objects, 4) standard normal: the arm's row, then one row for each thing.
        coins: (T,) the direction of the lid, true for up.
    """

    normals: NDArray[np.float64]
    coins: NDArray[np.bool_]

    @classmethod
    def draw(cls, random: np.random.Generator, n_frames: int, n_objects: int) -> "HiddenNoise":
        """Noise for an episode, the normals first: coins were added later and leave them as they were."""
        normals = random.standard_normal((n_frames, 1 + n_objects, 4))
        return cls(normals, random.random(n_frames) < 0.5)

    def followed_by(self, other: "HiddenNoise", n_steps: int) -> "HiddenNoise":
        """This noise for the first `n_steps` steps, then the other's: the same past with another future."""
        normals = np.concatenate([self.normals[:n_steps], other.normals[n_steps:]])
        return HiddenNoise(normals, np.concatenate([self.coins[:n_steps], other.coins[n_steps:]]))
