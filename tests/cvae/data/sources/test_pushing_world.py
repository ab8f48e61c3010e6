"""The pushing world's laws: determinism, actions that drive the gripper, hidden slip, enough to see."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cvae.data.pushing import physics
from cvae.data.pushing.drawing import render_frames
from cvae.data.pushing.physics import TOUCH_CM
from cvae.data.pushing.scene import BIN_CM, REACH_CM
from cvae.data.pushing.trajectory import Trajectory, simulate
from cvae.data.sources.digests import text_digest
from cvae.data.sources.pushing_world import PushingWorld

WORLD = PushingWorld(seed=3)


def digest_of(world: PushingWorld, split: str, index: int) -> str:
    episode = world.episode(split, index, 32)
    return text_digest(episode.frames.tobytes().hex(), episode.conditions.tobytes().hex())


def test_an_episode_depends_on_seed_split_and_index_alone() -> None:
    # The same bytes whichever episodes were made before, in which order, and in whichever process.
    forward = [digest_of(WORLD, "train", index) for index in range(4)]
    backward = [digest_of(WORLD, "train", index) for index in reversed(range(4))]
    assert forward == backward[::-1]
    code = (
        "from cvae.data.sources import PushingWorld; from cvae.data.sources.digests import text_digest;"
        "e = PushingWorld(seed=3, n_train=7, n_test=1).episode('train', 2, 32);"
        "print(text_digest(e.frames.tobytes().hex(), e.conditions.tobytes().hex()))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == forward[2]


def test_seeds_splits_and_indices_differ() -> None:
    # No two of them share an episode, or a test split would hold training data.
    made = [digest_of(PushingWorld(seed=s), split, i) for s in (0, 1) for split in ("train", "test") for i in (0, 1)]
    assert len(set(made)) == len(made) == 8


def test_actions_are_held_for_two_frames() -> None:
    actions = np.stack([WORLD.trajectory("train", index).actions for index in range(8)])  # (8, 30, 4)
    np.testing.assert_array_equal(actions[:, 0::2], actions[:, 1::2])
    assert len(np.unique(actions[:, ::2, 0])) > 100  # and they do change


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
    return simulate(scene, len(actions), slip, np.random.default_rng(noise), lambda t, _: actions[t])


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


def test_copying_the_last_frame_is_a_poor_prediction() -> None:
    # 2 past and 10 future frames: 17 to 24 dB, per-channel PSNR as in the published protocol.
    frames = np.stack([WORLD.episode("test", index, 32).frames[:12] for index in range(24)]) / 255.0
    errors = ((frames[:, 2:] - frames[:, 1:2]) ** 2).mean(axis=(2, 3))  # (B, 10, C)
    assert 17 < -10 * np.log10(errors).mean() < 24


@pytest.mark.parametrize(
    "options",
    [{"n_frames": 11}, {"slip": -1}, {"n_objects": 0}, {"n_objects": 9}, {"seed": "1"}, {"n_train": 1.5}, {"n": 1}],
    ids=str,
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PushingWorld.model_validate(options)


def test_every_option_that_shapes_an_episode_is_part_of_the_identity() -> None:
    # All options but stride, which only says where clips are cut.
    changes = {"seed": 1, "n_train": 9, "n_validate": 9, "n_test": 9, "n_frames": 31, "n_objects": 4, "slip": 0.5}
    assert {*changes, "source", "stride"} == set(PushingWorld.model_fields)
    digests = {PushingWorld().digest(32), PushingWorld().digest(64)}
    digests |= {PushingWorld.model_validate({key: value}).digest(32) for key, value in changes.items()}
    assert len(digests) == 2 + len(changes)
    assert PushingWorld(stride=3).digest(32) == PushingWorld().digest(32)
