"""From an evaluation to its pictures, PNG and GIF."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cvae.evaluation import ProtocolEvaluation
from cvae.visualization.images import sampled_clip
from cvae.visualization.kl_map import render_kl_map
from cvae.visualization.sample_grid import Caption, render_sample_grid, render_sample_strips
from cvae.visualization.strips import GIF_MS, PredictedClip, render_animation, render_strip

#: Every how many pixels count for an animation's palette: all take twice the time for colours that are as close.
STRIDE = 2


def _clip_notes(picture: Image.Image) -> PngInfo:
    """Return a picture's `info["clips"]` as the text chunk of its PNG: a strip says itself what it shows."""
    notes = PngInfo()
    notes.add_text("clips", picture.info.get("clips", "[]"))
    return notes


def save_pictures(clips: Sequence[PredictedClip], stem: Path) -> tuple[Path, Path]:
    """Write `STEM.png` (strip) and `STEM.gif` (animation); return both paths."""
    return save_strip(render_strip(clips), stem), save_animation(render_animation(clips), stem)


def save_strip(strip: Image.Image, stem: Path) -> Path:
    """Write `STEM.png` and return its path."""
    path = beside(stem, ".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    strip.save(path, pnginfo=_clip_notes(strip))
    return path


def save_animation(images: Sequence[Image.Image], stem: Path) -> Path:
    """Write `STEM.gif`, each frame 250 ms and the last held, all in the same 256 colours, and return its path."""
    path = beside(stem, ".gif")
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = _in_the_same_colours(images)
    durations = [GIF_MS] * len(rest) + [4 * GIF_MS]
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, optimize=False)
    return path


def _in_the_same_colours(images: Sequence[Image.Image]) -> list[Image.Image]:
    """Return the frames of an animation in one palette of 256 colours, chosen for all of them.

    Left to itself, a GIF takes a palette for each frame by how often colours occur: soft predictions fill it, and what
    is small and bright in the truth turns grey. Maximum coverage chooses colours by how far they lie apart instead, and
    one step of k-means moves each into the middle of what it stands for. (WebP and APNG would be exact, but wandb takes
    neither as a video.)
    """
    everything = Image.fromarray(np.concatenate([np.asarray(image)[::STRIDE, ::STRIDE] for image in images]))
    palette = everything.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    return [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]


def beside(stem: Path, suffix: str) -> Path:
    """Return `STEM` + suffix; a dot within the stem's name is part of the name."""
    return stem.with_name(stem.name + suffix)


def save_kl_map(result: ProtocolEvaluation, n_past: int, flags: dict[str, bool], stem: Path) -> Path:
    """Write `STEM-kl.png`, the heat map of an evaluation that looked at the latent, and return its path."""
    assert result.kl is not None
    d, kl = result.diagnostics, result.kl.sum().item()
    information, bound = d["mutual_information"], d["mutual_information_bound"]
    caption = (
        f"posterior KL {kl:.3g} nats a sequence, {d['active_units']} of {result.kl.shape[1]} dimensions active, "
        f"mutual information {information:.2f} of at most {bound:.2f} nats"
    )
    return save_strip(render_kl_map(result.kl.numpy(), n_past, caption, flags), stem.with_name(f"{stem.name}-kl"))


def save_sample_pictures(result: ProtocolEvaluation, flags: dict[str, bool], stem: Path) -> tuple[Path, Path]:
    """Write `STEM.png` (strips) and `STEM.gif` (grid) of an evaluation that drew samples; return both paths."""
    clips = [sampled_clip(name, of) for name, of in result.extremes.items()]
    score = f"PSNR {result.evaluation.mean('psnr'):.2f} dB, copy-last {result.evaluation.mean('copy_last_psnr'):.2f}"
    n_samples = next(iter(result.extremes.values())).spread.n
    latent = "" if result.kl is None else f"; posterior KL {result.kl.sum().item():.3g} nats"
    caption = Caption(f"{score}; N = {n_samples}{latent}", flags)
    strips = save_strip(render_sample_strips(clips, caption), stem)
    return strips, save_animation(render_sample_grid(clips, caption), stem)
