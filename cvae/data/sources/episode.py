"""One recorded sequence: what every data source yields and the packed store holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError


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
        height, width: of the source's own frames in pixels.
        n_actions: columns of `actions`.
        n_positions: columns of `positions`, 0 where they were not recorded.
    """

    height: int
    width: int
    n_actions: int
    n_positions: int

    @property
    def side(self) -> int:
        """Side of the largest square in a frame, all of it where frames are square."""
        return min(self.height, self.width)

    def require_frame(self, height: int, width: int, where: object) -> None:
        """Refuse frames of another size than this; InputError names `where`."""
        if (height, width) != (self.height, self.width):
            raise InputError(
                f"{where}: frames are {width}x{height} pixels; expected {self.width}x{self.height} like the first"
            )

    def require_columns(self, where: object, key: str, n_columns: int, expected: int) -> None:
        """Refuse a table of another number of columns than the first file's; InputError names `where` and the key."""
        if n_columns == expected:
            return
        columns = f"{n_columns} columns" if n_columns else "none"
        wanted = f"{expected} columns" if expected else "none"
        raise InputError(f"{where}: `{key}` has {columns}; expected {wanted} like the first file of the data")
