"""`python -m cvae.data`: what a person sees."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from cvae.config.schema import Config
from cvae.data.inspection import LaunchNeeds, inspect
from cvae.data.sources.bair import Bair
from cvae.data.sources.npz import NpzEpisodes
from cvae.data.sources.pictures import IMAGE_SIZES, require_multiple
from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.sources.tfrecords import list_records
from cvae.errors import InputError
from tests.cvae.data.sources.tfrecords.tfrecord_files import write_bair_download

WriteNpz = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]


def test_inspecting_the_lab_layout(run: Run, lab: Path) -> None:
    status, out, _ = run("inspect", lab, "--n-frames", 12)
    assert status == 0
    assert f"source: bair ({lab})" in out
    assert "32x32" in out
    for row in (r"train\D+3\D+12\D+3", r"validate\D+1\D+12\D+1", r"test\D+1\D+12\D+1"):
        assert re.search(row, out)
    assert "position 2" in out
    assert out.splitlines()[-1] == "no problems found"
    with Image.open("contact-sheet-lab.png") as sheet:
        assert sheet.height > 5 * 128  # a row for each of the five episodes
    with Image.open("contact-sheet-lab-moving.gif") as moving:
        assert moving.n_frames == 12
        moments = [np.array(moving.convert("RGB")) for moving.frame in range(12) if not moving.seek(moving.frame)]
    changes = [
        np.abs(a[30:150].astype(int) - b[30:150]).max() for a, b in pairwise(moments)
    ]  # the first row, below its time
    assert min(changes) > 50
    assert "motion: actions explain" not in out  # of 36 steps nothing can be told
    assert "frozen: 0 of 55 steps (0.0%) change no pixel" in out
    assert re.search(r"copy-last: median \d+\.\d dB over 3 train clips", out)


def test_inspecting_npz_episodes(run: Run, write_npz: WriteNpz) -> None:
    write_npz(name="a", n_frames=14)
    write_npz("validate")
    root = write_npz(name="b", n_frames=34).parents[1]
    status, out, _ = run("inspect", root, "--out", "sheet.png")
    assert status == 0
    assert re.search(r"train\D+2\D+14 to 34\D+4", out)  # 1 clip and 3, one every 10 frames
    assert Path("sheet.png").stat().st_size > 1000


def test_inspecting_the_embedded_world(run: Run, monkeypatch: pytest.MonkeyPatch, small_world: PushingWorld) -> None:
    monkeypatch.setattr("cvae.data.__main__.detect", lambda path, n_frames: small_world)
    status, out, _ = run("inspect", "pushing", "--image-size", 16)
    assert status == 0
    assert "the pushing world" in out
    assert "16x16" in out


def test_inspecting_a_world_says_what_it_hides(
    run: Run, monkeypatch: pytest.MonkeyPatch, small_world: PushingWorld
) -> None:
    monkeypatch.setattr("cvae.data.__main__.detect", lambda path, n_frames: small_world)
    size = ["--image-size", 16, "--clip-length", 10]
    status, out, _ = run("inspect", "pushing", *size, "--gate", 9, "--slip", 0.5)
    assert status == 0
    assert "hidden: the lid hides 0.419 nats a step in the long run, 3.68 in the 9 steps from frame 0; slip 0.5" in out
    assert "frames 2 to 9 of 1 clips at 16x16 pixels" in out
    assert re.search(r"perfect sampler, one sample\D+\d+\.\d\D+\d+\.\d\D+\d+\.\d", out)
    assert re.search(r"mean of the futures\D+\d+\.\d\D+\d+\.\d\D+\d+\.\d", out)
    _, out, _ = run("inspect", "pushing", *size, "--slip", 0)
    assert "hidden: nothing" in out
    assert "perfect sampler" not in out
    _, out, _ = run("inspect", "pushing", *size)
    assert "hidden: slip 1 hides an amount that is not known\n" in out


def test_every_problem_of_every_file_is_found(run: Run, lab: Path, sequence: Path) -> None:
    # Reading for training stops at the first fault; inspecting goes on to the last.
    (sequence / "2.png").unlink()
    (sequence / "5.png").write_bytes(b"")
    (sequence / "actions.csv").write_text("1,2,3,4\n")
    other = lab / "test" / "traj_0_to_255.tfrecords" / "0" / "endeffector_positions.csv"
    other.write_text(other.read_text().replace("0.", "nan", 1))
    status, out, _ = run("inspect", lab, "--n-frames", 12)
    assert status == 2
    problems = [line for line in out.splitlines() if line.startswith("problem: ")]
    assert len(problems) == 4
    for path in (sequence / "2.png", sequence / "5.png", sequence / "actions.csv", other):
        assert any(str(path) in problem for problem in problems)
    assert out.splitlines()[-1].startswith("4 problems found")


def test_a_broken_first_episode_does_not_hide_the_others_faults(lab: Path, sequence: Path) -> None:
    first = sequence.parent / "0" / "0.png"
    first.unlink()
    Image.new("RGB", (16, 16)).save(sequence / "3.png")
    problems = inspect(Bair(root=lab, n_frames=12), LaunchNeeds({"train": 12, "validate": 12})).problems
    assert len(problems) == 2
    assert str(first) in problems[0]
    assert "3.png: the frame is 16x16 pixels; expected 32x32" in problems[1]


def test_only_so_many_problems_are_printed(run: Run, lab: Path) -> None:
    for path in lab.glob("train/*/*/*.png"):
        path.write_bytes(b"")
    status, out, _ = run("inspect", lab, "--n-frames", 12)
    assert status == 2
    assert out.count("problem: ") == 20
    assert out.splitlines()[-1].startswith("36 problems found, 20 shown")


def test_clips_that_are_too_long_are_a_problem(run: Run, lab: Path) -> None:
    status, out, _ = run("inspect", lab, "--n-frames", 12, "--clip-length", 13)
    assert status == 2
    assert "no train episode is long enough for a clip of 13 frames; the longest has 12" in out


def test_writing_the_world_out(run: Run) -> None:
    options = [
        "--episodes",
        2,
        "--validate",
        0,
        "--test",
        1,
        "--n-frames",
        12,
        "--image-size",
        16,
        "--seed",
        4,
        "--gate",
        6,
    ]
    status, out, _ = run("write", "world", *options)
    assert (status, out) == (0, "wrote 2 train, 1 test sequences to world\n")
    made = PushingWorld(seed=4, n_frames=12, gate=6.0).episode("train", 1, 16)
    read_back = list(Bair(root=Path("world"), n_frames=12).episodes("train", 16))
    np.testing.assert_array_equal(read_back[1].frames, made.frames)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inspect", "nowhere"], "nowhere: the data folder does not exist"),
        (["inspect", "."], "has none of the folders"),
        (["inspect"], "Missing"),
        (["inspect", "pushing", "--clip-length", "0"], "--clip-length"),
        (["write", "w", "--slip", "-1"], "slip=-1.0: Input should be greater than or equal to 0"),
        (["write", "w", "--n-frames", "5"], "n_frames=5"),
        (["write", "w", "--gate", "0.5"], "gate=0.5: must be 0 or at least 1"),
        (["inspect", "pushing", "--gate", "17"], "gate=17.0"),
        (["write", "/proc/nowhere/w"], "/proc/nowhere/w: cannot be written"),
        (["draw"], "draw"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_users_mistake_is_one_line(arguments: list[str], said: str, run: Run) -> None:
    status, out, error = run(*arguments)
    assert status == 2
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1
    assert out == ""


def test_a_folder_of_neither_layout_or_both_is_refused(run: Run, lab: Path) -> None:
    (lab / "train" / "a.npz").touch()
    assert "both layouts" in run("inspect", lab)[2]
    (lab / "new" / "train" / "videos").mkdir(parents=True)
    assert "neither layout (train/ holds videos/)" in run("inspect", lab / "new")[2]


def test_options_of_the_world_are_not_of_a_folder(run: Run, lab: Path) -> None:
    status, _, error = run("inspect", lab, "--gate", 9, "--n-objects", 3)
    assert status == 2
    assert error == f"error: {lab}: --gate, --n-objects can only be given for the pushing world\n"


def test_a_sheet_that_cannot_be_written_is_a_users_mistake(run: Run, lab: Path) -> None:
    status, _, error = run("inspect", lab, "--n-frames", 12, "--out", "missing/sheet.png")
    assert (status, "missing/sheet.png: the contact sheet cannot be written" in error) == (2, True)


def test_a_download_is_inspected_as_it_is(run: Run, small_world: PushingWorld, tmp_path: Path) -> None:
    # The root may be the folder that the archive was unpacked in; a damaged record is named, the others are read.
    folder = write_bair_download(small_world, tmp_path / "d", 32)
    status, out, _ = run("inspect", tmp_path / "d", "--n-frames", 12)
    assert (status, out.splitlines()[-1]) == (0, "no problems found")
    assert re.search(r"train\D+3\D+12\D+3", out)
    path = folder / "train" / "traj_0_to_255.tfrecords"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    status, out, _ = run("inspect", tmp_path / "d", "--n-frames", 12)
    assert status == 2
    problems = [line for line in out.splitlines() if line.startswith("problem: ")]
    assert problems == [f"problem: {path}: record 2 does not match its checksum: its bytes are damaged"]


def test_a_file_that_ends_too_early_is_said(run: Run, small_world: PushingWorld, tmp_path: Path) -> None:
    # between two records a cut leaves a sound file, and the name alone knows how many there were
    folder = write_bair_download(small_world, tmp_path / "d", 32, per_file=3)
    _, out, _ = run("inspect", folder, "--n-frames", 12)
    assert "train/traj_0_to_2.tfrecords" not in out
    path = folder / "train" / "traj_0_to_2.tfrecords"
    kept = list_records(path)[2]
    path.write_bytes(path.read_bytes()[: kept.offset - 12])
    status, out, _ = run("inspect", folder, "--n-frames", 12)
    assert status == 0
    assert f"warning: {path}: holds 2 records, its name says 3: was it downloaded whole?" in out


def test_a_made_split_is_said(run: Run, monkeypatch: pytest.MonkeyPatch, write_npz: WriteNpz) -> None:
    root = [write_npz(name=name, n_frames=20) for name in "abcd"][-1].parents[1]
    made = {"from": "train", "share": 0.25}
    source = NpzEpisodes.model_validate({"root": str(root), "validate": made})
    monkeypatch.setattr("cvae.data.__main__.detect", lambda path, n_frames: source)
    status, out, _ = run("inspect", root)
    assert status == 0
    assert "made:   validate from train, share 0.25, seed 0" in out
    assert re.search(r"train\D+3\D+20", out)
    assert re.search(r"validate\D+1\D+20", out)


def resize(lab: Path) -> None:
    for path in lab.rglob("*.png"):
        Image.new("RGB", (48, 48)).save(path)


def test_advice_about_sizes_can_be_followed(run: Run, lab: Path) -> None:
    assert set(IMAGE_SIZES) == set(get_args(Config.model_fields["image_size"].annotation))
    resize(lab)
    _, out, _ = run("inspect", lab, "--n-frames", 12)
    assert "48x48 pixels; runs train on 32x32 or 64x64 or 128x128" in out
    with pytest.raises(InputError, match=r"expected 64x64.*set `image_size` to 32"):
        require_multiple(96, 64, lab)
