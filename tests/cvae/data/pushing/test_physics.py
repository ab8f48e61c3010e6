"""The world's laws: actions drive the gripper, what they do not tell is hidden, and nothing leaves the bin."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cvae.data.pushing import physics
from cvae.data.pushing.drawing import render_frames
from cvae.data.pushing.hidden_noise import HiddenNoise
from cvae.data.pushing.physics import TOUCH_CM
from cvae.data.pushing.scene import BIN_CM, REACH_CM
from cvae.data.pushing.trajectory import Trajectory, simulate
from cvae.data.sources.pushing_world import PushingWorld

WORLD = PushingWorld(seed=3)


def test_actions_drive_the_gripper() -> None:
    # action[t] is the displacement commanded between t and t + 1; the arm misses it a little.
    trajectories = [WORLD.trajectory("train", index) for index in range(30)]
    moved = np.concatenate([np.diff(trajectory.positions[:, :2], axis=0) for trajectory in trajectories])
    commanded = np.concatenate([trajectory.actions[:-1, :2] for trajectory in trajectories])
    for axis in range(2):
        assert np.corrcoef(commanded[:, axis], moved[:, axis])[0, 1] > 0.9
    assert not np.allclose(commanded, moved, atol=1e-4)


def test_without_slip_the_gripper_does_exactly_as_commanded() -> None:
    for index in range(5):
        trajectory = PushingWorld(seed=3, slip=0).trajectory("train", index)
        moved = np.diff(trajectory.gripper[:, :2], axis=0) / 100
        np.testing.assert_allclose(moved, trajectory.actions[:-1, :2], atol=1e-6)


def replay(index: int, actions: NDArray[np.float32], noise: int, slip: float = WORLD.slip) -> Trajectory:
    """An episode's start under given (T, 4) actions and another hidden noise: what else could have happened."""
    scene = WORLD.trajectory("train", index).scene
    hidden = HiddenNoise.draw(np.random.default_rng(noise), len(actions), len(scene.things))
    return simulate(scene, len(actions), slip, hidden, lambda t, _: actions[t])


def futures(index: int, slip: float, n_noises: int) -> NDArray[np.float64]:
    """(n_noises, 12, 32, 32, 3) in [0, 1]: one start and one sequence of actions, other hidden noise."""
    actions = WORLD.trajectory("train", index).actions[:12]
    trajectories = [replay(index, actions, noise, slip) for noise in range(n_noises)]
    return np.stack([render_frames(trajectory, 32) for trajectory in trajectories]) / 255.0


def test_slip_is_what_the_actions_do_not_tell() -> None:
    # Same start, same actions, other hidden noise. Without slip: the same pixels. With slip: a best
    # prediction, the mean of the futures, is 30 dB or worse, so a latent has something to explain.
    for index in range(2):
        alike = futures(index, 0.0, 3)
        assert (alike == alike[:1]).all()
    variances = []
    for slip in (0.5, 1.0, 2.0):
        sampled = np.stack([futures(index, slip, 6) for index in range(6)])  # (6, noises, T, H, W, C)
        assert (sampled[:, 1:, 0] == sampled[:, :1, 0]).all()  # all start from one picture
        variances.append(sampled[:, :, 2:].var(axis=1).mean())
    assert variances[0] < variances[1] < variances[2]
    assert variances[1] > 1e-3


HIDDEN = ("ARM_JITTER_CM", "HEIGHT_JITTER_CM", "FRICTION_SPREAD", "CONTACT_KICK", "CONTACT_SPIN")


@pytest.mark.parametrize("part", HIDDEN)
def test_each_hidden_part_alone_changes_what_happens(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in HIDDEN:
        if other != part:
            monkeypatch.setattr(physics, other, 0.0)
    actions = WORLD.trajectory("train", 0).actions
    one, two = (replay(0, actions, noise) for noise in (1, 2))
    assert np.abs(one.poses - two.poses).max() > 0.05 or np.abs(one.gripper - two.gripper).max() > 0.05


def test_things_are_pushed_by_a_lowered_gripper_only() -> None:
    # Things rest until touched; in a good share of the frame intervals something is pushed.
    n_moving, n_intervals = 0, 0
    for index in range(20):
        trajectory = WORLD.trajectory("train", index)
        moves = np.linalg.norm(np.diff(trajectory.poses[..., :2], axis=0), axis=-1).max(axis=1)  # (T - 1,)
        lowered = np.flatnonzero(trajectory.gripper[:, 2] < TOUCH_CM)
        first = lowered[0] if len(lowered) else len(moves)
        assert (moves[:first] < 1e-6).all()
        n_moving, n_intervals = n_moving + int((moves > 0.5).sum()), n_intervals + len(moves)
    assert n_moving / n_intervals > 0.25


def test_nothing_leaves_the_bin() -> None:
    trajectories = [PushingWorld(seed=3, slip=2, n_objects=8).trajectory("test", index) for index in range(20)]
    for trajectory in trajectories:
        radii = np.array([thing.radius for thing in trajectory.scene.things])
        places = trajectory.poses[..., :2].transpose(0, 2, 1)  # (T, 2, n_objects)
        assert (np.minimum(places, BIN_CM - places) > 0.69 * radii).all()  # squeezed, but never out
    gripper = np.stack([trajectory.gripper for trajectory in trajectories])
    assert gripper[..., :2].min() >= REACH_CM
    assert gripper[..., :2].max() <= BIN_CM - REACH_CM
    assert (gripper[..., 2] >= 0).all()


def test_lift_and_gripper_levels_can_be_seen() -> None:
    # The two discrete columns change the picture, and both are used.
    start = WORLD.trajectory("train", 0).actions[:12]
    pictures = []
    for lift, gripper in ((0, 0), (2, 0), (0, 2)):
        actions = np.zeros_like(start) + np.array([0, 0, lift, gripper], dtype=np.float32)
        pictures.append(render_frames(replay(0, actions, 0, slip=0), 32)[-1] / 255.0)
    assert ((pictures[1] - pictures[0]) ** 2).mean() > 1e-3
    assert ((pictures[2] - pictures[0]) ** 2).mean() > 1e-4
    used = np.concatenate([WORLD.trajectory("train", index).actions for index in range(20)])
    assert set(np.unique(used[:, 2])) == set(np.unique(used[:, 3])) == {0.0, 1.0, 2.0}
