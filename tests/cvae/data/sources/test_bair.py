"""The lab layout's reader: what was written comes back, and every fault is refused by name."""

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cvae.data.lab_layout import write_lab_layout
from cvae.data.sources.bair import Bair
from cvae.data.sources.lab_sequence import N_POSITIONS
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import open_store
from cvae.errors import InputError, fault_of


def read(root: Path, split: str = "train", image_size: int = 32) -> None:
    for _ in Bair(root=root, n_frames=12).episodes(split, image_size):
        pass


def rewrite(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


def set_cell(path: Path, row: int, column: int, text: str) -> None:
    def change(lines: list[str]) -> list[str]:
        cells = lines[row].split(",")
        cells[column] = text
        return [*lines[:row], ",".join(cells), *lines[row + 1 :]]

    rewrite(path, change)


def test_a_written_world_comes_back(lab: Path, small_world: PushingWorld) -> None:
    # PNG is lossless and nine digits hold a float32: read(write(world)) == world, to the last bit.
    n_compared = 0
    for split in small_world.splits():
        pairs = zip(small_world.episodes(split, 32), Bair(root=lab, n_frames=12).episodes(split, 32), strict=True)
        for made, read_back in pairs:
            assert made.name == read_back.name
            np.testing.assert_array_equal(made.frames, read_back.frames)
            np.testing.assert_array_equal(made.conditions, read_back.conditions)
            n_compared += 1
    assert n_compared == 5


def test_sequences_come_in_numerical_order_and_their_names_are_unique(lab: Path) -> None:
    # 9 comes before 10, and traj_256 after traj_0: order by number. Numbers start again in each traj folder.
    first = lab / "train" / "traj_0_to_255.tfrecords"
    (first / "2").rename(first / "10")
    (first / "1").rename(first / "9")
    second = lab / "train" / "traj_256_to_511.tfrecords"
    second.mkdir()
    (first / "0").rename(second / "0")
    names = [episode.name for episode in Bair(root=lab, n_frames=12).episodes("train", 32)]
    assert names == ["traj_0_to_255/9", "traj_0_to_255/10", "traj_256_to_511/0"]


def delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def truncate(folder: Path) -> None:
    path = folder / "4.png"
    path.write_bytes(path.read_bytes()[:-400])


def save(name: str, mode: str, size: int, colour: object = 0) -> Callable[[Path], None]:
    return lambda folder: Image.new(mode, (size, size), colour).save(folder / name)  # type: ignore[arg-type]


FAULTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "missing frame": (delete("7.png"), "7.png", "missing"),
    "missing last frame": (delete("11.png"), "11.png", "missing"),
    "missing actions": (delete("actions.csv"), "actions.csv", "missing"),
    "missing positions": (delete("endeffector_positions.csv"), "endeffector_positions.csv", "missing"),
    "extra frame": (save("12.png", "RGB", 32), "12.png", "not one of the frames 0.png to 11.png"),
    "too few rows": (lambda d: rewrite(d / "actions.csv", lambda s: s[:-1]), "actions.csv", "11 rows; expected 12"),
    "too many rows": (
        lambda d: rewrite(d / "actions.csv", lambda s: [*s, s[0]]),
        "actions.csv",
        "13 rows; expected 12",
    ),
    "empty csv": (lambda d: rewrite(d / "actions.csv", lambda s: []), "actions.csv", "0 rows; expected 12"),
    "wrong columns": (
        lambda d: rewrite(d / "endeffector_positions.csv", lambda s: [s[0] + ",1", *s[1:]]),
        "endeffector_positions.csv",
        f"row 1 has {N_POSITIONS + 1} columns; expected {N_POSITIONS}",
    ),
    "a header": (lambda d: set_cell(d / "actions.csv", 0, 0, "x"), "actions.csv", "row 1 holds 'x'"),
    "an empty cell": (lambda d: set_cell(d / "actions.csv", 2, 1, ""), "actions.csv", "row 3 holds ''"),
    "nan": (lambda d: set_cell(d / "actions.csv", 4, 2, "nan"), "actions.csv", "row 5 column 3 is nan"),
    "infinity": (
        lambda d: set_cell(d / "endeffector_positions.csv", 11, 0, "-inf"),
        "endeffector_positions.csv",
        "row 12 column 1 is -inf",
    ),
    "beyond float32": (lambda d: set_cell(d / "actions.csv", 4, 2, "1e39"), "actions.csv", "range of float32"),
    "binary csv": (lambda d: (d / "actions.csv").write_bytes(b"\xff\xfe\x00"), "actions.csv", "cannot be read as csv"),
    "truncated frame": (truncate, "4.png", "cannot be decoded"),
    "no picture": (lambda d: (d / "4.png").write_text("hello"), "4.png", "cannot be decoded"),
    "empty frame": (lambda d: (d / "4.png").write_bytes(b""), "4.png", "cannot be decoded"),
    "another size": (save("4.png", "RGB", 64), "4.png", "64x64 pixels; expected 32x32"),
    "transparent": (save("4.png", "RGBA", 32, (9, 9, 9, 128)), "4.png", "transparent"),
    "16 bit": (save("4.png", "I;16", 32), "4.png", "more than 8 bits"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_sequence_is_refused_by_file_name(fault: str, lab: Path, sequence: Path, tmp_path: Path) -> None:
    # One clear sentence that names the file; the packer passes it on and leaves no half store behind.
    break_it, file, said = FAULTS[fault]
    break_it(sequence)
    with pytest.raises(InputError, match=re.escape(str(sequence / file))) as caught:
        read(lab)
    assert said in str(caught.value)
    with pytest.raises(InputError, match=re.escape(str(sequence / file))):
        open_store(Bair(root=lab, n_frames=12), 32, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"] == ["digests"]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_grey_palette_and_opaque_pictures_become_rgb(mode: str, lab: Path, sequence: Path) -> None:
    # Nothing is lost by converting these (102 is in the web palette), so they are read like RGB.
    Image.new("RGB", (32, 32), (102, 102, 102)).convert(mode).save(sequence / "4.png")
    frames = list(Bair(root=lab, n_frames=12).episodes("train", 32))[1].frames
    assert (frames[4] == 102).all()


def test_frames_that_are_not_square_are_refused(lab: Path) -> None:
    first = lab / "train" / "traj_0_to_255.tfrecords" / "0" / "0.png"
    Image.new("RGB", (32, 24)).save(first)
    with pytest.raises(InputError, match=re.escape(f"{first}: frames are 32x24 pixels; they must be square")):
        read(lab)


def test_only_integer_multiples_of_the_image_size_are_reduced(lab: Path) -> None:
    # 32 pixels average down to 16 exactly, and to 24 not at all.
    with pytest.raises(InputError, match=r"0\.png: frames are 32x32 pixels; expected 24x24 or an integer multiple"):
        read(lab, image_size=24)
    large = next(Bair(root=lab, n_frames=12).episodes("train", 32)).frames.astype(float)
    small = next(Bair(root=lab, n_frames=12).episodes("train", 16)).frames
    blocks = large.reshape(12, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    assert np.abs(small - blocks).max() <= 0.5


def test_a_split_that_is_absent_is_refused_with_what_is_there(tmp_path: Path, small_world: PushingWorld) -> None:
    write_lab_layout(small_world.model_copy(update={"n_validate": 0}), tmp_path / "w", 16)
    bair = Bair(root=tmp_path / "w", n_frames=12)
    assert bair.splits() == ("train", "test")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'w' / 'validate'}: there is no validate split")) as e:
        next(bair.episodes("validate", 16))
    assert "test/, train/" in str(e.value)


def test_an_empty_split_is_refused_with_what_is_there(lab: Path) -> None:
    (lab / "validate" / "traj_0_to_255.tfrecords").rename(lab / "validate" / "sequences")
    with pytest.raises(InputError, match=re.escape(f"{lab / 'validate'}: the validate split has no sequence")) as e:
        read(lab, "validate")
    assert "sequences/" in str(e.value)


def make_root(root: Path, kind: str) -> Path:
    if kind == "file":
        root.write_text("")
    elif kind == "no splits":
        (root / "training").mkdir(parents=True)
    elif kind == "tfrecord file":
        (root / "train").mkdir(parents=True)
        (root / "train" / "traj_0_to_255.tfrecords").write_bytes(b"raw")
    elif kind == "unnumbered":
        (root / "train" / "traj_0_to_255.tfrecords" / "first").mkdir(parents=True)
    return root


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "does not exist"),
        ("file", "is a file"),
        ("no splits", "it holds training/"),
        ("tfrecord file", "traj_0_to_255.tfrecords: record 0 is cut short"),
        ("unnumbered", "first: expected a sequence folder named by a number"),
    ],
)
def test_a_root_of_another_layout_is_refused(kind: str, said: str, tmp_path: Path) -> None:
    root = make_root(tmp_path / "data", kind)
    with pytest.raises(InputError, match=re.escape(str(root))) as caught:
        [Bair(root=root).locate(split) for split in Bair(root=root).splits()]
    assert said in str(caught.value)


def test_writing_into_a_folder_with_something_in_it_is_refused(lab: Path, small_world: PushingWorld) -> None:
    with pytest.raises(InputError, match=re.escape(f"{lab}: is not empty")):
        write_lab_layout(small_world, lab, 32)


def deep_png(width: int, height: int, kind: int) -> bytes:
    """A PNG of 16 bits a channel (Pillow writes none), of colour type 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    rows = b"".join(b"\0" + b"\x00\xff" * channels * width for _ in range(height))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", [0, 2, 4, 6])
def test_more_than_eight_bits_are_refused_whatever_the_mode(sequence: Path, lab: Path, kind: int) -> None:
    (sequence / "4.png").write_bytes(deep_png(32, 32, kind))
    with pytest.raises(InputError, match=r"4\.png: has more than 8 bits a channel"):
        read(lab)


def test_an_animation_is_no_frame(sequence: Path, lab: Path) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    frames[0].save(sequence / "4.png", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"4\.png: is an animation"):
        read(lab)


@pytest.mark.parametrize("stranger", ["Thumbs.db", "notes", "traj_9.tfrecords"])
def test_the_answer_does_not_depend_on_what_is_packed(lab: Path, tmp_path: Path, stranger: str) -> None:
    # a stranger among the sequences is refused, in the same words, whether the same content is packed or not
    bair, folder = Bair(root=lab, n_frames=12), lab / "train" / "traj_0_to_255.tfrecords"
    open_store(bair, 32, tmp_path / "packed")
    if stranger == "notes":
        (folder / stranger).mkdir()
    else:
        ((folder.parent if stranger.startswith("traj") else folder) / stranger).write_text("x")
    said = [fault_of(lambda: open_store(bair, 32, tmp_path / cache)) for cache in ("packed", "fresh")]  # noqa: B023
    assert said[0] == said[1]
    assert said[0] is not None
    assert stranger in said[0]


def test_a_name_that_is_not_utf8_is_refused(lab: Path) -> None:
    folder = lab / "train" / "traj_0_to_255.tfrecords"
    folder.rename(folder.with_name("traj_\udce9.tfrecords"))
    with pytest.raises(InputError, match=r"its name is not UTF-8; rename it"):
        read(lab)


@pytest.mark.parametrize("leads_to", [".", "..", "../.."])
def test_a_loop_of_links_is_refused_by_name(lab: Path, tmp_path: Path, leads_to: str) -> None:
    (lab / "train" / "loop").symlink_to(leads_to)
    with pytest.raises(InputError, match=r"train/loop.*: is a link to a folder in which it lies"):
        open_store(Bair(root=lab, n_frames=12), 32, tmp_path / "cache")


def test_a_byte_order_mark_is_no_part_of_the_first_number(sequence: Path, lab: Path) -> None:
    before = [episode.actions for episode in Bair(root=lab, n_frames=12).episodes("train", 32)]
    table = sequence / "actions.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    after = [episode.actions for episode in Bair(root=lab, n_frames=12).episodes("train", 32)]
    np.testing.assert_array_equal(before, after)
    set_cell(table, 0, 0, "1_0")
    with pytest.raises(InputError, match="'1_0', which is not a number"):
        read(lab)
