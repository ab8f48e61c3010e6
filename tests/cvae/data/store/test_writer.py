"""A packing that goes on: only behind what is still there as it was written, and to a file that is whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cvae.data.store.writer
from cvae.data.sources import PushingWorld
from cvae.data.store.npy_appender import NpyAppender
from cvae.data.store.store_digests import file_digest
from cvae.data.store.writer import write_store


def flip_a_synced_row(split: Path) -> None:
    data = bytearray((split / "frames.npy").read_bytes())
    data[200] ^= 1
    (split / "frames.npy").write_bytes(data)


def cut_synced_rows(split: Path) -> None:
    (split / "conditions.npy").write_bytes((split / "conditions.npy").read_bytes()[:130])


def damage_the_index(split: Path) -> None:
    (split / "index.json").write_bytes(b"\0" * 40)


def lose_an_array(split: Path) -> None:
    (split / "frames.npy").unlink()


def nothing(split: Path) -> None:
    pass


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Write the small world's store but stop as a kill would after so many episodes are synced."""

    def write(world: PushingWorld, folder: Path, n_episodes: int) -> None:
        progress, n_written = cvae.data.store.writer._write_progress, 0

        def counted(*arguments: object) -> None:
            nonlocal n_written
            progress(*arguments)
            n_written += 1
            if n_written == n_episodes:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(cvae.data.store.writer, "_write_progress", counted)
            patch.setattr(cvae.data.store.writer, "SYNC_EVERY_S", 0.0)
            with pytest.raises(KeyboardInterrupt):
                write_store(world, 32, folder, "f")

    return write


# The small world has three train episodes: a fourth sync is that of the end, before the header is.
@pytest.mark.parametrize("n_synced", [1, 2, 3, 4])
@pytest.mark.parametrize("damage", [nothing, flip_a_synced_row, cut_synced_rows, damage_the_index, lose_an_array])
def test_what_goes_on_is_the_store_of_one_go(
    n_synced: int,
    damage: Callable[[Path], None],
    small_world: PushingWorld,
    interrupt: Callable[[PushingWorld, Path, int], None],
    tmp_path: Path,
) -> None:
    whole, partial = tmp_path / "whole", tmp_path / "partial"
    whole.mkdir()
    partial.mkdir()
    write_store(small_world, 32, whole, "f")
    interrupt(small_world, partial, n_synced)
    damage(partial / "train")
    write_store(small_world, 32, partial, "f")
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert len(files) == 10
    assert {str(file): (partial / file).read_bytes() for file in files} == {
        str(file): (whole / file).read_bytes() for file in files
    }


def test_what_is_sound_is_not_packed_again(
    small_world: PushingWorld,
    interrupt: Callable[[PushingWorld, Path, int], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    interrupt(small_world, tmp_path, 2)
    drawn: list[str] = []
    episode = PushingWorld.episode

    def noted(world: PushingWorld, split: str, index: int, image_size: int) -> object:
        drawn.append(f"{split} {index}")
        return episode(world, split, index, image_size)

    monkeypatch.setattr(PushingWorld, "episode", noted)
    write_store(small_world, 32, tmp_path, "f")
    assert drawn == ["train 2", "validate 0", "test 0"]


def test_the_digest_of_an_appended_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path, rows = tmp_path / "a.npy", np.arange(12, dtype=np.float32).reshape(4, 3)
    with NpyAppender(path, (3,), np.float32) as file:
        file.append(rows[:1])
    with NpyAppender(path, (3,), np.float32, 1) as file:
        file.append(rows[1:])
    assert file.digest == file_digest(path)
    np.testing.assert_array_equal(np.load(path), rows)
