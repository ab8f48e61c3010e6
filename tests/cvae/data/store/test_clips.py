"""Clips: `clips[i]` depends on i alone, however it is asked for."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.clips import Clip, Clips, clip_starts
from cvae.data.store.store import open_store

WriteNpz = Callable[..., Path]


@pytest.fixture
def clips(small_world: PushingWorld, tmp_path: Path) -> Clips:
    """7 clips of 6 frames, two or three of each of 3 episodes of 12 frames."""
    strided = small_world.model_copy(update={"stride": 3})
    return open_store(strided, 32, tmp_path / "cache").clips("train", 6, use_positions=True)


def assert_same(one: Clip, other: Clip) -> None:
    np.testing.assert_array_equal(one.frames, other.frames)
    np.testing.assert_array_equal(one.conditions, other.conditions)
    assert one.name == other.name


def test_a_clip_is_a_piece_of_its_episode(clips: Clips, small_world: PushingWorld) -> None:
    episode = list(small_world.episodes("train", 32))[1]
    clip = clips[clips.names.index("1@3")]
    assert (clip.frames.dtype, clip.conditions.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(clip.frames, episode.frames[3:9])
    np.testing.assert_array_equal(clip.conditions, clips.statistics.standardise(episode.conditions[3:9]))


@pytest.mark.parametrize(
    ("n_frames", "length", "stride", "starts"),
    [
        (30, 12, None, [0]),  # the published protocol: one clip, from the first frame
        (12, 12, None, [0]),
        (11, 12, None, []),
        (30, 12, 10, [0, 10]),  # 18 is the last start with 12 frames to go
        (30, 12, 9, [0, 9, 18]),
        (12, 12, 10, [0]),
        (11, 12, 10, []),
        (1, 30, 10, []),
    ],
)
def test_clips_start_every_stride_frames(n_frames: int, length: int, stride: int | None, starts: list[int]) -> None:
    assert list(clip_starts(n_frames, length, stride)) == starts


def test_names_say_episode_and_start(clips: Clips) -> None:
    assert clips.names == [f"{episode}@{start}" for episode in range(3) for start in (0, 3, 6)]
    assert [clip.name for clip in clips] == clips.names
    assert len(clips) == len(clips.names) == 9


def test_gathering_is_stacking(clips: Clips) -> None:
    # In any order, with repetitions.
    indices = [4, 0, 8, 4]
    frames, conditions = clips.gather(indices)
    np.testing.assert_array_equal(frames, np.stack([clips[i].frames for i in indices]))
    np.testing.assert_array_equal(conditions, np.stack([clips[i].conditions for i in indices]))
    assert type(frames) is np.ndarray
    assert frames.shape == (4, 6, 32, 32, 3)
    assert conditions.shape == (4, 6, 7)


def test_the_system_is_told_what_will_be_read(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every clip of a batch, and nothing else, before the first of them is looked at.
    (path,) = tmp_path.glob("cache/*/train/frames.npy")
    told: list[bytes] = []

    def advised(descriptor: int, offset: int, length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_WILLNEED
        told.append(os.pread(descriptor, length, offset))

    monkeypatch.setattr(os, "posix_fadvise", advised)
    frames, _ = clips.gather([4, 0, 8])
    assert path.stat().st_size > clips.all_frames().nbytes  # the file has a header
    assert told == [clip.tobytes() for clip in frames]


def test_where_the_system_takes_no_advice_the_same_is_read(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, _ = clips.gather([4, 0])
    monkeypatch.delattr(os, "posix_fadvise")
    np.testing.assert_array_equal(clips.gather([4, 0])[0], frames)


def test_what_is_handed_out_may_be_written_to(clips: Clips) -> None:
    # The store is read-only; changing a clip changes neither the store nor the next clip.
    before = clips[0].frames.copy()
    clips[0].frames[:] = 0
    clips[0].conditions[:] = 0
    clips.gather([0])[0][:] = 0
    np.testing.assert_array_equal(clips[0].frames, before)
    assert clips[0].conditions.any()


@pytest.mark.parametrize("n_workers", [0, 1, 2])
def test_workers_read_the_same_clips(n_workers: int, clips: Clips) -> None:
    # However many processes read, clip i is clip i.
    loaded = list(DataLoader(clips, batch_size=None, num_workers=n_workers))  # type: ignore[arg-type, var-annotated]
    assert len(loaded) == 9
    for i, (frames, conditions, name) in enumerate(loaded):
        assert_same(Clip(np.asarray(frames), np.asarray(conditions), name), clips[i])


def test_pickling_takes_no_frames_along(clips: Clips) -> None:
    before = clips[3]
    pickled = pickle.dumps(clips)
    assert len(pickled) < 4000
    assert_same(pickle.loads(pickled)[3], before)


def test_leaving_out_positions_leaves_the_action_columns(write_npz: WriteNpz, tmp_path: Path) -> None:
    store = open_store(NpzEpisodes(root=write_npz().parents[1]), 16, tmp_path / "cache")
    with_positions = store.clips("train", 12, use_positions=True)[0].conditions
    without = store.clips("train", 12, use_positions=False)[0].conditions
    np.testing.assert_array_equal(without, with_positions[:, :2])
    assert with_positions.shape == (12, 5)
