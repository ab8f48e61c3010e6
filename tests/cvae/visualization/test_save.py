"""Animations show the colours that strips show."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from cvae.data.sources.pushing_world import PushingWorld
from cvae.data.store.store import open_store
from cvae.visualization.sample_grid import Caption, SampledClip, render_sample_grid
from cvae.visualization.save import save_animation, save_pictures
from cvae.visualization.strips import GAP, HEADER, LABEL_WIDTH, PredictedClip

SIZE, N_PAST, N_FRAMES, N_CLIPS = 64, 2, 12, 5

#: In steps of 255: what a palette of 256 colours may move one channel of one pixel of a frame.
LARGEST_ERROR = 32


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[PredictedClip]:
    """Clips of the pushing world over predictions as blurred as an early model's."""
    world = PushingWorld(n_train=1, n_validate=N_CLIPS, n_test=0, n_frames=N_FRAMES)
    store = open_store(world, SIZE, tmp_path_factory.mktemp("store"))
    shown = store.clips("validate", N_FRAMES, use_positions=True)
    made = []
    for i in range(N_CLIPS):
        truth = np.asarray(shown[i].frames)
        blurred = [Image.fromarray(frame).filter(ImageFilter.GaussianBlur(3)) for frame in truth[N_PAST:]]
        made.append(PredictedClip(f"clip-{i}", truth, np.stack([np.asarray(b) for b in blurred]), np.full(10, 20.0)))
    return made


def frames_of(path: Path) -> list[Image.Image]:
    """Every frame of an animation, as it is shown."""
    with Image.open(path) as animation:
        n_frames = getattr(animation, "n_frames", 1)
        frames = []
        for t in range(n_frames):
            animation.seek(t)
            frames.append(animation.convert("RGB"))
    return frames


def chroma(picture: np.ndarray) -> np.ndarray:
    """How far each pixel is from a grey: its largest channel less its smallest."""
    values: np.ndarray = picture.astype(int)
    return np.asarray(values.max(axis=-1) - values.min(axis=-1))


def n_saturated(picture: np.ndarray) -> int:
    return int((chroma(picture) > 100).sum())


def in_strip(strip: Image.Image, clip: int, row: int, t: int) -> np.ndarray:
    left = LABEL_WIDTH + t * (SIZE + GAP) + (6 if t >= N_PAST else 0)
    top = HEADER + clip * (2 * (SIZE + GAP) + 16) + row * (SIZE + GAP)
    return np.asarray(strip.crop((left, top, left + SIZE, top + SIZE)))


def in_animation(frame: Image.Image, clip: int, row: int) -> np.ndarray:
    """A clip's picture within a frame, its pixels (drawn 1.5 times as large) as they were."""
    left, top = LABEL_WIDTH + clip * 104 + 2, HEADER + row * 104 + 2
    drawn = np.asarray(frame.crop((left, top, left + 96, top + 96)))
    at = ((np.arange(SIZE) + 0.5) * 1.5).astype(int)
    return drawn[at][:, at]


def test_every_frame_of_an_animation_has_the_strips_colours(clips: list[PredictedClip], tmp_path: Path) -> None:
    png, gif = save_pictures(clips, tmp_path / "a")
    strip, frames = Image.open(png).convert("RGB"), frames_of(gif)
    assert len(frames) == N_FRAMES
    worst, n_bright = 0, 0
    for t, frame in enumerate(frames):
        for row in range(2 if t >= N_PAST else 1):  # the strip draws no prediction of a given frame
            exact = np.stack([in_strip(strip, i, row, t) for i in range(N_CLIPS)])
            shown = np.stack([in_animation(frame, i, row) for i in range(N_CLIPS)])
            worst = max(worst, int(np.abs(exact.astype(int) - shown).max()))
            assert chroma(shown)[chroma(exact) > 140].min(initial=255) > 100, (t, row)  # no colour turns grey
            if row == 0:
                n_bright += n_saturated(exact)
                assert n_saturated(shown) == pytest.approx(n_saturated(exact), rel=0.05), t
    assert n_bright > 10_000  # the clips do have colours
    assert worst <= LARGEST_ERROR


def test_a_grid_of_samples_keeps_its_colours_too(clips: list[PredictedClip], tmp_path: Path) -> None:
    nothing = np.zeros((10, SIZE, SIZE))
    sampled = [
        SampledClip(c.name, c.truth, dict.fromkeys(("mean", "best", "worst"), c.predicted),
                    dict.fromkeys(("mean", "best", "worst"), c.psnr), nothing, nothing)
        for c in clips[:3]
    ]  # fmt: skip
    exact = render_sample_grid(sampled, Caption("caption", {}))
    shown = frames_of(save_animation(exact, tmp_path / "b"))
    assert len(shown) == len(exact)
    for a, b in zip(exact, shown, strict=True):
        before, after = np.asarray(a).astype(int), np.asarray(b)
        assert np.abs(before - after).max() <= LARGEST_ERROR
        assert n_saturated(after) == pytest.approx(n_saturated(before), rel=0.05)
