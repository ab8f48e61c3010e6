"""Frames and rows as a source has them: whole numbers of any type, and a frame rate reduced."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvae.data.sources import NpzEpisodes
from cvae.data.sources.recorded.own_frames import as_frames, join_actions
from cvae.errors import InputError

PICTURE = np.arange(48).reshape(1, 4, 4, 3) * 5


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.int16, np.uint32, np.float32, np.float64])
def test_whole_numbers_of_any_type_are_frames(kind: type) -> None:
    frames = as_frames(PICTURE.astype(kind), "x")
    assert frames.dtype == np.uint8
    np.testing.assert_array_equal(frames, PICTURE)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (256, np.int64, "holds 5 to 256"),
        (-1, np.int64, "holds -1 to 235"),
        (0.5, np.float64, "holds 0.5; frames are whole numbers"),
        (np.nan, np.float64, "holds nan to nan"),
        (np.inf, np.float32, "to inf"),
        (0, np.bool_, "is bool of shape"),
        (0, np.complex64, "is complex64 of shape"),
    ],
)
def test_other_numbers_are_refused(value: float, kind: type, said: str) -> None:
    frames = PICTURE.astype(kind)
    frames[0, 0, 0, 0] = value
    with pytest.raises(InputError, match=said):
        as_frames(frames, "x")


def test_floats_from_0_to_1_are_not_taken_for_a_dark_picture() -> None:
    with pytest.raises(InputError, match="as if in the range of 0 to 1"):
        as_frames(np.ones((1, 4, 4, 3)), "x")


def test_a_reduced_rate_keeps_every_action() -> None:
    actions = np.arange(10, dtype=np.float32).reshape(5, 2)
    joined = join_actions(actions, 2)
    assert joined.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 8, 9]]
    assert join_actions(actions, 1) is actions


def test_a_source_is_read_at_a_reduced_rate(write_npz: Callable[..., Path]) -> None:
    root = write_npz(n_frames=14).parents[1]
    (whole,) = NpzEpisodes(root=root).episodes("train", 16)
    (reduced,) = NpzEpisodes(root=root, frame_stride=3).episodes("train", 16)
    np.testing.assert_array_equal(reduced.frames, whole.frames[::3])
    np.testing.assert_array_equal(reduced.actions[:4], whole.actions[:12].reshape(4, 6))
    assert whole.positions is not None
    assert reduced.positions is not None
    np.testing.assert_array_equal(reduced.positions, whole.positions[::3])
    assert NpzEpisodes(root=root, frame_stride=3).digest(16) != NpzEpisodes(root=root).digest(16)


def test_arrays_are_called_what_the_file_calls_them(write_npz: Callable[..., Path]) -> None:
    sound = np.random.default_rng(0).integers(0, 256, (14, 16, 16, 3))
    path = write_npz(frames=None, actions=None, positions=None, aux1_image=sound, action=np.ones((14, 4)))
    root = path.parents[1]
    keys = {"frames": "aux1_image", "actions": "action"}
    source = NpzEpisodes.model_validate({"root": str(root), "keys": keys})
    (episode,) = source.episodes("train", 16)
    np.testing.assert_array_equal(episode.frames, sound)
    assert episode.actions.shape == (14, 4)
    assert episode.positions is None
    assert source.digest(16) != NpzEpisodes(root=root).digest(16)
    with pytest.raises(InputError, match=r"has no array `frames`; name the file's own arrays in `data.keys`"):
        list(NpzEpisodes(root=root).episodes("train", 16))
    with pytest.raises(InputError, match="has no array `state`"):
        list(
            NpzEpisodes.model_validate({"root": str(root), "keys": keys | {"positions": "state"}}).episodes("train", 16)
        )
