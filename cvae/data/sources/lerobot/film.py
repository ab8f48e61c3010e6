"""Frames of an mp4 film, by PyAV: one episode's, each held against the time at which it should come."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources.lerobot.parquet_tables import MISSING
from cvae.errors import InputError

#: How far a frame may be from its time, in frames.
TOLERANCE = 0.25


def read_film(path: Path, start_s: float | None, length: int, fps: float, step: int) -> Iterator[NDArray[np.uint8]]:
    """Yield every `step`-th of `length` frames (H, W, 3) of an episode, one at a time.

    Args:
        path: the film.
        start_s: time of the first frame; None where the film is this episode's alone, which then has no more frames.
        length: frames of the episode.
        fps: frames a second.
        step: keep frames 0, step, ...

    Raises:
        InputError: PyAV is not installed, the film is damaged, or a frame is missing, out of its time, or too many.
    """
    try:
        import av
    except ImportError as error:
        raise InputError(f"source: lerobot {MISSING}") from error
    n_seen = 0
    try:
        with av.open(str(path)) as film:
            for frame, number in _numbered(film, start_s, fps, path):
                if number < -0.5:  # between the key frame that was sought and the first frame
                    continue
                if n_seen == length:
                    if start_s is None:
                        raise InputError(f"{path}: has more frames than the {length} rows of its episode")
                    break
                if abs(number - n_seen) > TOLERANCE:
                    raise InputError(f"{path}: frame {n_seen} of the episode is missing, or not at its time")
                if frame.is_corrupt:
                    raise InputError(f"{path}: frame {n_seen} of the episode is damaged")
                if n_seen % step == 0:
                    yield frame.to_ndarray(format="rgb24")
                n_seen += 1
    except (av.FFmpegError, OSError, ValueError, IndexError, OverflowError, MemoryError) as error:
        raise InputError(f"{path}: cannot be decoded as a film ({error})") from error
    if n_seen < length:
        raise InputError(f"{path}: has {n_seen} frames of the episode; expected {length}")


def _numbered(film: Any, start_s: float | None, fps: float, path: Path) -> Iterator[tuple[Any, float]]:
    """Frames with their number in the episode as their time has it, negative before the first."""
    stream = film.streams.video[0]
    stream.codec_context.options = {"err_detect": "explode"}
    base = stream.time_base or Fraction(1)
    if start_s is None:
        start_s = float((stream.start_time or 0) * base)
    else:
        film.seek(max(0, int((start_s - 0.5 / fps) / base)), stream=stream)
    for frame in film.decode(stream):
        if frame.pts is None:
            raise InputError(f"{path}: has a frame without a time")
        yield frame, (float(frame.pts * base) - start_s) * fps
