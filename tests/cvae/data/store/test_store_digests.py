"""A packed store is believed only as long as it holds what was packed."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cvae.data.store.store_digests
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import Store, open_store
from cvae.data.store.store_digests import file_digest
from cvae.errors import InputError


def zero(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def zero_rows(path: Path) -> None:
    rows = np.load(path, mmap_mode="r+")
    rows[:] = 0
    rows.flush()


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_and_set_the_clock_back(path: Path) -> None:
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


DAMAGES = [zero, flip, cut, flip_and_set_the_clock_back, Path.unlink]


@pytest.fixture
def store(small_world: PushingWorld, tmp_path: Path) -> Store:
    return open_store(small_world, 32, tmp_path)


@pytest.mark.parametrize("file", ["train/frames.npy", "validate/conditions.npy", "test/index.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_refused_by_file(
    file: str, damage: Callable[[Path], None], store: Store, small_world: PushingWorld, tmp_path: Path
) -> None:
    damage(store.path / file)
    with pytest.raises(InputError, match=re.escape(str(store.path / file))) as caught:
        open_store(small_world, 32, tmp_path)
    assert f"delete {store.path}" in str(caught.value)


def test_frames_that_were_set_to_zero_are_refused(store: Store, small_world: PushingWorld, tmp_path: Path) -> None:
    zero_rows(store.path / "train" / "frames.npy")
    with pytest.raises(InputError, match=r"frames\.npy: the packed data is damaged"):
        open_store(small_world, 32, tmp_path)


def test_statistics_that_were_changed_are_refused(store: Store, small_world: PushingWorld, tmp_path: Path) -> None:
    meta = json.loads((store.path / "meta.json").read_text())
    meta["statistics"]["mean"][0] += 1.0
    (store.path / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(InputError, match=r"meta\.json: the packed data is damaged"):
        open_store(small_world, 32, tmp_path)


def test_it_is_checked_once(
    store: Store, small_world: PushingWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Path] = []

    def noted(path: Path) -> str:
        checked.append(path)
        return file_digest(path)

    monkeypatch.setattr(cvae.data.store.store_digests, "file_digest", noted)
    for _ in range(3):
        open_store(small_world, 32, tmp_path)
    assert checked == []
    os.utime(store.path / "train" / "frames.npy")  # it may have been written to
    for _ in range(3):
        open_store(small_world, 32, tmp_path)
    assert checked == [store.path / "train" / "frames.npy"]


def test_a_store_of_before_there_were_digests_is_read(store: Store, small_world: PushingWorld, tmp_path: Path) -> None:
    meta = json.loads((store.path / "meta.json").read_text())
    (store.path / "meta.json").write_text(json.dumps({k: v for k, v in meta.items() if not k.startswith("digest")}))
    assert open_store(small_world, 32, tmp_path).fingerprint == store.fingerprint
