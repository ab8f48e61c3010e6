"""What a mirror shows of a run beside numbers: captioned strips and animations, and the table of its clips."""

import json
import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import wandb
from PIL import Image

from cvae.errors import InputError
from cvae.files import lies_within
from cvae.record import RunFolder

#: What numpy and zipfile raise at a damaged file.
UNREADABLE = (OSError, ValueError, EOFError, LookupError, NotImplementedError, RuntimeError, BadZipFile, zlib.error)

#: Clips in the final table, at most.
TABLE_ROWS = 500

_COLUMNS: list[str | int] = ["clip", "frames", "psnr", "copy_last_psnr", "gain", "first_frame", "last_frame"]


def media_of(stem: Path, section: str, caption: str) -> dict[str, Any]:
    """Return a stem's strip and animation as wandb's media, `<section>/strip` and `<section>/animation`."""
    strip, animation = strip_of(stem), animation_of(stem)
    media: dict[str, Any] = {}
    if _is_shown(strip):
        media[f"{section}/strip"] = wandb.Image(str(strip), caption=caption)
    if _is_shown(animation):  # by path: from an array wandb would need moviepy
        media[f"{section}/animation"] = wandb.Video(str(animation), caption=caption, format="gif")
    return media


def media_files(stem: Path) -> list[Path]:
    """Return those of a stem's strip and animation that were rendered."""
    return [path for path in (strip_of(stem), animation_of(stem)) if _is_shown(path)]


def _is_shown(picture: Path) -> bool:
    """Whether a picture was rendered, can be read and lies in its run's folder: a link may lead to what is private."""
    return lies_within(picture, picture.parent.parent) and _fault_of_picture(picture) is None


def media_faults(stem: Path) -> list[str]:
    """Return what is wrong with those of a stem's strip and animation that are left out, a sentence each."""
    faults = (_fault_of_picture(path) for path in (strip_of(stem), animation_of(stem)))
    return [fault for fault in faults if fault is not None]


def _fault_of_picture(picture: Path) -> str | None:
    try:
        with Image.open(picture) as image:
            image.verify()
    except FileNotFoundError:
        return None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        return f"{picture}: is damaged ({error})"
    return None


def strip_of(stem: Path) -> Path:
    """Return the path of a stem's strip."""
    return stem.with_suffix(".png")


def animation_of(stem: Path) -> Path:
    """Return the path of a stem's animation."""
    return stem.with_suffix(".gif")


def caption_of(strip: Path, step: int, psnr: float | None, split: str) -> str:
    """Return a caption: step, score of the split and, where there is a strip, each clip in it with its PSNR."""
    if not _is_shown(strip):
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
    """Return a row for each clip of the final split: its scores and, where they were rendered, its frames.

    Raises:
        InputError: the scores cannot be read.
    """
    strip = folder.samples / "final.png"
    crops = _crops(strip) if _is_shown(strip) else {}
    table = wandb.Table(columns=_COLUMNS)
    try:
        with folder.clips.open("rb") as file, np.load(file) as scores:
            names, psnr, floor = scores["name"], scores["psnr"], scores["copy_last_psnr"]
        order = sorted(range(len(names)), key=lambda i: (str(names[i]) not in crops, i))[:TABLE_ROWS]
        for i in order:
            name, mean, copied = str(names[i]), float(psnr[i].mean()), float(floor[i].mean())
            table.add_data(name, crops.get(name), mean, copied, mean - copied, float(psnr[i, 0]), float(psnr[i, -1]))
    except UNREADABLE as error:
        raise InputError(f"{folder.clips}: is damaged ({error})") from error
    return table


def _crops(strip: Path) -> dict[str, wandb.Image]:
    """Return the rows of a strip by the clip that each shows; as JPEG, in a tenth of the time: the PNG is logged."""
    with Image.open(strip) as picture:
        boxes = {clip["name"]: tuple(clip["box"]) for clip in clips_in(strip)}
        return {name: wandb.Image(picture.crop(box), file_type="jpg") for name, box in boxes.items()}
