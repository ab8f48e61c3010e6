"""A source's own frames and rows before they are brought to size: whole numbers, and a frame rate reduced."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvae.errors import InputError

FrameStride = Annotated[
    int,
    Field(
        ge=1,
        exclude_if=lambda stride: stride == 1,
        description="Keep every n-th frame, each with the n actions up to the next: n times as many action columns.",
    ),
]

#: A key of sources whose episodes differ in length.
FramesUsed = Annotated[int | None, Field(ge=1, description="Frames used of each episode, from its first; null: all.")]

#: A key of sources whose episodes are long.
ClipStride = Annotated[
    int | None,
    Field(ge=1, description="Frames between the starts of two clips of an episode; null: one, from frame 0."),
]


def frame_stride_words(frame_stride: int) -> str:
    """The option as part of a content's identity; nothing where it is 1."""
    return "" if frame_stride == 1 else f" frame_stride={frame_stride}"


def reduce_rate(
    frames: NDArray[np.uint8],
    actions: NDArray[np.float32],
    positions: NDArray[np.float32] | None,
    frame_stride: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32] | None]:
    """Keep frames 0, n, 2n, ... with their positions, and beside each all n actions up to the next.

    Whether actions are velocities or targets, nothing of them is lost: (T, A) becomes (ceil(T / n), n A). After
    the last action it is repeated; no frame that is kept follows those.
    """
    return (
        frames[::frame_stride],
        join_actions(actions, frame_stride),
        None if positions is None else positions[::frame_stride],
    )


def join_actions(actions: NDArray[np.float32], frame_stride: int) -> NDArray[np.float32]:
    """Actions (T, A) as (ceil(T / n), n A): those of n frames in one row."""
    if frame_stride == 1:
        return actions
    n_missing = -len(actions) % frame_stride
    padded = np.concatenate([actions, np.repeat(actions[-1:], n_missing, axis=0)])
    return padded.reshape(-1, frame_stride * actions.shape[1])


def as_frames(values: NDArray[np.generic], where: str) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) as uint8 from any numbers that are whole and lie in 0 to 255.

    Raises:
        InputError: another shape, numbers that are not whole or out of range, or floats in [0, 1], whose range is not
            told apart from a dark picture's.
    """
    if values.dtype.kind not in "uif" or values.ndim != 4 or values.shape[3] != 3 or values.size == 0:
        raise InputError(f"{where} is {values.dtype} of shape {values.shape}; expected numbers (T, H, W, 3), uint8")
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    with np.errstate(invalid="ignore"):
        low, high = values.min(), values.max()
        if not (low >= 0 and high <= 255):  # also where one is NaN
            raise InputError(f"{where} holds {low:g} to {high:g}; frames are whole numbers from 0 to 255")
        frames = values.astype(np.uint8)
        if (frames != values).any():
            other = values[frames != values][0]
            raise InputError(f"{where} holds {other:g}; frames are whole numbers from 0 to 255")
    if values.dtype.kind == "f" and high <= 1:
        raise InputError(f"{where} holds floats of 0 to {high:g}, as if in the range of 0 to 1; expected 0 to 255")
    return frames
