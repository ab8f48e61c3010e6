"""Pictures of clips: each frame stands where its column says, pixel for pixel, and a strip says what it shows."""

import json

import numpy as np
import pytest
from PIL import Image

from cvae.visualization.colours import GIVEN, INK, PREDICTED, Frames, font
from cvae.visualization.frame_rows import shorten_name
from cvae.visualization.kl_map import render_kl_map
from cvae.visualization.sample_grid import Caption, SampledClip, render_sample_grid, render_sample_strips
from cvae.visualization.strips import PredictedClip, render_animation, render_strip

N_PAST, H, S = 2, 3, 32
CAPTION = Caption("PSNR 20.00 dB", {"collapsed": True})


def random_frames(n: int, seed: int) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (n, S, S, 3), dtype=np.uint8)


def predicted_clip(name: str = "7@0", seed: int = 0) -> PredictedClip:
    return PredictedClip(name, random_frames(N_PAST + H, seed), random_frames(H, seed + 1), np.arange(20.0, 20 + H))


def sampled_clip(name: str = "7@0") -> SampledClip:
    pictures = {row: random_frames(H, seed) for seed, row in enumerate(("mean", "best", "worst"), 10)}
    psnr = {row: np.arange(20.0, 20 + H) for row in pictures}
    error = np.random.default_rng(3).random((H, S, S))
    return SampledClip(name, random_frames(N_PAST + H, 9), pictures, psnr, error, error / 10)


def holds(picture: Image.Image, frame: Frames, side: int) -> list[tuple[int, int]]:
    """Where a frame is drawn with `side` pixels a side: the (left, top) of every place that is exactly it."""
    wanted = np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.NEAREST))
    pixels = np.asarray(picture)
    corners = np.argwhere((pixels[: 1 - side, : 1 - side] == wanted[0, 0]).all(axis=-1)).tolist()
    return [(x, y) for y, x in corners if np.array_equal(pixels[y : y + side, x : x + side], wanted)]


def test_a_strip_shows_every_frame_once_truth_over_prediction() -> None:
    clips = [predicted_clip(seed=0), predicted_clip("a long name" * 9, seed=5)]
    strip = render_strip(clips)
    for clip in clips:
        truth, predicted = ([holds(strip, frame, 64) for frame in frames] for frames in (clip.truth, clip.predicted))
        assert all(len(corners) == 1 for corners in truth + predicted)
        for (above,), (below,) in zip(truth[N_PAST:], predicted, strict=True):
            assert below[0] == above[0]
            assert below[1] == above[1] + 64 + 2
    notes = json.loads(strip.info["clips"])
    assert [note["name"] for note in notes] == [clip.name for clip in clips]
    assert [note["psnr"] for note in notes] == [21.0, 21.0]
    assert notes[0]["box"][3] == notes[1]["box"][1]


def test_sample_strips_show_truth_mean_best_and_worst_one_below_the_other() -> None:
    clip = sampled_clip()
    strip = render_sample_strips([clip, sampled_clip("b")], CAPTION)
    for k in range(H):
        rows = [clip.truth[N_PAST + k], *(frames[k] for frames in clip.pictures.values())]
        corners = [holds(strip, frame, 64)[0] for frame in rows]
        assert len({x for x, _ in corners}) == 1
        assert sorted(corners) == corners
    assert [note["name"] for note in json.loads(strip.info["clips"])] == ["7@0", "b"]


def test_an_animation_borders_what_is_given_in_grey_and_what_is_predicted_in_orange() -> None:
    clip = predicted_clip()
    for t, picture in enumerate(render_animation([clip], size=64)):
        shown = clip.truth[t] if t < N_PAST else clip.predicted[t - N_PAST]
        x, y = holds(picture, shown, 64)[-1]
        assert picture.getpixel((x - 1, y - 1)) == (GIVEN if t < N_PAST else PREDICTED)


def test_a_grid_shows_the_truth_in_every_row_while_it_is_given() -> None:
    clip = sampled_clip()
    for t, picture in enumerate(render_sample_grid([clip], CAPTION)):
        corners = holds(picture, clip.truth[t], 96)
        assert len(corners) == (4 if t < N_PAST else 1)
        assert picture.getpixel((corners[0][0] - 1, corners[0][1] - 1)) == INK


@pytest.mark.parametrize(
    ("name", "width", "short"), [("7@0", 30, "7@0"), ("traj_0_to_255@20", 60, "traj_..55@20"), ("W" * 99, 40, "WW..W")]
)
def test_a_long_name_is_cut_in_the_middle(name: str, width: int, short: str) -> None:
    assert shorten_name(name, width) == short
    assert font(10).getlength(short) <= width


def ink(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    """How many pixels of a part of a picture are not paper."""
    return int((np.asarray(picture.crop(box)) != 255).any(axis=-1).sum())


@pytest.mark.parametrize("n_past", [1, 2])
def test_a_wide_name_stays_below_the_given_frames(n_past: int) -> None:
    clip = PredictedClip("W" * 60, random_frames(n_past + H, 0), random_frames(H, 1), np.full(H, 20.0))
    strip = render_strip([clip])
    ((x, y),) = holds(strip, clip.predicted[0], 64)
    assert ink(strip, (x - 2, y, x, y + 64)) == 0  # between the last given column and the first predicted one
    assert ink(strip, (64, y, x - 8, y + 64)) > 50  # and the name is there


def test_the_names_of_two_columns_do_not_touch() -> None:
    pictures = render_sample_grid([sampled_clip("W" * 60), sampled_clip("M" * 60)], CAPTION)
    ((first, _), *_) = sorted(holds(pictures[-1], sampled_clip().truth[-1], 96))
    assert ink(pictures[0], (first + 98, 52, first + 104, 68)) == 0


@pytest.mark.parametrize("flags", [{}, {"diverged": True, "collapsed": True}])
def test_a_caption_is_not_cut_off(flags: dict[str, bool]) -> None:
    text = "PSNR 20.00 dB, copy-last 19.00 dB; N = 100; posterior KL 1.23e+04 nats, and more of what is to be said"
    grid = render_sample_grid([sampled_clip()], Caption(text, flags))[0]
    heat = render_kl_map(np.ones((4, 3)), N_PAST, text + text, flags)
    for picture in (grid, heat):
        assert ink(picture, (picture.width - 6, 0, picture.width, 34)) == 0
        assert ink(picture, (picture.width - 200, 0, picture.width, 34)) > 0
