"""The heat map of KL by step and dimension."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cvae.visualization.colours import FAINT, INK, PAPER, as_heat, font, render_badges


def render_kl_map(kl: NDArray[np.float64], n_past: int, caption: str, flags: dict[str, bool]) -> Image.Image:
    """Return the KL of every step (row, 1 at the top) and dimension (column, largest first) with a scale in nats."""
    order = np.argsort(-kl.sum(axis=0), kind="stable")
    n_steps, z_dim = kl.shape
    top = max(float(np.nanmax(kl)), 0.01) if np.isfinite(kl).any() else 0.01
    wide, high, left, head = max(8, 640 // z_dim), max(12, min(28, 420 // n_steps)), 62, 70
    image = Image.fromarray(as_heat(kl[:, order], top)).resize((z_dim * wide, n_steps * high), Image.Resampling.NEAREST)
    written = int(font(13).getlength(caption)) + 120 * sum(flags.values()) + 24
    canvas = Image.new("RGB", (max(left + image.width + 96, written), head + image.height + 46), PAPER)
    canvas.paste(image, (left, head))
    draw = ImageDraw.Draw(canvas)
    draw.text((render_badges(canvas, (8, 8), flags), 17), caption, INK, font(13), anchor="lm")
    draw.text((left, 42), "KL from the prior, by step and dimension", INK, font(12), anchor="lm")
    line = head + (n_past - 1) * high
    if n_past > 1:
        draw.line([(left - 44, line), (left + image.width, line)], (255, 255, 255), 2)
    for step in range(n_steps):
        label = f"t={step + 1}" if step + 1 >= n_past else f"given t={step + 1}"
        draw.text((left - 6, head + step * high + high // 2), label, FAINT, font(10), anchor="rm")
    every = max(1, z_dim // 16)
    for column in range(0, z_dim, every):
        x = left + column * wide + wide // 2
        draw.text((x, head + image.height + 8), f"{order[column]}", FAINT, font(10), anchor="mm")
    middle = (left + image.width // 2, head + image.height + 28)
    draw.text(middle, "dimension of z, largest KL first", INK, font(11), anchor="mm")
    _render_scale(canvas, (left + image.width + 34, head + 16), max(image.height - 24, 40), top)
    return canvas


def _render_scale(canvas: Image.Image, corner: tuple[int, int], height: int, top: float) -> None:
    left, upper = corner
    ramp = np.tile(as_heat(np.linspace(1, 0, height), 1.0)[:, None], (1, 12, 1))
    canvas.paste(Image.fromarray(ramp), (left, upper))
    draw = ImageDraw.Draw(canvas)
    for share in (0.0, 0.5, 1.0):
        y = upper + int((1 - share) * (height - 1))
        draw.text((left + 16, y), f"{share * top:.3g}", INK, font(10), anchor="lm")
    draw.text((left + 6, upper - 12), "nats", INK, font(10), anchor="mm")
