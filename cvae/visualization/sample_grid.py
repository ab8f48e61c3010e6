"""Pictures of many samples of a clip: a strip a clip (PNG) and a grid of clips (GIF), by Pillow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import (
    FAINT,
    GIVEN,
    INK,
    PAPER,
    PREDICTED,
    TOP_ERROR,
    TOP_SPREAD,
    Frames,
    as_heat,
    badge,
    colour_bar,
    font,
)
from cvae.visualization.strips import paste, shorten_name

GAP, LABELS, SEPARATOR, UNDER = 3, 96, 10, 14

MAX_COLUMNS = 10  # predicted frames drawn; more of them are thinned out evenly

Map = NDArray[np.float64]  # (H, S, S)


@dataclass(frozen=True)
class Portrait:
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


@dataclass(frozen=True)
class Caption:
    """What stands over the pictures of a run."""

    text: str
    flags: dict[str, bool]


def _columns(n_past: int, n_frames: int) -> list[int]:
    """Return the frames that are drawn: the given ones, and predicted ones spread evenly from first to last."""
    n_future = n_frames - n_past
    chosen = np.unique(np.linspace(0, n_future - 1, min(n_future, MAX_COLUMNS)).round().astype(int))
    return [*range(n_past), *(n_past + chosen).tolist()]


def render_portraits(portraits: Sequence[Portrait], caption: Caption) -> Image.Image:
    """Return one picture: for each clip rows of truth, mean, best and worst sample, error map and spread.

    PSNR in dB stands under each predicted frame, a line separates the given frames from the predicted ones.
    Its `info["clips"]` says which clip is where.
    """
    size = _cell(portraits[0])
    columns = _columns(portraits[0].n_past, len(portraits[0].truth))
    n_past = portraits[0].n_past
    lefts = [LABELS + i * (size + GAP) + (SEPARATOR if t >= n_past else 0) for i, t in enumerate(columns)]
    height = 6 * (size + GAP) + 3 * UNDER + 26
    canvas = Image.new("RGB", (lefts[-1] + size + 16, 58 + len(portraits) * height), PAPER)
    draw = ImageDraw.Draw(canvas)
    _render_header(canvas, caption)
    for t, left in zip(columns, lefts, strict=True):
        text, colour = (f"t={t} given", GIVEN) if t < n_past else (f"t={t}", PREDICTED)
        draw.text((left + size // 2, 48), text, colour, font(11), anchor="mm")
    for i, portrait in enumerate(portraits):
        _render_rows(canvas, portrait, columns, lefts, 58 + i * height, size)
    line = lefts[n_past] - SEPARATOR // 2 - 2
    draw.line([(line, 42), (line, canvas.height - 12)], PREDICTED, 2)
    boxes = [(0, 58 + i * height, canvas.width, 58 + (i + 1) * height) for i in range(len(portraits))]
    canvas.info["clips"] = json.dumps([{"name": p.name, "box": box} for p, box in zip(portraits, boxes, strict=True)])
    return canvas


def _render_header(canvas: Image.Image, caption: Caption) -> None:
    draw = ImageDraw.Draw(canvas)
    left = badge(canvas, (8, 8), caption.flags)
    draw.text((left, 17), caption.text, INK, font(13), anchor="lm")
    if canvas.width > 760:
        colour_bar(canvas, (canvas.width - 226, 10, 80), f"error 0 to {TOP_ERROR:g}")
        colour_bar(canvas, (canvas.width - 112, 10, 80), f"spread 0 to {TOP_SPREAD:g}")


def _render_rows(
    canvas: Image.Image, portrait: Portrait, columns: list[int], lefts: list[int], top: int, size: int
) -> None:
    draw, n_past = ImageDraw.Draw(canvas), portrait.n_past
    name = shorten_name(portrait.name, lefts[-1])
    draw.text((LABELS, top + 8), f"clip {name}", FAINT, font(11), anchor="lm")
    top += 18
    rows: list[tuple[str, Frames, int]] = [("truth", portrait.truth, 0)]
    rows += [(f"{name} of N" if name == "mean" else name, p, n_past) for name, p in portrait.pictures.items()]
    rows += [("|truth - mean|", as_heat(portrait.error, TOP_ERROR), n_past)]
    rows += [("spread of N", as_heat(portrait.spread, TOP_SPREAD), n_past)]
    for label, frames, first in rows:
        colour = PREDICTED if first else INK
        draw.text((8, top + size // 2), label, colour, font(11), anchor="lm")
        scores = portrait.psnr.get(label.removesuffix(" of N"))
        for t, left in zip(columns, lefts, strict=True):
            if t < first:
                continue
            paste(canvas, frames[t - first], left, top, size)
            if scores is not None:
                value = f"{scores[t - first]:.1f} dB"
                draw.text((left + size // 2, top + size + 7), value, INK, font(10), anchor="mm")
        top += size + GAP + (UNDER if scores is not None else 0)


def _cell(portrait: Portrait) -> int:
    """Return the side of a drawn frame: a whole multiple of its pixels, 64 or more."""
    side = int(portrait.truth.shape[1])
    return side * max(1, 64 // side)


def render_grid(portraits: Sequence[Portrait], caption: Caption) -> list[Image.Image]:
    """Return the frames of an animation: a column for each clip, truth over mean, best and worst sample.

    On given frames all rows show the truth under a grey border; predicted frames have an orange one and their PSNR.
    """
    n_past, size = portraits[0].n_past, _cell(portraits[0]) * 3 // 2
    rows = ["truth", *portraits[0].pictures]
    width, cell, top = max(LABELS + len(portraits) * (size + 10), 440), size + 8 + UNDER, 72
    images = []
    for t in range(len(portraits[0].truth)):
        is_given = t < n_past
        colour, word = (GIVEN, "given") if is_given else (PREDICTED, "predicted")
        canvas = Image.new("RGB", (width, top + len(rows) * cell), PAPER)
        draw = ImageDraw.Draw(canvas)
        left = badge(canvas, (8, 8), caption.flags)
        draw.text((left, 17), caption.text, INK, font(12), anchor="lm")
        draw.text((8, 40), f"t = {t}  {word}", colour, font(13), anchor="lm")
        for c, portrait in enumerate(portraits):
            x = LABELS + c * (size + 10)
            draw.text((x + size // 2, 60), shorten_name(portrait.name, size + 12), FAINT, font(10), anchor="mm")
            for r, row in enumerate(rows):
                shown = portrait.truth[t] if is_given or row == "truth" else portrait.pictures[row][t - n_past]
                y = top + r * cell
                draw.rectangle([x, y, x + size + 3, y + size + 3], INK if row == "truth" else colour)
                paste(canvas, shown, x + 2, y + 2, size)
                if row != "truth" and not is_given:
                    value = f"{portrait.psnr[row][t - n_past]:.1f} dB"
                    draw.text((x + size // 2, y + size + 11), value, INK, font(10), anchor="mm")
        for r, row in enumerate(rows):
            label = "mean of N" if row == "mean" else row
            draw.text((8, top + r * cell + size // 2), label, INK if row == "truth" else colour, font(12), anchor="lm")
        images.append(canvas)
    return images
