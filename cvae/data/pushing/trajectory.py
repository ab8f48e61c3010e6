"""A scene played forward: by a policy, or by given actions under another hidden noise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvae.data.pushing.hidden_noise import HiddenNoise
from cvae.data.pushing.lid import slide
from cvae.data.pushing.scene import Scene

if TYPE_CHECKING:
    from cvae.data.pushing.physics import World

Chooser = Callable[[int, "World"], NDArray[np.float32]]  # frame number, world -> (4,) action


@dataclass(frozen=True)
class Trajectory:
    """Everything that is drawn and recorded, for T frames.

    Attributes:
        scene: what the things are.
        gripper: (T, 3) x, y, z in cm.
        opening: (T,) half the distance between the fingers in cm.
        poses: (T, n_objects, 3) x and y in cm, angle in radians.
        lid: (T,) its edge above the bin's lower wall in cm, or None where there is no lid.
        actions: (T, 4) float32; the last one drives a frame that is not recorded.
    """

    scene: Scene
    gripper: NDArray[np.float64]
    opening: NDArray[np.float64]
    poses: NDArray[np.float64]
    actions: NDArray[np.float32]
    lid: NDArray[np.float64] | None = None

    @property
    def positions(self) -> NDArray[np.float32]:
        """(T, 3) float32 gripper x, y, z in metres."""
        return (self.gripper / 100.0).astype(np.float32)


def simulate(
    scene: Scene, n_frames: int, slip: float, noise: HiddenNoise, choose: Chooser, gate: float = 0.0
) -> Trajectory:
    """Play a scene for `n_frames` frames.

    Args:
        scene: the start.
        n_frames: frames recorded, the start among them.
        slip: strength of the hidden part; 0 makes all but the lid a function of scene and actions.
        noise: what decides the hidden part, of at least `n_frames` frames.
        choose: gives the action of each frame, by a policy or from a recording.
        gate: cm that the scene's lid, if it has one, moves in a frame. Nothing else feels it.
    """
    from cvae.data.pushing.physics import World  # pymunk, which a configuration is read without

    world = World(scene)
    gripper: list[NDArray[np.float64]] = []
    opening: list[float] = []
    poses: list[NDArray[np.float64]] = []
    actions: list[NDArray[np.float32]] = []
    for t in range(n_frames):
        action = choose(t, world)
        gripper.append(world.position)
        opening.append(world.opening)
        poses.append(world.poses)
        actions.append(action)
        if t + 1 < n_frames:
            world.advance(action, slip, noise.normals[t])
    lid = None if scene.lid is None else slide(scene.lid, gate, noise.coins[: n_frames - 1])
    return Trajectory(scene, np.array(gripper), np.array(opening), np.array(poses), np.array(actions), lid)
