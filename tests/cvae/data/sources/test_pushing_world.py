"""The pushing world's laws: determinism, actions that drive the gripper, hidden slip, enough to see."""

import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

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
