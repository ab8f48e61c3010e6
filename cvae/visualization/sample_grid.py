"""Pictures of many samples of a clip: a strip a clip (PNG) and a grid of clips (GIF), by Pillow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import (
    FAINT,
    INK,
    PAPER,
    PREDICTED,
    TOP_ERROR,
    TOP_SPREAD,
    Frames,
    as_heat,
    font,
    render_badges,
    render_colour_bar,
)
from cvae.visualization.frame_rows import (
    Columns,
    Row,
    note_clips,
    paste_bordered,
    phase_of,
    render_headings,
    render_row,
    shorten_name,
)

GAP, LABELS, SEPARATOR, UNDER = 3, 96, 10, 14

HEADER, NAME = 58, 18  # above all clips, and above the rows of each

MAX_COLUMNS = 10  # predicted frames drawn; more of them are thinned out evenly

Map = NDArray[np.float64]  # (H, S, S)


@dataclass(frozen=True)
class SampledClip:
    """One clip: its truth, and what its samples look like."""

    name: str
    truth: Frames  # (T, S, S, 3)
    pictures: dict[str, Frames]  # (H, S, S, 3) by row: mean, best, worst
    psnr: dict[str, NDArray[np.float64]]  # (H,) dB by row
    error: Map  # |truth - mean|, mean over channels
    spread: Map  # standard deviation over the samples, mean over channels

    @property
    def n_past(self) -> int:
        """Number of given frames."""
        return len(self.truth) - len(self.error)

    @property
    def size(self) -> int:
        """Side of a drawn frame: a whole multiple of its pixels, 64 or more."""
        side = int(self.truth.shape[1])
        return side * max(1, 64 // side)

    def rows(self) -> list[Row]:
        """Return the rows of its strip, from the truth down."""
        shown = [Row(_label(name), p, self.n_past, self.psnr[name]) for name, p in self.pictures.items()]
        error = Row("|truth - mean|", as_heat(self.error, TOP_ERROR), self.n_past)
        return [
            Row("truth", self.truth),
            *shown,
            error,
            Row("spread of N", as_heat(self.spread, TOP_SPREAD), self.n_past),
        ]


def _label(name: str) -> str:
    return "mean of N" if name == "mean" else name


@dataclass(frozen=True)
class Caption:
    """What stands over the pictures of a run."""

    text: str
    flags: dict[str, bool]


def _shown_frames(n_past: int, n_frames: int) -> list[int]:
    """Return the frames that are drawn: the given ones, and predicted ones spread evenly from first to last."""
    n_future = n_frames - n_past
    chosen = np.unique(np.linspace(0, n_future - 1, min(n_future, MAX_COLUMNS)).round().astype(int))
    return [*range(n_past), *(n_past + chosen).tolist()]


def render_sample_strips(clips: Sequence[SampledClip], caption: Caption) -> Image.Image:
    """Return one picture: for each clip rows of truth, mean, best and worst sample, error map and spread.

    PSNR in dB stands under each predicted frame, a line separates the given frames from the predicted ones.
    Its `info["clips"]` says which clip is where.
    """
    n_past, size = clips[0].n_past, clips[0].size
    frames = _shown_frames(n_past, len(clips[0].truth))
    columns = Columns.of(frames, n_past, size, left=LABELS, gap=GAP, separator=SEPARATOR)
    height = 6 * (size + GAP) + 3 * UNDER + NAME + 8
    canvas = Image.new("RGB", (columns.lefts[-1] + size + 16, HEADER + len(clips) * height), PAPER)
    _render_header(canvas, caption)
    render_headings(canvas, columns, 48, 11, given=" given")
    for i, clip in enumerate(clips):
        _render_clip(canvas, clip, columns, HEADER + i * height)
    line = columns.lefts[n_past] - SEPARATOR // 2 - 2
    ImageDraw.Draw(canvas).line([(line, 42), (line, canvas.height - 12)], PREDICTED, 2)
    note_clips(canvas, [{"name": clip.name} for clip in clips], HEADER, height)
    return canvas


def _render_header(canvas: Image.Image, caption: Caption) -> None:
    left = render_badges(canvas, (8, 8), caption.flags)
    ImageDraw.Draw(canvas).text((left, 17), caption.text, INK, font(13), anchor="lm")
    if canvas.width > 760:
        render_colour_bar(canvas, (canvas.width - 226, 10), 80, f"error 0 to {TOP_ERROR:g}")
        render_colour_bar(canvas, (canvas.width - 112, 10), 80, f"spread 0 to {TOP_SPREAD:g}")


def _render_clip(canvas: Image.Image, clip: SampledClip, columns: Columns, top: int) -> None:
    name = shorten_name(f"clip {clip.name}", columns.lefts[-1] + columns.size - LABELS, 11)
    ImageDraw.Draw(canvas).text((LABELS, top + 8), name, FAINT, font(11), anchor="lm")
    top += NAME
    for row in clip.rows():
        render_row(canvas, row, columns, top, label_left=8, beneath=7, unit=" dB")
        top += columns.size + GAP + (UNDER if row.psnr is not None else 0)


def render_sample_grid(clips: Sequence[SampledClip], caption: Caption) -> list[Image.Image]:
    """Return the frames of an animation: a column for each clip, truth over mean, best and worst sample.

    On given frames all rows show the truth under a grey border; predicted frames have an orange one and their PSNR.
    """
    n_past, size = clips[0].n_past, clips[0].size * 3 // 2
    rows = ["truth", *clips[0].pictures]
    written = int(font(12).getlength(caption.text)) + 120 * sum(caption.flags.values()) + 24
    width, cell, top = max(LABELS + len(clips) * (size + 10), written), size + 8 + UNDER, 72
    images = []
    for t in range(len(clips[0].truth)):
        word, colour = phase_of(t, n_past)
        canvas = Image.new("RGB", (width, top + len(rows) * cell), PAPER)
        draw = ImageDraw.Draw(canvas)
        left = render_badges(canvas, (8, 8), caption.flags)
        draw.text((left, 17), caption.text, INK, font(12), anchor="lm")
        draw.text((8, 40), f"t = {t}  {word}", colour, font(13), anchor="lm")
        for c, clip in enumerate(clips):
            x = LABELS + c * (size + 10)
            draw.text((x + size // 2, 60), shorten_name(clip.name, size), FAINT, font(10), anchor="mm")
        for r, row in enumerate(rows):
            y, border = top + r * cell, INK if row == "truth" else colour
            draw.text((8, y + size // 2), _label(row), border, font(12), anchor="lm")
            for c, clip in enumerate(clips):
                x, is_truth = LABELS + c * (size + 10), row == "truth" or t < n_past
                shown = clip.truth[t] if is_truth else clip.pictures[row][t - n_past]
                paste_bordered(canvas, shown, x, y, size, border)
                if not is_truth:
                    value = f"{clip.psnr[row][t - n_past]:.1f} dB"
                    draw.text((x + size // 2, y + size + 11), value, INK, font(10), anchor="mm")
        images.append(canvas)
    return images
