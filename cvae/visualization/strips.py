"""Pictures of predictions: strips (PNG) and animations (GIF) of truth over prediction, by Pillow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import FAINT, INK, PAPER, PREDICTED, Frames, font
from cvae.visualization.frame_rows import (
    Columns,
    Row,
    note_clips,
    paste,
    paste_bordered,
    phase_of,
    render_headings,
    render_row,
    shorten_name,
)

GAP, LABEL_WIDTH, HEADER, GIF_MS = 2, 64, 18, 250


@dataclass(frozen=True)
class PredictedClip:
    """One clip's truth beside its prediction."""

    name: str
    truth: Frames  # (n_past + H, S, S, 3)
    predicted: Frames  # (H, S, S, 3)
    psnr: NDArray[np.float64]  # (H,) dB

    @property
    def n_past(self) -> int:
        """Number of given frames."""
        return len(self.truth) - len(self.predicted)


def render_strip(clips: Sequence[PredictedClip], size: int = 64) -> Image.Image:
    """Return one picture: for each clip a row of true frames over a row of predicted ones, PSNR beneath.

    A vertical line separates the given frames from the predicted ones. Its `info["clips"]` says which clip is where.

    Args:
        clips: all with the same number of frames.
        size: height and width of a drawn frame in pixels.
    """
    n_frames, n_past, height = len(clips[0].truth), clips[0].n_past, 2 * (size + GAP) + 16
    columns = Columns.of(range(n_frames), n_past, size, left=LABEL_WIDTH, gap=GAP, separator=6)
    canvas = Image.new("RGB", (columns.lefts[-1] + size + GAP, HEADER + len(clips) * height), PAPER)
    render_headings(canvas, columns, HEADER // 2, 10)
    for i, clip in enumerate(clips):
        _render_clip(canvas, clip, columns, HEADER + i * height)
    line = columns.lefts[n_past] - 4
    ImageDraw.Draw(canvas).line([(line, 2), (line, canvas.height - 4)], PREDICTED, 1)
    note_clips(canvas, [{"name": clip.name, "psnr": float(clip.psnr.mean())} for clip in clips], HEADER, height)
    return canvas


def _render_clip(canvas: Image.Image, clip: PredictedClip, columns: Columns, top: int) -> None:
    draw, size, below = ImageDraw.Draw(canvas), columns.size, top + columns.size + GAP
    render_row(canvas, Row("truth", clip.truth), columns, top, label_left=4, beneath=0)
    predicted = Row("predicted", clip.predicted, clip.n_past, clip.psnr)
    render_row(canvas, predicted, columns, below, label_left=4, beneath=GAP + 6)
    draw.text((4, below + size + GAP + 6), "PSNR, dB", FAINT, font(10), anchor="lm")
    name = shorten_name(f"clip {clip.name}", columns.middles()[clip.n_past - 1][1] + size // 2 - columns.lefts[0])
    draw.text((columns.lefts[0], below + size // 2), name, FAINT, font(10), anchor="lm")


def render_animation(clips: Sequence[PredictedClip], size: int = 96) -> list[Image.Image]:
    """Return the frames of an animation: a column for each clip, truth over prediction, captions baked in.

    On given frames the lower row repeats the truth under a grey border; predicted frames have an orange one.
    """
    n_past, cell = clips[0].n_past, size + 8
    pictures = []
    for t in range(len(clips[0].truth)):
        word, colour = phase_of(t, n_past)
        canvas = Image.new("RGB", (LABEL_WIDTH + len(clips) * cell, HEADER + 2 * cell), PAPER)
        draw = ImageDraw.Draw(canvas)
        draw.text((LABEL_WIDTH, HEADER // 2), f"t={t}  {word}", colour, font(11), anchor="lm")
        draw.text((4, HEADER + cell // 2), "truth", INK, font(11), anchor="lm")
        draw.text((4, HEADER + cell + cell // 2), word, colour, font(11), anchor="lm")
        for i, clip in enumerate(clips):
            left = LABEL_WIDTH + i * cell
            paste(canvas, clip.truth[t], left + 2, HEADER + 2, size)
            shown = clip.truth[t] if t < n_past else clip.predicted[t - n_past]
            paste_bordered(canvas, shown, left, HEADER + cell, size, colour)
        pictures.append(canvas)
    return pictures
