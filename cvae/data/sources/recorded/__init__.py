"""What all recorded sources share: splits made where there are none, frames brought to size, episodes in order."""

from cvae.data.sources.recorded.frame_size import FrameSize, fit_frames
from cvae.data.sources.recorded.made_split import MadeSplit
from cvae.data.sources.recorded.own_frames import (
    ClipStride,
    FrameStride,
    FramesUsed,
    as_frames,
    frame_stride_words,
    join_actions,
    reduce_rate,
)
from cvae.data.sources.recorded.recorded_source import Recorded

__all__ = [
    "ClipStride",
    "FrameSize",
    "FrameStride",
    "FramesUsed",
    "MadeSplit",
    "Recorded",
    "as_frames",
    "fit_frames",
    "frame_stride_words",
    "join_actions",
    "reduce_rate",
]
