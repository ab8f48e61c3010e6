"""Pictures of predictions: strips (PNG) and animations (GIF) of truth over prediction, by Pillow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import FAINT, GIVEN, INK, PAPER, PREDICTED, Frames, font

GAP, LABEL_WIDTH, HEADER, GIF_MS = 2, 64, 18, 250


@dataclass(frozen=True)
class Sample:
    """One clip's truth beside its prediction."""

    name: str
    truth: Frames  # (n_past + H, S, S, 3)
    predicted: Frames  # (H, S, S, 3)
    psnr: NDArray[np.float64]  # (H,) dB

    @property
    def n_past(self) -> int:
        """Number of given frames."""
        return len(self.truth) - len(self.predicted)


def paste(canvas: Image.Image, frame: Frames, left: int, top: int, size: int) -> None:
    """Draw a frame as a square of `size` pixels, its own pixels as they are."""
    canvas.paste(Image.fromarray(frame).resize((size, size), Image.Resampling.NEAREST), (left, top))


def render_strip(samples: Sequence[Sample], size: int = 64) -> Image.Image:
    """Return one picture: for each clip a row of true frames over a row of predicted ones, PSNR beneath.

    A vertical line separates the given frames from the predicted ones. Its `info["clips"]` says which clip is where.

    Args:
        samples: clips with the same number of frames.
        size: height and width of a drawn frame in pixels.
    """
    n_frames, n_past = len(samples[0].truth), samples[0].n_past
    row = 2 * (size + GAP) + 16
    width = LABEL_WIDTH + n_frames * (size + GAP) + 6
    canvas = Image.new("RGB", (width, HEADER + len(samples) * row), PAPER)
    draw, small = ImageDraw.Draw(canvas), font(10)
    lefts = [LABEL_WIDTH + t * (size + GAP) + (6 if t >= n_past else 0) for t in range(n_frames)]
    for t, left in enumerate(lefts):
        text, colour = (f"t={t}", GIVEN) if t < n_past else (f"t={t}", PREDICTED)
        draw.text((left + size // 2, HEADER // 2), text, colour, small, anchor="mm")
    for i, sample in enumerate(samples):
        top = HEADER + i * row
        draw.text((4, top + size // 2), "truth", INK, font(11), anchor="lm")
        draw.text((4, top + size + GAP + size // 2), "predicted", PREDICTED, font(11), anchor="lm")
        draw.text((4, top + 2 * (size + GAP) + 6), "PSNR, dB", FAINT, small, anchor="lm")
        for t, left in enumerate(lefts):
            paste(canvas, sample.truth[t], left, top, size)
            if t >= n_past:
                paste(canvas, sample.predicted[t - n_past], left, top + size + GAP, size)
                value = f"{sample.psnr[t - n_past]:.1f}"
                draw.text((left + size // 2, top + 2 * (size + GAP) + 6), value, INK, small, anchor="mm")
        draw.text(
            (lefts[0], top + size + GAP + size // 2),
            shorten_name(f"clip {sample.name}", n_past * size),
            FAINT,
            small,
            "lm",
        )
    line = lefts[n_past] - 4
    draw.line([(line, 2), (line, canvas.height - 4)], PREDICTED, 1)
    boxes = [(0, HEADER + i * row, width, HEADER + (i + 1) * row) for i in range(len(samples))]
    canvas.info["clips"] = json.dumps(
        [{"name": s.name, "psnr": float(s.psnr.mean()), "box": box} for s, box in zip(samples, boxes, strict=True)]
    )
    return canvas


def shorten_name(name: str, width: int) -> str:
    """Return a clip's name, cut in the middle to about `width` pixels."""
    most = max(width // 6, 8)
    return name if len(name) <= most else f"{name[: most // 2 - 1]}..{name[-(most // 2 - 1) :]}"


def render_animation(samples: Sequence[Sample], size: int = 96) -> list[Image.Image]:
    """Return the frames of an animation: a column for each clip, truth over prediction, captions baked in.

    On given frames the lower row repeats the truth under a grey border; predicted frames have an orange one.
    """
    n_frames, n_past = len(samples[0].truth), samples[0].n_past
    cell = size + 8
    pictures = []
    for t in range(n_frames):
        is_given = t < n_past
        canvas = Image.new("RGB", (LABEL_WIDTH + len(samples) * cell, HEADER + 2 * cell), PAPER)
        draw, colour = ImageDraw.Draw(canvas), GIVEN if is_given else PREDICTED
        caption = f"t={t}  {'given' if is_given else 'predicted'}"
        draw.text((LABEL_WIDTH, HEADER // 2), caption, colour, font(11), anchor="lm")
        draw.text((4, HEADER + cell // 2), "truth", INK, font(11), anchor="lm")
        draw.text((4, HEADER + cell + cell // 2), "given" if is_given else "predicted", colour, font(11), anchor="lm")
        for i, sample in enumerate(samples):
            left = LABEL_WIDTH + i * cell
            shown = sample.truth[t] if is_given else sample.predicted[t - n_past]
            draw.rectangle([left, HEADER + cell, left + size + 3, HEADER + cell + size + 3], colour)
            paste(canvas, sample.truth[t], left + 2, HEADER + 2, size)
            paste(canvas, shown, left + 2, HEADER + cell + 2, size)
        pictures.append(canvas)
    return pictures
