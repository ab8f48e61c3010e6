"""npz episodes: what is read, and every fault refused by name."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from cvae.data.sources.npz import NpzEpisodes
from cvae.data.store import open_store
from cvae.errors import InputError

WriteNpz = Callable[..., Path]


def read(root: Path, image_size: int = 16) -> None:
    for _ in NpzEpisodes(root=root).episodes("train", image_size):
        pass


def test_arrays_come_back_as_float32_and_in_name_order(write_npz: WriteNpz) -> None:
    # float64 and integer columns are numbers too; order is by name.
    second = write_npz(name="b", actions=np.arange(28).reshape(14, 2))
    write_npz(name="a", positions=np.ones((14, 3)))
    a, b = NpzEpisodes(root=second.parents[1]).episodes("train", 16)
    assert (a.name, b.name) == ("a", "b")
    assert a.positions is not None
    assert (a.positions.dtype, b.actions.dtype) == (np.float32, np.float32)
    np.testing.assert_array_equal(b.actions, np.arange(28).reshape(14, 2))


def test_an_episode_may_be_used_up_to_a_frame(write_npz: WriteNpz, tmp_path: Path) -> None:
    # the first 12 of 14 frames: the same frames, and another store than that of all of them
    root = write_npz().parents[1]
    whole, part = NpzEpisodes(root=root), NpzEpisodes(root=root, n_frames=12)
    (long,), (short,) = whole.episodes("train", 16), part.episodes("train", 16)
    assert len(short.frames) == len(short.actions) == 12
    np.testing.assert_array_equal(short.frames, long.frames[:12])
    np.testing.assert_array_equal(short.conditions, long.conditions[:12])
    assert whole.digest(16) != part.digest(16)
    assert whole.manifest() != part.manifest()


def nan_in(shape: tuple[int, int]) -> np.ndarray:
    table = np.zeros(shape)
    table[3, 1] = np.nan
    return table


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "no frames": ({"frames": None}, "has no array `frames`"),
    "no actions": ({"actions": None}, "has no array `actions`"),
    "float frames": ({"frames": np.zeros((14, 16, 16, 3))}, "`frames` holds floats of 0 to 0"),
    "grey frames": ({"frames": np.zeros((14, 16, 16), np.uint8)}, "expected numbers (T, H, W, 3)"),
    "channels first": ({"frames": np.zeros((14, 3, 16, 16), np.uint8)}, "shape (14, 3, 16, 16)"),
    "no frame at all": ({"frames": np.zeros((0, 16, 16, 3), np.uint8)}, "shape (0, 16, 16, 3)"),
    "another size": ({"frames": np.zeros((14, 16, 16, 3), np.uint8)}, "16x16 pixels; expected 32x32"),
    "not square": ({"frames": np.zeros((14, 16, 8, 3), np.uint8)}, "8x16 pixels; expected 32x32"),
    "short actions": ({"actions": np.zeros((13, 2))}, "`actions` has 13 rows; expected 14"),
    "long positions": ({"positions": np.zeros((15, 3))}, "`positions` has 15 rows; expected 14"),
    "flat actions": ({"actions": np.zeros(14)}, "`actions` is float64 of shape (14,)"),
    "text actions": ({"actions": np.full((14, 2), "left")}, "expected numbers"),
    "object actions": ({"actions": np.array([[object()] * 2] * 14)}, "plain arrays"),
    "nan actions": ({"actions": nan_in((14, 2))}, "`actions` row 4 column 2 is nan"),
    "nan positions": ({"positions": nan_in((14, 3))}, "`positions` row 4 column 2 is nan"),
    "wider actions": ({"actions": np.zeros((14, 3))}, "`actions` has 3 columns; expected 2 columns"),
    "no positions": ({"positions": None}, "`positions` has none; expected 3 columns"),
    "fewer positions": ({"positions": np.zeros((14, 2))}, "`positions` has 2 columns; expected 3 columns"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_refused_by_name(fault: str, write_npz: WriteNpz) -> None:
    replaced, said = FAULTS[fault]
    write_npz(name="a")
    path = write_npz(name="b", **replaced)
    with pytest.raises(InputError, match=re.escape(str(path))) as caught:
        read(path.parents[1])
    assert said in str(caught.value)


def test_positions_that_only_a_later_file_has_are_refused(write_npz: WriteNpz) -> None:
    write_npz(name="a", positions=None)
    path = write_npz(name="b")
    with pytest.raises(InputError, match=re.escape(f"{path}: `positions` has 3 columns; expected none")):
        read(path.parents[1])


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04broken"])
def test_what_is_not_an_archive_is_refused(content: bytes, write_npz: WriteNpz) -> None:
    path = write_npz()
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{path}: cannot be read as an npz archive")):
        read(path.parents[1])


def test_a_bare_array_under_the_name_of_an_archive_is_refused(write_npz: WriteNpz) -> None:
    path = write_npz()
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(InputError, match=re.escape(f"{path}: cannot be read as an npz archive")):
        read(path.parents[1])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("npz") / "train" / "a.npz"
    path.parent.mkdir()
    random = np.random.default_rng(0)
    arrays = {"actions": random.normal(size=(6, 2)), "positions": random.normal(size=(6, 3))}
    np.savez(path, frames=random.integers(0, 256, (6, 4, 4, 3), dtype=np.uint8), **arrays)
    return path


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_is_a_crash_or_another_clip(sound: Path, data: st.DataObject) -> None:
    # Whatever bytes are lost or changed: an InputError, or the episode that was written.
    root, whole = sound.parents[1], sound.read_bytes()
    (expected,) = NpzEpisodes(root=root).episodes("train", 4)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    sound.write_bytes(damaged[: data.draw(st.sampled_from([len(whole), data.draw(st.integers(0, len(whole)))]))])
    try:
        (found,) = NpzEpisodes(root=root).episodes("train", 4)
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    np.testing.assert_array_equal(found.frames, expected.frames)
    np.testing.assert_array_equal(found.conditions, expected.conditions)


ANY_ARRAY = arrays(
    st.sampled_from([np.uint8, np.int64, np.float32, np.float64, np.bool_, np.complex64, np.dtype("U2"), np.int8]),
    st.lists(st.integers(0, 4), max_size=5).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(frames=ANY_ARRAY, actions=ANY_ARRAY, positions=st.none() | ANY_ARRAY)
def test_no_arrays_are_a_crash_or_other_numbers(
    sound: Path, frames: np.ndarray, actions: np.ndarray, positions: np.ndarray | None
) -> None:
    whole = sound.read_bytes()
    given = {"frames": frames, "actions": actions} | ({} if positions is None else {"positions": positions})
    np.savez(sound, **given)
    try:
        source = NpzEpisodes.model_validate({"root": str(sound.parents[1]), "size": {"crop": "centre"}})
        (found,) = source.episodes("train", 1)
    except InputError:
        return
    finally:
        sound.write_bytes(whole)
    assert found.frames.shape == (len(frames), 1, 1, 3)
    np.testing.assert_allclose(found.actions, actions, rtol=1e-6)
    assert (found.positions is None) == (positions is None)


@pytest.mark.parametrize(
    "options",
    [{"stride": 0}, {"stride": "3"}, {"strides": 3}, {"source": "bair"}],
    ids=["zero", "text", "unknown key", "other source"],
)
def test_options_are_checked_strictly(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        NpzEpisodes.model_validate({"root": str(tmp_path), **options})


def test_a_folder_named_like_a_file_is_refused_packed_or_not(write_npz: WriteNpz, tmp_path: Path) -> None:
    path = write_npz()
    source = NpzEpisodes(root=path.parents[1])
    open_store(source, 32, tmp_path / "packed")
    (path.parent / "b.npz").mkdir()
    for cache in ("packed", "fresh"):
        with pytest.raises(InputError, match=r"b\.npz: is a folder; expected a file"):
            open_store(source, 32, tmp_path / cache)


def test_an_array_whose_name_is_damaged_is_not_an_array_that_is_absent(write_npz: WriteNpz) -> None:
    # the name stands twice in a zip file, the second time in its directory, which alone decides what is there
    path = write_npz()
    data = path.read_bytes()
    at = data.rindex(b"positions.npy")
    path.write_bytes(data[:at] + b"q" + data[at + 1 :])
    with pytest.raises(InputError, match=r"a\.npz: cannot be read as an npz archive"):
        read(path.parents[1])


def test_a_name_that_is_not_utf8_is_refused_and_can_be_printed(write_npz: WriteNpz) -> None:
    path = write_npz()
    path.rename(path.with_name("ep\udce9.npz"))
    done = subprocess.run(
        [sys.executable, "-m", "cvae.data", "inspect", str(path.parents[1])],
        cwd=Path(__file__).parents[4], capture_output=True, check=False, env={"PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.endswith(b"ep\\udce9.npz: its name is not UTF-8; rename it\n")
    assert done.stderr.count(b"\n") == 1
