"""The packed store: written once, found by content, honest about what it cannot give."""

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvae.data.sources.bair import Bair
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.condition_statistics import ConditionStatistics
from cvae.data.store.npy_appender import NpyAppender
from cvae.data.store.store import open_store
from cvae.errors import InputError

WriteNpz = Callable[..., Path]


def stores(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if (path / "meta.json").exists())


def leftovers(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if "tmp" in path.name]


def test_a_store_is_written_once_and_reused(small_world: PushingWorld, tmp_path: Path) -> None:
    first = open_store(small_world, 32, tmp_path)
    written = {path: path.stat().st_mtime_ns for path in first.path.rglob("*")}
    second = open_store(small_world, 32, tmp_path)
    assert second.fingerprint == first.fingerprint
    assert {path: path.stat().st_mtime_ns for path in second.path.rglob("*")} == written
    assert leftovers(tmp_path) == []
    assert (first.splits, first.image_size, first.n_actions, first.n_positions) == (small_world.splits(), 32, 4, 3)
    assert first.n_episodes("train") == 3


def test_image_sizes_have_stores_of_their_own(small_world: PushingWorld, tmp_path: Path) -> None:
    assert open_store(small_world, 32, tmp_path).path != open_store(small_world, 16, tmp_path).path


def test_arrays_are_plain_npy_files_with_one_row_a_frame(small_world: PushingWorld, tmp_path: Path) -> None:
    # Anybody's numpy can read them; rows follow the episodes.
    store = open_store(small_world, 32, tmp_path)
    episodes = list(small_world.episodes("train", 32))
    frames = np.load(store.path / "train" / "frames.npy", mmap_mode="r")
    np.testing.assert_array_equal(frames, np.concatenate([episode.frames for episode in episodes]))
    conditions = np.load(store.path / "train" / "conditions.npy")
    np.testing.assert_array_equal(conditions, np.concatenate([episode.conditions for episode in episodes]))


def test_touching_a_file_finds_the_same_store_and_changing_a_byte_makes_another(lab: Path, tmp_path: Path) -> None:
    bair, cache = Bair(root=lab, n_frames=12), tmp_path / "cache"
    first = open_store(bair, 32, cache).fingerprint
    table = lab / "test" / "traj_0_to_255.tfrecords" / "0" / "actions.csv"
    os.utime(table, ns=(1, 1))
    assert open_store(bair, 32, cache).fingerprint == first
    text = table.read_text()
    table.write_text(text.replace("2", "3", 1))
    assert open_store(bair, 32, cache).fingerprint != first
    assert len(stores(cache)) == 2
    table.write_text(text)
    assert open_store(bair, 32, cache).fingerprint == first


def test_the_same_files_elsewhere_are_the_same_store(lab_original: Path, lab: Path, tmp_path: Path) -> None:
    here = open_store(Bair(root=lab, n_frames=12), 32, tmp_path / "cache")
    there = open_store(Bair(root=lab_original, n_frames=12), 32, tmp_path / "cache")
    assert here.path == there.path


def test_unchanged_files_are_not_read_again(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The digest of 1.3 million files is remembered by their names, sizes and times.
    bair = Bair(root=lab, n_frames=12)
    first = open_store(bair, 32, tmp_path / "cache").fingerprint

    def refuse(self: Bair, image_size: int) -> str:
        raise AssertionError("the files are read again")

    monkeypatch.setattr(Bair, "digest", refuse)
    assert open_store(bair, 32, tmp_path / "cache").fingerprint == first


def test_files_that_change_while_they_are_packed_are_refused(
    write_npz: WriteNpz, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the store of the old content's name would hold some of the new.
    root = write_npz().parents[1]
    original = NpzEpisodes.read

    def and_another_arrives(self, place, name, expected, image_size):  # type: ignore[no-untyped-def]
        write_npz(name="late")
        return original(self, place, name, expected, image_size)

    monkeypatch.setattr(NpzEpisodes, "read", and_another_arrives)
    with pytest.raises(InputError, match="changed while they were packed"):
        open_store(NpzEpisodes(root=root), 16, tmp_path / "cache")
    assert stores(tmp_path / "cache") == leftovers(tmp_path / "cache") == []


@pytest.mark.parametrize("n_blocks", [0, 1, 4])
def test_a_full_disk_is_a_users_mistake_and_publishes_nothing(
    n_blocks: int, small_world: PushingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_written = 0
    append = NpyAppender.append

    def fill_up(self, rows):  # type: ignore[no-untyped-def]
        nonlocal n_written
        n_written += 1
        if n_written > n_blocks:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, rows)

    monkeypatch.setattr(NpyAppender, "append", fill_up)
    with pytest.raises(InputError, match=re.escape(str(tmp_path)) + ".*No space left on device"):
        open_store(small_world, 32, tmp_path)
    assert stores(tmp_path) == leftovers(tmp_path) == []


def test_a_cache_that_cannot_be_a_folder_is_a_users_mistake(small_world: PushingWorld, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "file" / "cache"))):
        open_store(small_world, 32, tmp_path / "file" / "cache")


def test_an_interrupted_packer_publishes_nothing(
    small_world: PushingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self, rows):  # type: ignore[no-untyped-def]
        raise KeyboardInterrupt

    monkeypatch.setattr(NpyAppender, "append", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_store(small_world, 32, tmp_path)
    assert stores(tmp_path) == leftovers(tmp_path) == []


def test_a_half_deleted_store_is_written_again(small_world: PushingWorld, tmp_path: Path) -> None:
    store = open_store(small_world, 32, tmp_path)
    (store.path / "meta.json").unlink()
    again = open_store(small_world, 32, tmp_path)
    assert len(again.clips("train", 12, use_positions=True)) == 3


def test_a_damaged_array_is_refused_by_name(small_world: PushingWorld, tmp_path: Path) -> None:
    store = open_store(small_world, 32, tmp_path)
    frames = store.path / "train" / "frames.npy"
    frames.write_bytes(frames.read_bytes()[:1000])
    with pytest.raises(InputError, match=re.escape(str(frames))):
        store.clips("train", 12, use_positions=True)[0]


def test_statistics_are_those_of_the_train_split(small_world: PushingWorld, tmp_path: Path) -> None:
    # Standardised with its own statistics, the train split has mean 0 and deviation 1 in every column,
    # over all its frames.
    store = open_store(small_world, 32, tmp_path)
    assert store.statistics is not None
    clips = store.clips("train", small_world.n_frames, use_positions=True)
    _, conditions = clips.gather(range(len(clips)))
    flat = conditions.reshape(-1, 7).astype(np.float64)
    np.testing.assert_allclose(flat.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(flat.std(axis=0), 1, atol=1e-5)
    assert store.clips("test", 12, use_positions=True).statistics == store.statistics


def test_a_constant_column_is_only_centred(write_npz: WriteNpz, tmp_path: Path) -> None:
    # Its deviation is 0, and dividing by that would give NaN.
    path = write_npz(actions=np.full((14, 2), 0.1, np.float32), n_frames=14)
    store = open_store(NpzEpisodes(root=path.parents[1]), 16, tmp_path / "cache")
    assert store.statistics is not None
    assert store.statistics.std[:2] == (1.0, 1.0)
    _, conditions = store.clips("train", 12, use_positions=False).gather([0])
    np.testing.assert_allclose(conditions, 0, atol=1e-6)


def test_positions_that_are_not_there_are_refused(write_npz: WriteNpz, tmp_path: Path) -> None:
    store = open_store(NpzEpisodes(root=write_npz(positions=None).parents[1]), 16, tmp_path / "cache")
    with pytest.raises(InputError, match=re.escape("set `model.use_positions: false`")):
        store.clips("train", 12, use_positions=True)
    assert store.clips("train", 12, use_positions=False)[0].conditions.shape == (12, 2)


def test_episodes_that_are_too_short_give_no_clips(write_npz: WriteNpz, tmp_path: Path) -> None:
    # Some short episodes: the others' clips. Nothing but short ones: refused with the lengths.
    write_npz(name="long", n_frames=14)
    root = write_npz(name="short", n_frames=9).parents[1]
    store = open_store(NpzEpisodes(root=root), 16, tmp_path / "cache")
    assert store.clips("train", 12, use_positions=True).names == ["long@0"]
    with pytest.raises(InputError, match=re.escape(f"{root}: no train episode is long enough for a clip of 15")) as e:
        store.clips("train", 15, use_positions=True)
    assert "the longest has 14" in str(e.value)


def test_splits_that_are_not_there_are_refused(write_npz: WriteNpz, tmp_path: Path) -> None:
    root = write_npz().parents[1]
    (root / "validate").mkdir()
    store = open_store(NpzEpisodes(root=root), 16, tmp_path / "cache")
    with pytest.raises(InputError, match=re.escape(f"{root / 'test'}: there is no test split; {root} holds train/")):
        store.clips("test", 12, use_positions=True)
    with pytest.raises(InputError, match=re.escape(f"{root / 'validate'}: the validate split has no npz files")):
        store.n_episodes("validate")
    world = open_store(PushingWorld(n_train=1, n_validate=0, n_test=0, n_frames=12), 16, tmp_path / "cache")
    with pytest.raises(InputError, match=re.escape("`data.n_test` is 0")):
        world.clips("test", 12, use_positions=True)


def test_without_a_train_split_statistics_must_be_given(write_npz: WriteNpz, tmp_path: Path) -> None:
    root = write_npz("test").parents[1]
    store = open_store(NpzEpisodes(root=root), 16, tmp_path / "cache")
    assert store.statistics is None
    with pytest.raises(InputError, match=re.escape(f"{root}: has no train split")):
        store.clips("test", 12, use_positions=True)
    given = ConditionStatistics((1.0,) * 5, (2.0,) * 5)
    clip = store.clips("test", 12, use_positions=True, statistics=given)[0]
    episode = next(NpzEpisodes(root=root).episodes("test", 16))
    np.testing.assert_allclose(clip.conditions, (episode.conditions[:12] - 1) / 2, rtol=1e-5)
    with pytest.raises(InputError, match="have 2 columns where the data has 5"):
        store.clips("test", 12, use_positions=True, statistics=given.first(2))
