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
    [
        {"n_frames": 11}, {"slip": -1}, {"n_objects": 0}, {"n_objects": 9}, {"seed": "1"}, {"n_train": 1.5}, {"n": 1},
        {"gate": 0.5}, {"gate": 16.5}, {"gate": -9.0},
    ],
    ids=str,
)  # fmt: skip
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PushingWorld.model_validate(options)


def test_every_option_that_shapes_an_episode_is_part_of_the_identity() -> None:
    # All options but stride, which only says where clips are cut.
    changes = {"seed": 1, "n_train": 9, "n_validate": 9, "n_test": 9, "n_frames": 31, "n_objects": 4, "slip": 0.5}
    changes["gate"] = 9.0
    assert {*changes, "source", "stride"} == set(PushingWorld.model_fields)
    digests = {PushingWorld().digest(32), PushingWorld().digest(64)}
    digests |= {PushingWorld.model_validate({key: value}).digest(32) for key, value in changes.items()}
    assert len(digests) == 2 + len(changes)
    assert PushingWorld(stride=3).digest(32) == PushingWorld().digest(32)


def test_a_world_without_a_lid_is_written_as_before_there_were_lids() -> None:
    # Its digest, the record in its store and a run's configuration are of these bytes.
    written = '{"source":"pushing","seed":0,"n_train":200,"n_validate":32,"n_test":32,"n_frames":30,"n_objects":5,'
    assert PushingWorld().model_dump_json() == written + '"slip":1.0,"stride":null}'
    assert PushingWorld(gate=0.0).digest(32) == PushingWorld().digest(32)
    assert PushingWorld.model_validate(PushingWorld(gate=9.0).model_dump()).gate == 9.0


def test_a_lid_changes_nothing_but_pictures() -> None:
    # Neither actions nor positions nor things tell it; two worlds with a lid differ in its motion alone.
    bare, lidded = (PushingWorld(seed=3, gate=gate).trajectory("train", 2) for gate in (0.0, 9.0))
    for name in ("gripper", "opening", "poses", "actions", "positions"):
        np.testing.assert_array_equal(getattr(bare, name), getattr(lidded, name))
    assert bare.lid is None
    assert lidded.lid is not None
    assert lidded.lid.shape == (30,)
    np.testing.assert_allclose(np.abs(np.diff(lidded.lid)), 9.0)
    other = PushingWorld(seed=3, gate=4.0).trajectory("train", 2)
    assert other.lid is not None
    assert other.lid[0] == lidded.lid[0]


def test_the_lid_covers_things_and_not_the_arm() -> None:
    # Above its edge the picture is the one without a lid; below, things are gone and the arm is not.
    size = 64
    scale = size / 68.0  # pixels in a cm, the rims being 4 cm wide
    n_covering = 0
    for index in range(6):
        bare, lidded = (PushingWorld(seed=3, gate=gate) for gate in (0.0, 9.0))
        plain = bare.episode("train", index, size).frames.astype(int)
        frames = lidded.episode("train", index, size).frames.astype(int)
        lid = lidded.trajectory("train", index).lid
        assert lid is not None
        for t in range(len(frames)):
            edge = (64.0 - lid[t]) * scale
            np.testing.assert_array_equal(frames[t, : int(edge)], plain[t, : int(edge)])
            light = frames[t, int(edge + 0.3), 5:-5].min(axis=-1)  # a row within the edge, 2.2 cm or two pixels high
            assert np.median(light) > 150
            below = frames[t, int(edge + 2.2 * scale) + 2 :, 5:-5]
            is_lid = (np.abs(below - [34, 110, 120]) <= 3).all(axis=-1)
            assert is_lid.mean() > 0.4 or below.size == 0
            n_covering += int((~is_lid).sum() > 20)
    assert n_covering > 10  # the arm or its shadow lies over the lid in some of the frames
