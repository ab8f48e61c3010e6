"""From a source's own frames to the size that a model sees: a crop where one is stated, then averages by area."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.data.sources.pictures import reduce_by_area, require_multiple, require_square
from cvae.errors import InputError
from cvae.sections import Section


class FrameSize(Section):
    """How frames that are not square, or no multiple of the image size, are brought to it."""

    crop: Literal["centre"] = Field(
        description="part of a frame that is kept: centre, the largest square in its middle"
    )


def cropped_side(height: int, width: int, size: FrameSize | None, path: Path) -> int:
    """The side of the square that is used of frames; InputError where they are not square and no crop is stated."""
    return require_square(height, width, path) if size is None else min(height, width)


def require_reducible(side: int, image_size: int, size: FrameSize | None, path: Path) -> None:
    """Refuse frames that are smaller than the image size, or without `size` no integer multiple of it."""
    if size is None:
        require_multiple(side, image_size, path)
    elif side < image_size:
        raise InputError(
            f"{path}: {side} pixels of the frames are left by the crop, fewer than the image size of {image_size}; "
            "frames are never enlarged"
        )


def fit_frames(frames: NDArray[np.uint8], size: FrameSize | None, image_size: int) -> NDArray[np.uint8]:
    """Crop frames (T, H, W, 3) to their centre, if so asked, and average them by area to (T, S, S, 3)."""
    if size is not None:
        height, width = frames.shape[1:3]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        frames = frames[:, top : top + side, left : left + side]
    side = frames.shape[1]
    return reduce_by_area(frames, image_size) if side % image_size == 0 else average_by_area(frames, image_size)


def average_by_area(frames: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """Average (T, H, H, 3) uint8 to (T, S, S, 3) uint8 for any S <= H, each pixel weighed by its area, half up.

    A new pixel covers H / S old ones a side, the outer two in part. In units of 1 / S of an old pixel all weights are
    whole, and so are the sums, which 64-bit floats hold exactly: the result is the same on every machine.
    """
    n_frames, side = frames.shape[:2]
    new = np.arange(image_size)[:, None] * side  # where new pixels begin, in units of 1/S
    old = np.arange(side)[None] * image_size
    overlap = np.minimum(new + side, old + image_size) - np.maximum(new, old)
    weights = np.clip(overlap, 0, None).astype(np.float64)  # (S, H), rows sum to H
    averaged = np.empty((n_frames, image_size, image_size, 3), np.uint8)
    for t, frame in enumerate(frames):  # one at a time: a float64 copy of a long episode would be eight times its size
        rows = (weights @ frame.reshape(side, -1)).reshape(image_size, side, 3)
        sums = np.matmul(weights, rows).astype(np.int64)  # (S, S, 3)
        averaged[t] = (2 * sums + side * side) // (2 * side * side)
    return averaged
