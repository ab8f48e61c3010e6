"""From a full evaluation to its files: scores, diagnostics and pictures."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cvae.evaluate import Evaluation, as_images
from cvae.frames import save_animation, save_strip
from cvae.full_evaluation import FullEvaluation
from cvae.metrics import psnr
from cvae.palette import draw_heat_map
from cvae.portraits import Caption, Portrait, draw_grid, draw_portraits
from cvae.record import write_atomically
from cvae.sampling import Extremes


def save_clips(evaluation: Evaluation, path: Path) -> None:
    """Write the scores of every clip and frame: `name` and an array for each score."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **evaluation.arrays())  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def save_diagnostics(values: Mapping[str, Any], path: Path) -> None:
    """Write diagnostics as JSON."""
    write_atomically(path, (json.dumps(values, allow_nan=False) + "\n").encode())


def portrait(name: str, of: Extremes) -> Portrait:
    """Return what is drawn of a clip."""
    assert of.best is not None
    assert of.worst is not None
    future = of.truth[-len(of.best) :]
    shown = {"mean": of.spread.mean()[:, 0], "best": of.best, "worst": of.worst}
    error = (future.float() - shown["mean"].float()).abs().mean(dim=1)
    spread = of.spread.variance()[:, 0].float().sqrt().mean(dim=1)
    return Portrait(
        name,
        as_images(of.truth),
        {row: as_images(frames) for row, frames in shown.items()},
        {row: psnr(frames, future).numpy() for row, frames in shown.items()},
        *(torch.Tensor.numpy(values.cpu().double()) for values in (error, spread)),
    )


def save_full_pictures(full: FullEvaluation, n_past: int, flags: dict[str, bool], stem: Path) -> list[Path]:
    """Write `STEM.png` (strips), `STEM.gif` (grid) and `STEM-kl.png` (heat map); return their paths.

    Strips and grid show samples: without them there is the heat map alone.
    """
    d = full.diagnostics
    kl, n_dimensions = full.kl.sum().item(), full.kl.shape[1]
    latent = f"KL {kl:.3g} nats a sequence, {d['active_units']} of {n_dimensions} dimensions active, "
    information, bound = max(d["mutual_information"], 0.0), d["mutual_information_bound"]
    latent += f"mutual information {information:.2f} of at most {bound:.2f} nats"
    heat = draw_heat_map(full.kl.numpy(), n_past, latent, flags)
    paths = [save_strip(heat, stem.with_name(f"{stem.name}-kl"))]
    if full.extremes:
        portraits = [portrait(name, of) for name, of in full.extremes.items()]
        score = f"PSNR {full.evaluation.mean('psnr'):.2f} dB, copy-last {full.evaluation.mean('copy_last_psnr'):.2f}"
        caption = Caption(f"{score}; N = {d['n_samples']}; KL {kl:.3g} nats", flags)
        paths.append(save_strip(draw_portraits(portraits, caption), stem))
        paths.append(save_animation(draw_grid(portraits, caption), stem))
    return paths
