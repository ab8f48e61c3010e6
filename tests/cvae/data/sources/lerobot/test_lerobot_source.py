"""LeRobot data sets, v2.1 and v3.0: what was written comes back, and every fault is refused by name."""

import json
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from cvae.config.schema import build_config
from cvae.config.yaml_file import dump_yaml
from cvae.data.inspection import detect
from cvae.data.sources import LeRobotEpisodes
from cvae.data.store import open_store
from cvae.errors import InputError
from cvae.record.run_folder import RunFolder
from cvae.run.train_run import train_run
from tests.conftest import TINY
from tests.cvae.data.sources.lerobot.lerobot_files import (
    CAMERA,
    FPS,
    LENGTHS,
    numbers,
    pictures,
    rows_of,
    write_film,
    write_info,
    write_table,
    write_v2,
    write_v3,
)

WRITERS: dict[str, Callable[..., Path]] = {"v2.1": write_v2, "v3.0": write_v3}


def lerobot(root: Path, **options: Any) -> LeRobotEpisodes:
    return LeRobotEpisodes.model_validate({"root": str(root), "size": {"crop": "centre"}} | options)


@pytest.fixture(params=WRITERS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return WRITERS[request.param](tmp_path / "set")


@pytest.mark.parametrize("as_images", [False, True])
@pytest.mark.parametrize("version", WRITERS)
def test_episodes_come_back(version: str, as_images: bool, tmp_path: Path) -> None:
    source = lerobot(WRITERS[version](tmp_path, as_images=as_images))
    assert source.splits() == ("train",)
    episodes = list(source.episodes("train", 32))
    assert [episode.name for episode in episodes] == ["0", "1", "2"]
    for number, episode in enumerate(episodes):
        np.testing.assert_array_equal(episode.frames, pictures(number)[:, :, 8:40])
        np.testing.assert_array_equal(episode.actions, numbers(number, 6, 0))
        assert episode.positions is not None
        np.testing.assert_array_equal(episode.positions, numbers(number, 6, 1))


def test_the_rate_is_reduced_and_features_lie_side_by_side(root: Path) -> None:
    keys = {"actions": ["action", "gripper"], "positions": []}
    episode = list(lerobot(root, keys=keys, frame_stride=4, n_frames=12).episodes("train", 32))[1]
    assert (episode.frames.shape[0], episode.actions.shape, episode.positions) == (3, (3, 28), None)
    np.testing.assert_array_equal(episode.frames, pictures(1)[0:12:4, :, 8:40])
    np.testing.assert_array_equal(episode.actions[1, 6::7], [1, 0, 1, 0])


def test_splits_are_those_of_meta_or_made(tmp_path: Path) -> None:
    named = write_v2(tmp_path / "named", splits={"train": "0:1", "val": "1:3", "holdout": "0:3"})
    assert lerobot(named).splits() == ("train", "validate")
    assert [place.number for place in lerobot(named).locate("validate")] == [1, 2]
    whole = write_v2(tmp_path / "whole", splits={})
    made = lerobot(whole, validate={"from": "train", "share": 0.3})
    store = open_store(made, 32, tmp_path / "cache")
    assert [store.n_episodes(split) for split in ("train", "validate")] == [2, 1]
    assert (store.n_actions, store.n_positions) == (6, 6)


def test_a_folder_is_known_by_its_meta(root: Path) -> None:
    assert isinstance(detect(str(root)), LeRobotEpisodes)


def test_another_byte_is_another_content(root: Path) -> None:
    before = lerobot(root).digest(32), lerobot(root).manifest()
    info = root / "meta" / "info.json"
    info.write_text(info.read_text() + "\n")
    assert lerobot(root).digest(32) != before[0]
    assert lerobot(root).manifest() != before[1]
    assert lerobot(root).digest(32) != lerobot(root, keys={"positions": []}).digest(32)


def the_film(root: Path) -> Path:
    return sorted(root.rglob("*.mp4"))[0]


def the_table(root: Path) -> Path:
    return sorted((root / "data").rglob("*.parquet"))[0]


def change_info(**changed: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / "meta" / "info.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return change


def change_rows(**changed: Any) -> Callable[[Path], None]:
    """Put other columns into the rows of the first episode."""

    def change(root: Path) -> None:
        text = {name: v[0].as_py() for name, v in changed.items() if v is not None and pa.types.is_string(v.type)}
        of_others = [{name: pa.array([v] * LENGTHS[e]) for name, v in text.items()} for e in (1, 2)]
        rest = [pa.table(rows_of(e, 0) | other) for e, other in zip((1, 2), of_others, strict=True)]
        first = {name: values for name, values in (rows_of(0, 0) | changed).items() if values is not None}
        if len(list((root / "data").rglob("*.parquet"))) > 1:
            write_table(the_table(root), first)
            return
        tables = [pa.table(first), *rest]
        names = [name for name in tables[0].column_names if name in tables[1].column_names]
        parquet.write_table(
            pa.concat_tables([t.select(names) for t in tables], promote_options="permissive"), the_table(root)
        )

    return change


def cut(path: Callable[[Path], Path]) -> Callable[[Path], None]:
    return lambda root: path(root).write_bytes(path(root).read_bytes()[:-400]) and None


N = LENGTHS[0]

FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no info": (lambda root: (root / "meta" / "info.json").unlink(), "info.json: cannot be read"),
    "info of another shape": (lambda root: (root / "meta" / "info.json").write_text("[]"), "info.json: the file"),
    "no rate": (change_info(fps=0), "info.json: fps: Input should be greater than 0"),
    "another version": (
        change_info(codebase_version="v1.6"),
        "codebase_version is 'v1.6'; v2.0, v2.1 and v3.0 are read",
    ),
    "a template that leads out": (
        change_info(data_path="../{episode_index}"),
        "names no file|leads out of the data set",
    ),
    "a split without a range": (change_info(splits={"train": "all"}), "splits.train is 'all'; expected FIRST:END"),
    "an episode too many": (
        change_info(splits={"train": "0:4"}),
        "episode 3 of the train split is not among the episodes",
    ),
    "no film": (lambda root: the_film(root).unlink(), r"\.mp4: cannot be (read|decoded)"),
    "an empty film": (lambda root: the_film(root).write_bytes(b""), r"\.mp4: cannot be decoded as a film"),
    "a film cut short": (cut(the_film), r"\.mp4: (cannot be decoded as a film|has \d+ frames of the episode)"),
    "a frame less": (
        lambda root: write_film(the_film(root), pictures(0)[:-1]),
        r"has 13 frames of the episode; expected 14",
    ),
    "another size": (
        lambda root: write_film(the_film(root), np.zeros((60, 48, 48, 3), np.uint8)),
        r"frames are 48x48 pixels; expected 48x32 like|has more frames than the 14 rows|48x48",
    ),
    "no table": (lambda root: the_table(root).unlink(), r"\.parquet: cannot be read"),
    "an empty table": (lambda root: the_table(root).write_bytes(b""), r"\.parquet: cannot be read as a parquet file"),
    "a table cut short": (cut(the_table), r"\.parquet: cannot be read as a parquet file"),
    "no actions": (change_rows(action=None), r"has no column `action`"),
    "text as actions": (
        change_rows(action=pa.array(["1"] * N)),
        r"`action` holds string; expected numbers|cannot be read",
    ),
    "nan": (change_rows(action=pa.array([[float("nan")] * 6] * N, pa.list_(pa.float32(), 6))), "row 1 column 1 is nan"),
    "nulls": (change_rows(action=pa.array([None] * N, pa.list_(pa.float32(), 6))), "different lengths|is nan"),
    "rows out of order": (change_rows(frame_index=pa.array(np.arange(N)[::-1])), "expected `frame_index` 0 to 13"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_by_name(fault: str, root: Path, tmp_path: Path) -> None:
    # And nothing is packed half.
    damage, said = FAULTS[fault]
    damage(root)
    with pytest.raises(InputError, match=said):
        open_store(lerobot(root), 32, tmp_path / "cache")
    assert list((tmp_path / "cache").rglob("meta.json")) == []


def test_a_film_that_goes_on_is_refused(tmp_path: Path) -> None:
    root = write_v2(tmp_path)
    write_film(the_film(root), np.concatenate([pictures(0), pictures(0)[:1]]))
    with pytest.raises(InputError, match=r"has more frames than the 14 rows of its episode"):
        list(lerobot(root).episodes("train", 32))


def test_a_time_that_is_not_the_films_is_refused(tmp_path: Path) -> None:
    # v3.0 says where an episode begins in its film: half a frame off is another frame.
    root = write_v3(tmp_path)
    path = next((root / "meta" / "episodes").rglob("*.parquet"))
    for shift_s, said in ((0.5 / FPS, "is missing, or not at its time"), (float("nan"), "lasts from nan")):
        columns = parquet.read_table(path).to_pydict()
        columns[f"videos/{CAMERA}/from_timestamp"][1] += shift_s
        if shift_s == shift_s:
            columns[f"videos/{CAMERA}/to_timestamp"][1] += shift_s
        write_table(path, columns)
        with pytest.raises(InputError, match=said):
            list(lerobot(root).episodes("train", 32))


def test_an_episode_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    root = write_v2(tmp_path)
    path = root / "meta" / "episodes.jsonl"
    path.write_text(path.read_text() + json.dumps({"episode_index": 1, "length": 16}) + "\n")
    with pytest.raises(InputError, match="episode 1 stands there twice"):
        lerobot(root).locate("train")
    path.write_text('{"episode_index": 0}\n')
    with pytest.raises(InputError, match=r"line 1 has no whole numbers"):
        lerobot(root).locate("train")


def test_names_that_are_not_there_are_said_with_the_nearest(root: Path) -> None:
    with pytest.raises(InputError, match=re.escape("has no feature `actions`; did you mean `action`?")):
        list(lerobot(root, keys={"actions": ["actions"]}).episodes("train", 32))
    with pytest.raises(InputError, match=re.escape(f"did you mean `{CAMERA}`?")):
        lerobot(root, keys={"frames": "observation.image.top"}).locate("train")


def test_of_two_cameras_one_is_named(root: Path) -> None:
    features = json.loads((root / "meta" / "info.json").read_text())["features"]
    change_info(features=features | {"observation.images.wrist": {"dtype": "video"}})(root)
    with pytest.raises(InputError, match=r"which camera is meant is not clear, it has observation\.images\.top, obs"):
        lerobot(root).locate("train")
    assert len(lerobot(root, keys={"frames": CAMERA}).locate("train")) == 3


@pytest.mark.parametrize("library", ["pyarrow", "av"])
def test_without_its_packages_it_says_what_to_install(
    library: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=re.escape("pip install -r requirements-robots.txt")):
        list(lerobot(root).episodes("train", 32))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {version: write(tmp_path_factory.mktemp(version)) for version, write in WRITERS.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.sampled_from(sorted(WRITERS)), data=st.data())
def test_no_damage_is_a_crash_or_another_number(version: str, sound: dict[str, Path], data: st.DataObject) -> None:
    # A film has no checksum, so its pixels may be others; numbers, their order and their count may not.
    root = sound[version]
    path = data.draw(st.sampled_from(sorted(p for p in root.rglob("*") if p.is_file())))
    whole = path.read_bytes()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(whole)))])
    try:
        with suppress(InputError):
            for number, episode in zip((0, 1, 2), lerobot(root).episodes("train", 32), strict=False):
                assert episode.frames.shape == (LENGTHS[number], 32, 32, 3)
                if path.suffix == ".parquet" and "meta" not in path.parts:
                    np.testing.assert_array_equal(episode.actions, numbers(number, 6, 0))
                    np.testing.assert_array_equal(episode.frames, pictures(number)[:, :, 8:40])
    finally:
        path.write_bytes(whole)


def test_info_alone_is_no_data_set(tmp_path: Path) -> None:
    write_info(tmp_path, "v3.0")
    with pytest.raises(InputError, match=r"meta/episodes: is no folder"):
        lerobot(tmp_path).locate("train")


def test_one_section_trains_on_it(tmp_path: Path) -> None:
    root = write_v3(tmp_path / "set")
    made = {"from": "train", "share": 0.3}
    data = {"source": "lerobot", "root": str(root), "size": {"crop": "centre"}, "validate": made, "test": made}
    config = build_config(TINY | {"store": str(tmp_path / "store"), "data": data}, "t")
    training = RunFolder(tmp_path / "run")
    training.path.mkdir()
    training.config.write_text(dump_yaml(config.model_dump(mode="json")))
    for _ in train_run(training):
        pass
    state = training.read_state()
    assert (state.status, state.error) == ("finished", None)
    (place,) = config.data.locate("validate")  # type: ignore[union-attr]
    assert state.scores["n_clips"] == len(range(0, place.length - 5, 10))


def test_a_changed_number_is_known_by_its_checksum(root: Path) -> None:
    path = the_table(root)
    parquet.write_table(parquet.read_table(path), path, compression="none", write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[data.index(numbers(0, 6, 0)[3, 2].tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"\.parquet: cannot be read as a parquet file \(.*CRC"):
        list(lerobot(root).episodes("train", 32))
