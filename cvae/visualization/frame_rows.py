"""What every picture of clips is made of: frames side by side in rows, given ones told from predicted ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import GIVEN, INK, PREDICTED, Colour, Frames, font


@dataclass(frozen=True)
class Row:
    """One row of a clip's frames; a row that does not begin with the clip shows what was predicted."""

    label: str
    frames: Frames  # (n, S, S, 3), from the clip's frame `first` on
    first: int = 0
    psnr: NDArray[np.float64] | None = None  # (n,) dB, written beneath


@dataclass(frozen=True)
class Columns:
    """Which frames of a clip are drawn, and where."""

    frames: Sequence[int]  # numbers from 0; the given ones first
    lefts: list[int]
    n_past: int
    size: int  # of a drawn frame in pixels

    @classmethod
    def of(cls, frames: Sequence[int], n_past: int, size: int, *, left: int, gap: int, separator: int) -> "Columns":
        """Return columns from `left` on, `gap` pixels apart, and `separator` more before the predicted ones."""
        lefts = [left + i * (size + gap) + (separator if t >= n_past else 0) for i, t in enumerate(frames)]
        return cls(frames, lefts, n_past, size)

    def middles(self) -> list[tuple[int, int]]:
        """Return each frame's number and the middle of its column."""
        return [(t, left + self.size // 2) for t, left in zip(self.frames, self.lefts, strict=True)]


def phase_of(t: int, n_past: int) -> tuple[str, Colour]:
    """Return whether a frame is given or predicted, in word and colour."""
    return ("given", GIVEN) if t < n_past else ("predicted", PREDICTED)


def paste(canvas: Image.Image, frame: Frames, left: int, top: int, size: int) -> None:
    """Draw a frame as a square of `size` pixels, its own pixels as they are."""
    canvas.paste(Image.fromarray(frame).resize((size, size), Image.Resampling.NEAREST), (left, top))


def paste_bordered(canvas: Image.Image, frame: Frames, left: int, top: int, size: int, colour: Colour) -> None:
    """Draw a frame within a border of 2 pixels, whose corner is (left, top)."""
    ImageDraw.Draw(canvas).rectangle([left, top, left + size + 3, top + size + 3], colour)
    paste(canvas, frame, left + 2, top + 2, size)


def render_headings(canvas: Image.Image, columns: Columns, y: int, font_size: int, given: str = "") -> None:
    """Write the number of each column's frame; `given` follows those of given frames."""
    draw = ImageDraw.Draw(canvas)
    for t, middle in columns.middles():
        text = f"t={t}{given}" if t < columns.n_past else f"t={t}"
        draw.text((middle, y), text, phase_of(t, columns.n_past)[1], font(font_size), anchor="mm")


def render_row(
    canvas: Image.Image, row: Row, columns: Columns, top: int, *, label_left: int, beneath: int, unit: str = ""
) -> None:
    """Draw a row from `top` on: its label, its frames, and `beneath` pixels under them their PSNR."""
    draw, size = ImageDraw.Draw(canvas), columns.size
    draw.text((label_left, top + size // 2), row.label, PREDICTED if row.first else INK, font(11), anchor="lm")
    for (t, middle), left in zip(columns.middles(), columns.lefts, strict=True):
        if t < row.first:
            continue
        paste(canvas, row.frames[t - row.first], left, top, size)
        if row.psnr is not None:
            text = f"{row.psnr[t - row.first]:.1f}{unit}"
            draw.text((middle, top + size + beneath), text, INK, font(10), anchor="mm")


def shorten_name(name: str, width: int, font_size: int = 10) -> str:
    """Return a clip's name, cut in the middle until it is at most `width` pixels wide in its font."""
    length, shown = font(font_size).getlength, name
    for kept in range(len(name) - 1, 0, -1):
        if length(shown) <= width:
            break
        shown = f"{name[: (kept + 1) // 2]}..{name[len(name) - kept // 2 :]}"
    return shown


def note_clips(canvas: Image.Image, clips: Sequence[Mapping[str, Any]], top: int, height: int) -> None:
    """Say in `info["clips"]` which clip is where: one below the other from `top` on, each `height` pixels high."""
    boxes = [(0, top + i * height, canvas.width, top + (i + 1) * height) for i in range(len(clips))]
    canvas.info["clips"] = json.dumps([{**clip, "box": box} for clip, box in zip(clips, boxes, strict=True)])
