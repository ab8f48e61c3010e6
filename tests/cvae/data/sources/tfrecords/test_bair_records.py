"""BAIR as it is downloaded: the clips of the lab layout, byte for byte, and every fault by file and record."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae.config.overrides import merge
from cvae.config.schema import build_config
from cvae.config.yaml_file import dump_yaml
from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources import Bair, Episode, PushingWorld
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from cvae.run.evaluate_checkpoint import evaluate_checkpoint
from cvae.run.final_evaluation import files_beside
from cvae.run.train_run import train_run
from tests.conftest import TINY
from tests.cvae.data.sources.tfrecords.tfrecord_files import (
    Value,
    any_features,
    bair_features,
    example,
    write_bair_download,
    write_bair_split,
    write_records,
)

LENGTH = 12


@pytest.fixture
def download(small_world: PushingWorld, tmp_path: Path) -> Path:
    return write_bair_download(small_world, tmp_path / "download", 16, per_file=2)


def bair(root: Path, **options: object) -> Bair:
    return Bair.model_validate({"source": "bair", "root": str(root), "n_frames": LENGTH, **options})


def test_both_layouts_give_the_same_clips(download: Path, small_world: PushingWorld, tmp_path: Path) -> None:
    # Frames, conditions and statistics to the last bit, through the store; two files of the train split in order.
    write_lab_layout(small_world, tmp_path / "lab", 16)
    stores = [open_store(bair(root), 16, tmp_path / "cache") for root in (download, tmp_path / "lab")]
    assert stores[0].splits == stores[1].splits == ("train", "validate", "test")
    for split in stores[0].splits:
        a, b = (store.clips(split, LENGTH, use_positions=True) for store in stores)
        assert len(a) == len(b) == small_world.n_episodes(split)
        for x, y in zip(a, b, strict=True):
            assert x.frames.tobytes() == y.frames.tobytes()
            assert x.conditions.tobytes() == y.conditions.tobytes()


def test_the_folder_of_the_archive_need_not_be_named(download: Path) -> None:
    assert len(bair(download.parent).locate("train")) == 3
    assert bair(download.parent).digest(16) == bair(download).digest(16)


def test_the_other_camera_is_another_content(download: Path) -> None:
    aux, main = (next(bair(download, camera=c).episodes("train", 16)) for c in ("image_aux1", "image_main"))
    np.testing.assert_array_equal(main.frames, 255 - aux.frames)
    assert bair(download, camera="image_main").digest(16) != bair(download).digest(16)
    assert bair(download, camera="image_aux1").digest(16) == bair(download).digest(16)


def test_a_camera_cannot_be_chosen_in_the_lab_layout(lab: Path, tmp_path: Path) -> None:
    # whether the same frames are packed already or not
    open_store(bair(lab), 32, tmp_path / "packed")
    for cache in ("packed", "fresh"):
        with pytest.raises(InputError, match=re.escape("which has one camera; remove `data.camera`")):
            open_store(bair(lab, camera="image_main"), 32, tmp_path / cache)


def test_sequences_are_numbered_within_their_file(download: Path) -> None:
    assert [episode.name for episode in bair(download).episodes("train", 16)] == [
        "traj_0_to_1/0",
        "traj_0_to_1/1",
        "traj_2_to_3/0",
    ]


def test_files_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_bair_split(tmp_path / "train", [drifting(i) for i in range(11)], per_file=1)
    names = [episode.name for episode in bair(tmp_path).episodes("train", 32)]
    assert names == [f"traj_{i}_to_{i}/0" for i in range(11)]


def test_two_layouts_side_by_side_are_refused(download: Path) -> None:
    (download / "train" / "traj_4_to_5.tfrecords" / "0").mkdir(parents=True)
    with pytest.raises(InputError, match=r"is a TFRecord file beside the folder traj_4_to_5.tfrecords"):
        bair(download).splits()


Change = Callable[[dict[str, Value]], None]


def without(name: str) -> Change:
    def change(features: dict[str, Value]) -> None:
        del features[name]

    return change


def with_value(name: str, value: Value) -> Change:
    return lambda features: features.update({name: value})


def of_29(features: dict[str, Value]) -> None:
    for name in [name for name in features if name.startswith(f"{LENGTH - 1}/")]:
        del features[name]


FAULTS: dict[str, tuple[Change, str]] = {
    "a frame less": (of_29, "has no feature `11/image_aux1/encoded`; expected frames 0 to 11"),
    "a frame more": (with_value("12/image_aux1/encoded", bytes(768)), "has frames of `image_aux1/encoded` to 12"),
    "no action": (without("3/action"), "has no feature `3/action`; expected frames 0 to 11"),
    "no position": (without("3/endeffector_pos"), "has no feature `3/endeffector_pos`"),
    "another size": (
        with_value("3/image_aux1/encoded", bytes(12)),
        "`3/image_aux1/encoded` has 12 bytes; expected 768",
    ),
    "two pictures": (with_value("3/image_aux1/encoded", [b"", b""]), "has no single value of bytes in `3/image_aux1"),
    "numbers as picture": (with_value("3/image_aux1/encoded", np.zeros(768)), "has no single value of bytes in"),
    "three numbers": (with_value("3/action", np.zeros(3)), "`3/action` has 3 numbers; expected 4 numbers"),
    "bytes as numbers": (with_value("3/action", b"0000"), "`3/action` has 1 values of bytes; expected 4 numbers"),
    "nan": (with_value("3/action", np.array([0, np.nan, 0, 0])), "`action` frame 4 column 2 is nan"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_record_is_refused_by_file_and_record(
    fault: str, download: Path, small_world: PushingWorld, tmp_path: Path
) -> None:
    # And nothing is packed half.
    change, said = FAULTS[fault]
    episodes: list[Episode] = list(small_world.episodes("train", 16))
    features = [bair_features(episode) for episode in episodes[:2]]
    change(features[1])
    path = write_records(download / "train" / "traj_0_to_1.tfrecords", map(example, features))
    with pytest.raises(InputError, match=re.escape(f"{path}: record 1")) as caught:
        open_store(bair(download), 16, tmp_path / "cache")
    assert said in str(caught.value)
    assert list((tmp_path / "cache").rglob("meta.json")) == []


@pytest.mark.parametrize("camera", ["image_aux1", "image_main"])
def test_a_camera_that_is_not_there_is_said_with_those_that_are(
    camera: str, small_world: PushingWorld, tmp_path: Path
) -> None:
    episode = next(small_world.episodes("train", 16))
    features = {name: v for name, v in bair_features(episode).items() if f"/{camera}/" not in name}
    path = write_records(tmp_path / "d" / "train" / "traj_0_to_0.tfrecords", [example(features)])
    other = {"image_aux1": "image_main", "image_main": "image_aux1"}[camera]
    with pytest.raises(InputError, match=re.escape(f"{path}: record 0")) as caught:
        list(bair(tmp_path / "d", camera=camera).episodes("train", 16))
    assert str(caught.value).endswith(f"; its cameras are {other}")


def drifting(number: int) -> Episode:
    """A spot that goes where its actions push it, seen on a ground of its own."""
    random = np.random.default_rng(number)
    actions = np.repeat(random.uniform(-3, 3, (LENGTH // 2, 4)), 2, axis=0).astype(np.float32)
    positions = np.zeros((LENGTH, 3), np.float32)
    positions[1:, :2] = np.cumsum(actions[:-1, :2], axis=0)
    frames = np.tile(random.integers(0, 128, (32, 32, 3), dtype=np.uint8), (LENGTH, 1, 1, 1))
    for t, (x, y) in enumerate(np.clip(16 + positions[:, :2], 0, 28).astype(int)):
        frames[t, y : y + 4, x : x + 4] = 255
    return Episode(str(number), frames, actions, positions)


def test_a_download_inspects_packs_trains_and_evaluates(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    # 258 train sequences in files of 256 records, no validate split: what is downloaded, with the pages' one section.
    folder = tmp_path / "softmotion30_44k"
    write_bair_split(folder / "train", [drifting(i) for i in range(258)])
    write_bair_split(folder / "test", [drifting(i) for i in range(300, 304)])
    assert sorted(path.name for path in (folder / "train").iterdir()) == [
        "traj_0_to_255.tfrecords",
        "traj_256_to_511.tfrecords",
    ]
    made = {"from": "train", "share": 0.02}
    data = {"source": "bair", "root": str(folder), "n_frames": LENGTH, "validate": made}
    values = merge(TINY, {"store": str(tmp_path / "store"), "evaluation": {"final_split": "test"}}) | {"data": data}
    Path("x.yaml").write_text(dump_yaml(values))
    status, out, _ = run("inspect", "x.yaml")
    assert (status, out.splitlines()[-1]) == (0, "no problems found")
    assert re.search(r"train\D+253\D+12\D+253", out)
    assert "motion: actions explain" in out
    training = RunFolder(tmp_path / "run")
    training.path.mkdir()
    training.config.write_text(dump_yaml(build_config(values, "x").model_dump(mode="json")))
    for _ in train_run(training):
        pass
    state = training.read_state()
    assert state.status == "finished"
    assert state.scores["n_clips"] == 4
    names = np.load(training.clips)["name"].tolist()
    assert names == ["0@0", "1@0", "2@0", "3@0"]
    config = build_config(values, "x")
    again = evaluate_checkpoint(training, config, "validate", files_beside(tmp_path / "again"), ("prior",))
    assert again.summary["n_clips"] == 5
    assert np.isfinite(again.summary["val/psnr"])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bair") / "train"
    write_bair_split(folder, [drifting(0), drifting(1)])
    return folder / "traj_0_to_255.tfrecords"


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
        found = list(bair(sound.parents[1]).episodes("train", 32))
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    for number, episode in enumerate(found):
        np.testing.assert_array_equal(episode.frames, drifting(number).frames)
        np.testing.assert_array_equal(episode.conditions, drifting(number).conditions)


NAMES = [f"{t}/{name}" for t in (0, 7, LENGTH) for name in ("image_aux1/encoded", "action", "endeffector_pos")]


@settings(max_examples=100, deadline=None)
@given(changed=any_features(NAMES))
def test_no_features_are_a_crash_or_a_clip_of_another_shape(sound: Path, changed: dict[str, Value]) -> None:
    whole = sound.read_bytes()
    write_records(sound, [example(bair_features(drifting(0)) | changed)])
    try:
        (found,) = bair(sound.parents[1]).episodes("train", 32)
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    assert (found.frames.shape, found.conditions.shape) == ((LENGTH, 32, 32, 3), (LENGTH, 7))
    assert np.isfinite(found.conditions).all()
