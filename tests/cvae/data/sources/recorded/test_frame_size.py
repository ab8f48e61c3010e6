"""Frames of other sizes: a crop where it is asked for, then averages by area."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae.data.sources import NpzEpisodes, reduce_by_area
from cvae.data.sources.recorded.frame_size import FrameSize, average_by_area, fit_frames
from cvae.errors import InputError

CENTRE = FrameSize(crop="centre")


def exact(line: np.ndarray, size: int) -> list[Fraction]:
    """One row averaged by area in fractions: new pixel p covers [p, p + 1) H / S of the old ones."""
    step = Fraction(len(line), size)
    return [
        sum(
            max(Fraction(0), min((p + 1) * step, j + 1) - max(p * step, Fraction(j))) * int(value)
            for j, value in enumerate(line)
        )
        / step
        for p in range(size)
    ]


@given(st.integers(1, 12).flatmap(lambda h: st.tuples(st.just(h), st.integers(1, h))), st.integers(0, 2**16))
def test_pixels_are_weighed_by_their_area(sizes: tuple[int, int], seed: int) -> None:
    # Against fractions: a frame whose rows are all alike is averaged along its columns alone. Half is rounded up.
    side, size = sizes
    line = np.random.default_rng(seed).integers(0, 256, side, dtype=np.uint8)
    frame = np.broadcast_to(line[None, :, None], (side, side, 3))[None]
    expected = [int(value + Fraction(1, 2)) for value in exact(line, size)]
    for averaged in (average_by_area(frame, size), average_by_area(frame.swapaxes(1, 2), size).swapaxes(1, 2)):
        assert averaged[0, size - 1, :, 1].tolist() == expected


def test_whole_multiples_are_averaged_as_ever() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
    np.testing.assert_array_equal(average_by_area(frames, 8), reduce_by_area(frames, 8))


def test_the_crop_is_the_square_in_the_middle() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 17, 10, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit_frames(frames, CENTRE, 10), frames[:, 3:13])
    np.testing.assert_array_equal(fit_frames(frames.swapaxes(1, 2), CENTRE, 10), frames.swapaxes(1, 2)[:, :, 3:13])


def test_a_source_reads_other_sizes_where_it_is_told_how(write_npz: Callable[..., Path]) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (14, 24, 40, 3), dtype=np.uint8)
    path = write_npz(frames=frames)
    root = path.parents[1]
    with pytest.raises(InputError, match=re.escape(f"{path}: frames are 40x24 pixels; they must be square")):
        list(NpzEpisodes(root=root).episodes("train", 16))
    (episode,) = NpzEpisodes(root=root, size=CENTRE).episodes("train", 16)
    np.testing.assert_array_equal(episode.frames, average_by_area(frames[:, :, 8:32], 16))
    with pytest.raises(InputError, match=re.escape("24 pixels of the frames are left by the crop, fewer than")):
        list(NpzEpisodes(root=root, size=CENTRE).episodes("train", 32))
