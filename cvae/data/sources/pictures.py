"""Frames from files: decoding one picture, and reducing frames to the size that a model sees."""

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from cvae.errors import InputError

# Modes that hold 8-bit colour or grey without loss. 16-bit and floating-point pictures have a range that
# Pillow would clip in silence, and CMYK has no agreed conversion.
CONVERTIBLE = ("RGB", "RGBA", "RGBX", "L", "LA", "P", "1")


#: What `image_size` may be.
IMAGE_SIZES = (32, 64, 128)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file completely; returns (H, W, 3) uint8 RGB.

    Grey and palette pictures become RGB. An alpha channel is dropped when it is opaque throughout.

    Raises:
        InputError: the file is missing, truncated, no picture, transparent, or of a mode other than 8-bit.
    """
    return _decode(path, path)


def decode_picture(data: bytes | memoryview, where: Path) -> NDArray[np.uint8]:
    """As `read_picture`, from the bytes of a PNG or JPEG file; `where` names them in errors."""
    return _decode(io.BytesIO(data), where)


def _decode(file: Path | io.BytesIO, path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as picture:
            _require_convertible(picture, path)
            # open() read the header alone: converting decodes all of it, and a truncated file shows here.
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except FileNotFoundError as error:
        raise InputError(f"{path}: the frame is missing") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be decoded as a picture ({error})") from error


#: How Pillow names the packing of more than 8 bits a channel, which it cuts off in silence: `RGB;16B`.
_DEEP = re.compile(r";(1[0-6]|[2-6]\d)")


def _require_convertible(picture: Image.Image, path: Path) -> None:
    if any(
        _DEEP.search(str(tile.args)) for tile in getattr(picture, "tile", ())
    ):  # before decoding: it empties the list
        raise InputError(f"{path}: has more than 8 bits a channel; 8-bit RGB, grey or palette pictures are read")
    if getattr(picture, "n_frames", 1) > 1:
        raise InputError(f"{path}: is an animation; a frame is one picture")
    if picture.mode not in CONVERTIBLE:
        raise InputError(f"{path}: pixels are of mode {picture.mode}; 8-bit RGB, grey or palette pictures are read")
    if not picture.has_transparency_data:
        return
    alpha_low, _ = picture.convert("RGBA").getchannel("A").getextrema()
    if alpha_low != 255:
        raise InputError(f"{path}: has transparent pixels; frames must be opaque")


def require_square(height: int, width: int, path: Path) -> int:
    """The side of a square frame in pixels; InputError for any other shape."""
    if height != width:
        raise InputError(f"{path}: frames are {width}x{height} pixels; they must be square (`data.size` crops them)")
    return height


def require_multiple(side: int, image_size: int, path: Path) -> None:
    """Refuse frames that cannot be area-averaged from `side` down to `image_size` pixels exactly."""
    if side % image_size:
        require_trainable(side, path)
        raise InputError(
            f"{path}: frames are {side}x{side} pixels; expected {image_size}x{image_size} "
            f"or an integer multiple of it (set `image_size` to {_sizes_for(side)})"
        )


def require_trainable(side: int, path: Path) -> None:
    """Refuse frames that no run can be trained on, whatever its image size."""
    if not _sizes_for(side):
        sizes = " or ".join(f"{size}x{size}" for size in IMAGE_SIZES)
        raise InputError(
            f"{path}: frames are {side}x{side} pixels; runs train on {sizes}, to which frames of an integer multiple "
            "are averaged: resize the frames"
        )


def _sizes_for(side: int) -> str:
    return " or ".join(str(size) for size in IMAGE_SIZES if side % size == 0)


def reduce_by_area(frames: NDArray[np.uint8], image_size: int) -> NDArray[np.uint8]:
    """Average blocks of pixels: (T, k*S, k*S, 3) uint8 to (T, S, S, 3) uint8, rounding half up."""
    n_frames, side = frames.shape[:2]
    if side == image_size:
        return frames
    factor = side // image_size
    blocks = frames.reshape(n_frames, image_size, factor, image_size, factor, 3)
    sums = blocks.sum(axis=(2, 4), dtype=np.uint32)
    n_averaged = factor * factor
    means: NDArray[np.uint8] = ((2 * sums + n_averaged) // (2 * n_averaged)).astype(np.uint8)
    return means
