"""What a mirror shows of a run beside numbers: captioned strips and animations, and the table of its clips."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import wandb
from PIL import Image

from cvae.files import lies_within
from cvae.record import RunFolder

#: Clips in the final table, at most.
TABLE_ROWS = 500

_COLUMNS: list[str | int] = ["clip", "frames", "psnr", "copy_last_psnr", "gain", "first_frame", "last_frame"]


def media_of(stem: Path, section: str, caption: str) -> dict[str, Any]:
    """Return a stem's strip and animation as wandb's media, `<section>/strip` and `<section>/animation`."""
    strip, animation = strip_of(stem), animation_of(stem)
    media: dict[str, Any] = {}
    if _is_own(strip):
        media[f"{section}/strip"] = wandb.Image(str(strip), caption=caption)
    if _is_own(animation):  # by path: from an array wandb would need moviepy
        media[f"{section}/animation"] = wandb.Video(str(animation), caption=caption, format="gif")
    return media


def media_files(stem: Path) -> list[Path]:
    """Return those of a stem's strip and animation that were rendered."""
    return [path for path in (strip_of(stem), animation_of(stem)) if _is_own(path)]


def _is_own(picture: Path) -> bool:
    """Whether a picture was rendered and lies in its run's folder: a link may lead to what is nobody else's."""
    return lies_within(picture, picture.parent.parent)


def strip_of(stem: Path) -> Path:
    """Return the path of a stem's strip."""
    return stem.with_suffix(".png")


def animation_of(stem: Path) -> Path:
    """Return the path of a stem's animation."""
    return stem.with_suffix(".gif")


def caption_of(strip: Path, step: int, psnr: float | None, split: str) -> str:
    """Return a caption: step, score of the split and, where there is a strip, each clip in it with its PSNR."""
    if not _is_own(strip):
        return f"step {step}"
    parts = [f"step {step}"] + ([f"{split} {psnr:.2f} dB"] if psnr is not None else [])
    clips = clips_in(strip)
    scores = [f" {clip['psnr']:.1f} dB" if "psnr" in clip else "" for clip in clips]
    return " · ".join(parts + [f"clip {clip['name']}{score}" for clip, score in zip(clips, scores, strict=True)])


def clips_in(strip: Path) -> list[dict[str, Any]]:
    """Return `name`, `box` and, for a single sample, mean `psnr` of each clip in a strip; empty if it says none."""
    with Image.open(strip) as image:
        return list(json.loads(image.info.get("clips", "[]")))


def clips_table(folder: RunFolder) -> wandb.Table:
    """Return a row for each clip of the final split: its scores and, where they were rendered, its frames."""
    strip = folder.samples / "final.png"
    crops = _crops(strip) if _is_own(strip) else {}
    table = wandb.Table(columns=_COLUMNS)
    with np.load(folder.clips) as scores:
        names, psnr, floor = scores["name"], scores["psnr"], scores["copy_last_psnr"]
    order = sorted(range(len(names)), key=lambda i: (str(names[i]) not in crops, i))[:TABLE_ROWS]
    for i in order:
        name, mean, copied = str(names[i]), float(psnr[i].mean()), float(floor[i].mean())
        table.add_data(name, crops.get(name), mean, copied, mean - copied, float(psnr[i, 0]), float(psnr[i, -1]))
    return table


def _crops(strip: Path) -> dict[str, wandb.Image]:
    """Return the rows of a strip by the clip that each shows; as JPEG, in a tenth of the time: the PNG is logged."""
    with Image.open(strip) as picture:
        boxes = {clip["name"]: tuple(clip["box"]) for clip in clips_in(strip)}
        return {name: wandb.Image(picture.crop(box), file_type="jpg") for name, box in boxes.items()}
