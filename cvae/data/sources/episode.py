"""One recorded sequence: what every data source yields and the packed store holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Episode:
    """One sequence of frames with the robot's actions and, where recorded, its positions.

    Attributes:
        name: unique within its split, for example `175`.
        frames: (T, H, W, 3) uint8, RGB.
        actions: (T, A) float32; `actions[t]` acts between frame t and frame t + 1.
        positions: (T, P) float32 end-effector position at each frame, or None where it was not recorded.
    """

    name: str
    frames: NDArray[np.uint8]
    actions: NDArray[np.float32]
    positions: NDArray[np.float32] | None

    @property
    def conditions(self) -> NDArray[np.float32]:
        """(T, A + P) float32: action columns, then position columns."""
        if self.positions is None:
            return self.actions
        return np.concatenate([self.actions, self.positions], axis=1)


@dataclass(frozen=True)
class EpisodeFormat:
    """What every episode of one source has in common, as its first episode has it.

    Attributes:
        side: height and width of the source's own frames in pixels.
        n_actions: columns of `actions`.
        n_positions: columns of `positions`, 0 where they were not recorded.
    """

    side: int
    n_actions: int
    n_positions: int
