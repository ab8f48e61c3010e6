"""How the robot chooses actions: reach behind a thing with the gripper raised, lower it, push, and again."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvae.data.pushing.scene import BIN_CM, REACH_CM

if TYPE_CHECKING:
    from cvae.data.pushing.physics import World

HOLD = 2  # frame intervals for which one action is held

STEP_CM = 5.0  # most commanded displacement in one interval

WANDER_CM = 0.6  # standard deviation of the displacement that serves no aim


class Pusher:
    """Chooses the next action from what it sees. All its chance comes from the generator it is given."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._target: int | None = None
        self._heading = np.zeros(2)
        self._lift, self._opening = 2, 0
        self._n_pushes_left = 0
        self._held = np.zeros(4, dtype=np.float32)

    def __call__(self, t: int, world: "World") -> NDArray[np.float32]:
        """The action of frame t, a new one every second frame.

        (4,) float32: displacement per interval in metres (x, y), lift level 0-2, gripper level 0-2.
        """
        if t % HOLD == 0:
            self._held = self._decide(world)
        return self._held

    def _decide(self, world: "World") -> NDArray[np.float32]:
        position, poses = world.position[:2], world.poses
        if self._n_pushes_left:
            self._n_pushes_left -= 1
            return self._action(position, STEP_CM * self._heading, lift=0)
        if self._target is None:
            self._choose(poses)
        assert self._target is not None
        behind = poses[self._target, :2] - 10.0 * self._heading
        behind = np.clip(behind, REACH_CM, BIN_CM - REACH_CM)
        gap = behind - position
        distance = float(np.hypot(*gap))
        is_near = distance < HOLD * STEP_CM
        if is_near:
            self._target, self._n_pushes_left = None, int(self._random.integers(2, 4))
        return self._action(position, gap / max(distance / STEP_CM, HOLD), lift=0 if is_near else self._lift)

    def _choose(self, poses: NDArray[np.float64]) -> None:
        """A thing, a direction roughly towards the bin's middle, how high to travel, how wide to open the gripper."""
        self._target = int(self._random.integers(len(poses)))
        to_middle = BIN_CM / 2 - poses[self._target, :2]
        angle = math.atan2(to_middle[1], to_middle[0]) + float(self._random.normal(0, 0.8))
        self._heading = np.array([math.cos(angle), math.sin(angle)])
        self._lift = int(self._random.integers(1, 3))
        self._opening = int(self._random.integers(3))

    def _action(self, position: NDArray[np.float64], step: NDArray[np.float64], lift: int) -> NDArray[np.float32]:
        """The action for a step in cm per interval, kept such that holding it stays within reach."""
        wanted = position + HOLD * (step + self._random.normal(0, WANDER_CM, size=2))
        reachable = np.clip(wanted, REACH_CM, BIN_CM - REACH_CM)
        moved = (reachable - position) / HOLD / 100.0
        return np.array([*moved, lift, self._opening], dtype=np.float32)
