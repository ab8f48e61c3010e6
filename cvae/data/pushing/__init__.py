"""The simulated world: scene, hidden noise, physics, lid, policy, picture. Nothing here knows a data set."""

from cvae.data.pushing.drawing import render_frames
from cvae.data.pushing.hidden_noise import HiddenNoise
from cvae.data.pushing.lid import MAX_GATE, hidden_nats, mean_hidden_nats
from cvae.data.pushing.policy import Pusher
from cvae.data.pushing.scene import COLOURS, sample_scene
from cvae.data.pushing.trajectory import Trajectory, simulate

__all__ = [
    "COLOURS",
    "MAX_GATE",
    "HiddenNoise",
    "Pusher",
    "Trajectory",
    "hidden_nats",
    "mean_hidden_nats",
    "render_frames",
    "sample_scene",
    "simulate",
]
