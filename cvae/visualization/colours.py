"""Colours of maps: one scale for all runs, so that two pictures can be laid side by side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]

PAPER, INK, FAINT = (255, 255, 255), (33, 37, 41), (134, 142, 150)

GIVEN, PREDICTED = (134, 142, 150), (214, 90, 20)

Frames = NDArray[np.uint8]  # (T, S, S, 3)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of all pictures; it comes with Pillow."""
    return ImageFont.load_default(size)


#: Where the scales of the error and of the spread end, on the range [0, 1] of intensities.
TOP_ERROR, TOP_SPREAD = 0.5, 0.1

#: From nothing to much: black, violet, red, orange, pale yellow; lightness rises evenly.
_STOPS = np.array([(0, 0, 4), (81, 18, 124), (183, 55, 121), (252, 137, 97), (252, 253, 191)], dtype=np.float64)

_BADGES = {"diverged": (200, 30, 30), "collapsed": (112, 72, 170)}


def as_heat(values: NDArray[Any], top: float) -> Frames:
    """Colour values from 0 to `top`: (...) -> (..., 3) uint8; what is no number is white."""
    share = np.clip(np.nan_to_num(values / top, nan=0.0), 0, 1) * (len(_STOPS) - 1)
    low = np.minimum(share.astype(int), len(_STOPS) - 2)
    colours = _STOPS[low] + (share - low)[..., None] * (_STOPS[low + 1] - _STOPS[low])
    return np.where(np.isnan(values)[..., None], 255, colours).round().astype(np.uint8)


def render_colour_bar(canvas: Image.Image, corner: tuple[int, int], width: int, caption: str) -> None:
    """Draw the scale from left to right from its upper left corner on, its caption beneath."""
    left, top = corner
    ramp = np.tile(as_heat(np.linspace(0, 1, width), 1.0), (8, 1, 1))
    canvas.paste(Image.fromarray(ramp), (left, top))
    ImageDraw.Draw(canvas).text((left + width // 2, top + 16), caption, FAINT, font(10), anchor="mm")


def render_badges(canvas: Image.Image, corner: tuple[int, int], flags: dict[str, bool]) -> int:
    """Draw what is wrong with a run, on colour; return where the text after it may begin."""
    words = [name for name in _BADGES if flags.get(name)]
    draw, x = ImageDraw.Draw(canvas), corner[0]
    for word in words:
        width = int(draw.textlength(word.upper(), font(12))) + 14
        box = (x, corner[1], x + width, corner[1] + 18)
        draw.rounded_rectangle(box, 4, _BADGES[word])
        draw.text((x + width // 2, corner[1] + 9), word.upper(), PAPER, font(12), anchor="mm")
        x += width + 6
    return x + 4
