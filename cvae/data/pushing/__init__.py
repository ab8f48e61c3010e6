"""The simulated world: scene, physics, policy, picture. Nothing here knows a data set."""

from cvae.data.pushing.drawing import render_frames
from cvae.data.pushing.policy import Pusher
from cvae.data.pushing.scene import COLOURS, sample_scene
from cvae.data.pushing.trajectory import Trajectory, simulate

__all__ = ["COLOURS", "Pusher", "Trajectory", "render_frames", "sample_scene", "simulate"]
