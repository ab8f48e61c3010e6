"""RLDS episodes as TFDS writes them, by hand from its documentation: PNG frames, flattened features."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cvae.data.sources import RldsEpisodes
from cvae.data.store import open_store
from cvae.errors import InputError
from tests.cvae.data.sources.tfrecords.tfrecord_files import Value, any_features, example, write_records

N_FRAMES = 14


def png(frame: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(frame).save(out, format=kind, quality=95)
    return out.getvalue()


def pictures(seed: int, height: int = 16, width: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (N_FRAMES, height, width, 3), dtype=np.uint8)


def features(seed: int) -> dict[str, Value]:
    random = np.random.default_rng(seed)
    return {
        "steps/observation/image": [png(frame) for frame in pictures(seed)],
        "steps/action": random.normal(size=N_FRAMES * 7),
        "steps/observation/state": random.normal(size=N_FRAMES * 5),
        "steps/gripper": np.arange(N_FRAMES),
        "steps/is_first": np.zeros(N_FRAMES, np.int64),
    }


def write(
    root: Path, split: str, n_shards: int = 2, change: Callable[[dict[str, Value]], object] | None = None
) -> None:
    for shard in range(n_shards):
        both = [features(10 * shard + i) for i in range(2)]
        if change is not None and shard == 0:
            change(both[1])
        write_records(root / f"toy-{split}.tfrecord-{shard:05}-of-{n_shards:05}", map(example, both))


def rlds(root: Path, **options: object) -> RldsEpisodes:
    keys = {"positions": ["steps/observation/state"]}
    return RldsEpisodes.model_validate({"root": str(root), "size": {"crop": "centre"}, "keys": keys} | options)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "toy", "train")
    write(tmp_path / "toy", "val", 1)
    return tmp_path / "toy"


def test_episodes_come_back_from_every_shard(root: Path) -> None:
    source = rlds(root)
    assert source.splits() == ("train", "validate")
    episodes = list(source.episodes("train", 16))
    assert [episode.name for episode in episodes] == ["0/0", "0/1", "1/0", "1/1"]
    for episode, seed in zip(episodes, (0, 1, 10, 11), strict=True):
        np.testing.assert_array_equal(episode.frames, pictures(seed)[:, :, 4:20])
        expected = features(seed)["steps/action"]
        assert isinstance(expected, np.ndarray)
        np.testing.assert_allclose(episode.actions, expected.reshape(N_FRAMES, 7), rtol=1e-6)
        assert episode.positions is not None
        assert episode.positions.shape == (N_FRAMES, 5)


def test_it_packs_and_a_made_split_is_taken_of_it(root: Path, tmp_path: Path) -> None:
    store = open_store(rlds(root, test={"from": "train", "share": 0.25}), 16, tmp_path / "cache")
    assert [store.n_episodes(split) for split in ("train", "validate", "test")] == [3, 2, 1]
    assert (store.n_actions, store.n_positions) == (7, 5)


def test_features_lie_side_by_side_and_the_rate_is_reduced(root: Path) -> None:
    source = rlds(root, keys={"actions": ["steps/action", "steps/gripper"]}, frame_stride=4, n_frames=12)
    episode = next(source.episodes("train", 16))
    assert (episode.frames.shape[0], episode.actions.shape, episode.positions) == (3, (3, 32), None)
    assert episode.actions[1, 7::8].tolist() == [4, 5, 6, 7]
    np.testing.assert_array_equal(episode.frames, pictures(0)[0:12:4, :, 4:20])


def test_jpeg_frames_are_read(tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), 90, np.uint8)
    values = features(0) | {"steps/observation/image": [png(flat, "JPEG")] * N_FRAMES}
    write_records(tmp_path / "toy-train.tfrecord-00000-of-00001", [example(values)])
    episode = next(rlds(tmp_path).episodes("train", 16))
    assert np.abs(episode.frames.astype(int) - 90).max() <= 2


FAULTS: dict[str, tuple[dict[str, Value], str]] = {
    "no picture": ({"steps/observation/image": [b"x"] * N_FRAMES}, "`steps/observation/image` 0: cannot be decoded"),
    "another size": (
        {"steps/observation/image": [png(frame) for frame in pictures(0, 16, 16)]},
        "frames are 16x16 pixels; expected 24x16 like the first",
    ),
    "no frames": ({"steps/observation/image": []}, "`steps/observation/image` holds no encoded pictures"),
    "too few numbers": ({"steps/action": np.zeros(9)}, "`steps/action` holds 9 numbers"),
    "bytes as numbers": ({"steps/action": b"0"}, "`steps/action` holds bytes"),
    "other columns": ({"steps/action": np.zeros(N_FRAMES * 6)}, "`actions` has 6 columns; expected 7 columns"),
    "nan": ({"steps/action": np.full(N_FRAMES * 7, np.nan)}, "the frame 1 column 1 is nan"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_episode_is_refused_by_file_and_record(fault: str, tmp_path: Path) -> None:
    replaced, said = FAULTS[fault]
    write(tmp_path, "train", 1, lambda values: values.update(replaced))
    path = tmp_path / "toy-train.tfrecord-00000-of-00001"
    with pytest.raises(InputError, match=re.escape(f"{path}: record 1")) as caught:
        list(rlds(tmp_path).episodes("train", 16))
    assert said in str(caught.value)


def test_a_feature_that_is_not_there_is_said_with_the_nearest(root: Path) -> None:
    with pytest.raises(InputError, match=re.escape("no feature `steps/actions`; did you mean `steps/action`?")):
        list(rlds(root, keys={"actions": ["steps/actions"]}).episodes("train", 16))


def test_a_missing_file_is_refused_unless_the_first_are_enough(root: Path) -> None:
    (root / "toy-train.tfrecord-00001-of-00002").unlink()
    with pytest.raises(InputError, match="file 1 of 2 of the train split is missing"):
        rlds(root).splits()
    assert len(rlds(root, n_shards=1).locate("train")) == 2


def test_a_folder_without_such_files_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "1.0.0").mkdir()
    with pytest.raises(InputError, match=re.escape("the folder holds 1.0.0/")):
        list(rlds(tmp_path).episodes("train", 16))
    with pytest.raises(InputError, match="is no folder"):
        rlds(tmp_path / "nowhere").splits()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rlds")
    write(root, "train", 1)
    return root / "toy-train.tfrecord-00000-of-00001"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_is_a_crash_or_another_clip(sound: Path, data: st.DataObject) -> None:
    # Whatever bytes are changed: an InputError, or the episodes that were written; what is lost is lost from the end.
    whole = sound.read_bytes()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    sound.write_bytes(damaged[: data.draw(st.sampled_from([len(whole), data.draw(st.integers(0, len(whole)))]))])
    try:
        found = list(rlds(sound.parent).episodes("train", 16))
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    for number, episode in enumerate(found):
        np.testing.assert_array_equal(episode.frames, pictures(number)[:, :, 4:20])
        np.testing.assert_allclose(episode.actions.ravel(), features(number)["steps/action"], rtol=1e-6)


NAMES = ("steps/observation/image", "steps/action", "steps/observation/state")


@settings(max_examples=100, deadline=None)
@given(changed=any_features(NAMES))
def test_no_features_are_a_crash_or_a_clip_of_another_shape(sound: Path, changed: dict[str, Value]) -> None:
    whole = sound.read_bytes()
    write_records(sound, [example(features(0) | changed)])
    try:
        (found,) = rlds(sound.parent).episodes("train", 16)
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    n_frames = len(changed.get(NAMES[0], pictures(0)))
    assert len(found.frames) == len(found.actions) == len(found.conditions) == n_frames
    assert np.isfinite(found.conditions).all()
