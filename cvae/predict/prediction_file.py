"""The file that a prediction is written to: arrays, an animation or a video."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.visualization import save_animation

#: What may be written, by the end of the file's name.
KINDS = (".npz", ".gif", ".mp4")

FRAMES_PER_SECOND = 4

#: Side below which pictures are drawn larger, by whole multiples.
LEAST_SIDE = 128


def check_kind(path: Path) -> None:
    """Check that a prediction can be written to such a file.

    Raises:
        InputError: the name ends otherwise, or the folder is not there.
    """
    if path.suffix not in KINDS:
        raise InputError(f"--out is {path}: its name must end in {', '.join(KINDS)}")
    if not path.parent.is_dir():
        raise InputError(f"--out is {path}: the folder {path.parent} does not exist")


def save_prediction(given: NDArray[np.uint8], predicted: NDArray[np.float32], path: Path) -> None:
    """Write samples of what follows; pictures show the given frames, then the samples side by side.

    Args:
        given: (n_past, S, S, 3).
        predicted: (K, H, S, S, 3) in [0, 1]; `frames` of an npz file, rounded to uint8.
        path: `.npz`, `.gif` or `.mp4`.

    Raises:
        InputError: the file cannot be written.
    """
    frames = (predicted * 255).round().clip(0, 255).astype(np.uint8)
    if path.suffix == ".npz":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, frames=frames)
        write_atomically(path, buffer.getvalue())
        return
    before = np.broadcast_to(given, (len(frames), *given.shape))
    clips = np.concatenate([before, frames], axis=1)  # (K, T, S, S, 3)
    pictures = [_side_by_side(clips[:, t]) for t in range(clips.shape[1])]
    try:
        if path.suffix == ".gif":
            save_animation(pictures, path.with_suffix(""))
        else:
            _write_video(pictures, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def _side_by_side(samples: NDArray[np.uint8]) -> Image.Image:
    """Draw one frame of every sample, (K, S, S, 3), in a row."""
    row = Image.fromarray(np.concatenate(list(samples), axis=1))
    times = max(1, LEAST_SIDE // samples.shape[1])
    return row.resize((row.width * times, row.height * times), Image.Resampling.NEAREST)


def _write_video(pictures: list[Image.Image], path: Path) -> None:
    try:
        import av
    except ImportError as error:
        raise InputError(f"{path}: a video needs the package av (pip install av); .gif and .npz do not") from error
    frame_of: Any = av.VideoFrame.from_image  # untyped where it is installed
    with av.open(str(path), "w") as video:
        stream = video.add_stream("h264", rate=Fraction(FRAMES_PER_SECOND))
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        for picture in pictures:
            video.mux(stream.encode(frame_of(picture)))
        video.mux(stream.encode())
