"""From a full evaluation to its files: scores, diagnostics and pictures."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cvae.evaluation import FullEvaluation
from cvae.visualization.images import portrait
from cvae.visualization.kl_map import render_kl_map
from cvae.visualization.sample_grid import Caption, render_grid, render_portraits
from cvae.visualization.strips import GIF_MS, Sample, render_animation, render_strip


def _clip_notes(picture: Image.Image) -> PngInfo:
    """Return a picture's `info["clips"]` as the text chunk of its PNG: a strip says itself what it shows."""
    notes = PngInfo()
    notes.add_text("clips", picture.info.get("clips", "[]"))
    return notes


def save_pictures(samples: Sequence[Sample], stem: Path) -> tuple[Path, Path]:
    """Write `STEM.png` (strip) and `STEM.gif` (animation); return both paths."""
    return save_strip(render_strip(samples), stem), save_animation(render_animation(samples), stem)


def save_strip(strip: Image.Image, stem: Path) -> Path:
    """Write `STEM.png` and return its path."""
    path = beside(stem, ".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    strip.save(path, pnginfo=_clip_notes(strip))
    return path


def save_animation(images: Sequence[Image.Image], stem: Path) -> Path:
    """Write `STEM.gif`, each frame 250 ms and the last held, and return its path."""
    path = beside(stem, ".gif")
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = images
    durations = [GIF_MS] * len(rest) + [4 * GIF_MS]
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0)
    return path


def beside(stem: Path, suffix: str) -> Path:
    """Return `STEM` + suffix; a dot within the stem's name is part of the name."""
    return stem.with_name(stem.name + suffix)


def save_full_pictures(full: FullEvaluation, n_past: int, flags: dict[str, bool], stem: Path) -> list[Path]:
    """Write `STEM.png` (strips), `STEM.gif` (grid) and `STEM-kl.png` (heat map); return their paths.

    Strips and grid show samples: without them there is the heat map alone.
    """
    d = full.diagnostics
    kl, n_dimensions = full.kl.sum().item(), full.kl.shape[1]
    latent = f"KL {kl:.3g} nats a sequence, {d['active_units']} of {n_dimensions} dimensions active, "
    information, bound = max(d["mutual_information"], 0.0), d["mutual_information_bound"]
    latent += f"mutual information {information:.2f} of at most {bound:.2f} nats"
    heat = render_kl_map(full.kl.numpy(), n_past, latent, flags)
    paths = [save_strip(heat, stem.with_name(f"{stem.name}-kl"))]
    if full.extremes:
        portraits = [portrait(name, of) for name, of in full.extremes.items()]
        score = f"PSNR {full.evaluation.mean('psnr'):.2f} dB, copy-last {full.evaluation.mean('copy_last_psnr'):.2f}"
        caption = Caption(f"{score}; N = {d['n_samples']}; KL {kl:.3g} nats", flags)
        paths.append(save_strip(render_portraits(portraits, caption), stem))
        paths.append(save_animation(render_grid(portraits, caption), stem))
    return paths
