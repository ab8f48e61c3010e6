"""What a prediction is written as, and the command that writes it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import cvae
from cvae.config.schema import Config
from cvae.errors import InputError
from cvae.predict.__main__ import app
from cvae.predict.prediction_file import check_kind, save_prediction

GIVEN = np.stack([np.full((32, 32, 3), shade, np.uint8) for shade in (0, 60)])
PREDICTED = np.linspace(0, 1, 3 * 4 * 32 * 32 * 3, dtype=np.float32).reshape(3, 4, 32, 32, 3)


def test_arrays_are_the_prediction_rounded(tmp_path: Path) -> None:
    save_prediction(GIVEN, PREDICTED, tmp_path / "a.npz")
    frames = np.load(tmp_path / "a.npz")["frames"]
    assert np.array_equal(frames, (PREDICTED * 255).round().astype(np.uint8))


def test_an_animation_shows_what_was_given_and_then_the_samples_side_by_side(tmp_path: Path) -> None:
    save_prediction(GIVEN, PREDICTED, tmp_path / "a.v1.gif")
    with Image.open(tmp_path / "a.v1.gif") as animation:
        assert animation.n_frames == 6  # type: ignore[attr-defined]
        assert animation.size == (3 * 128, 128)
        animation.seek(0)
        assert np.asarray(animation.convert("RGB")).max() < 10
        animation.seek(5)
        shown = np.asarray(animation.convert("RGB"))
    assert [int(shown[64, 64 + 128 * k, 0]) for k in range(3)] == pytest.approx([82, 167, 252], abs=15)


def test_a_video_is_written_where_av_is_there(tmp_path: Path) -> None:
    try:
        import av
    except ImportError:
        with pytest.raises(InputError, match="needs the package av"):
            save_prediction(GIVEN, PREDICTED, tmp_path / "a.mp4")
        return
    save_prediction(GIVEN, PREDICTED, tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as video:
        assert len(list(video.decode(video=0))) == 6


def test_other_files_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.npz, \.gif, \.mp4"):
        check_kind(tmp_path / "a.avi")
    with pytest.raises(InputError, match="does not exist"):
        check_kind(tmp_path / "none" / "a.npz")


def test_the_command_predicts_as_far_as_the_actions_reach(tiny: Config, tmp_path: Path) -> None:
    run = cvae.train(tiny, tmp_path / "run")
    one = tiny.data.episode("validate", 0, 32)  # type: ignore[union-attr]
    told = {"actions": one.conditions[:9, :4], "positions": one.conditions[:9, 4:]}
    np.savez(tmp_path / "in.npz", frames=one.frames[:2], **told)
    command = [str(run.folder), "--frames", str(tmp_path / "in.npz"), "--samples", "2"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out.npz")])
    assert done.exit_code == 0, done.output
    frames = np.load(tmp_path / "out.npz")["frames"]
    assert frames.shape == (2, 7, 32, 32, 3)
    exact = run.predict(one.frames, told["actions"], 7, 2, positions=told["positions"])
    assert np.array_equal(frames, (exact * 255).round().astype(np.uint8))
    refused = CliRunner().invoke(app, [*command, "--horizon", "8", "--out", str(tmp_path / "b.npz")])
    assert isinstance(refused.exception, InputError)
    assert "each of 10 frames" in str(refused.exception)
