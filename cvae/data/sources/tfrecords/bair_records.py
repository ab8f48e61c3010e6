"""A record of the published BAIR download: `T/CAMERA/encoded`, `T/action`, `T/endeffector_pos` for every frame T.

Source: https://sites.google.com/berkeley.edu/robotic-interaction-datasets, Ebert et al. 2017. Frames are raw
bytes, whatever the name says.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cvae.data.sources.episode import EpisodeFormat
from cvae.data.sources.tables import as_float32, require_finite
from cvae.data.sources.tfrecords.example import Feature, parse_example
from cvae.data.sources.tfrecords.framing import Record, read_record
from cvae.errors import InputError

Camera = Literal["image_main", "image_aux1"]

#: Columns of a frame's features, by the name that an episode has for them.
TABLES = {"actions": ("action", 4), "positions": ("endeffector_pos", 3)}


def bair_format(record: Record, camera: Camera) -> EpisodeFormat:
    """What a record's first frame would have all others be."""
    frame = _frame_bytes(parse_example(read_record(record), record.where), 0, camera, record)
    side = math.isqrt(len(frame) // 3)
    if side == 0 or 3 * side * side != len(frame):
        raise InputError(f"{record.where}: `0/{camera}/encoded` has {len(frame)} bytes; expected raw S x S x 3")
    return EpisodeFormat(side, side, TABLES["actions"][1], TABLES["positions"][1])


def read_bair_record(
    record: Record, camera: Camera, n_frames: int, expected: EpisodeFormat
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Frames (T, S, S, 3), actions (T, 4) and positions (T, 3) of a record; InputError names it and the feature."""
    features = parse_example(read_record(record), record.where)
    _require_frames(features, camera, n_frames, record)
    shape = (expected.height, expected.width, 3)
    frames = np.empty((n_frames, *shape), np.uint8)
    for t in range(n_frames):
        frame = _frame_bytes(features, t, camera, record)
        if len(frame) != math.prod(shape):
            raise InputError(
                f"{record.where}: `{t}/{camera}/encoded` has {len(frame)} bytes; expected {math.prod(shape)}, raw "
                f"{shape[0]} x {shape[1]} x 3 like the first"
            )
        frames[t] = np.frombuffer(frame, np.uint8).reshape(shape)
    actions, positions = (_table(features, name, n, n_frames, record) for name, n in TABLES.values())
    return frames, actions, positions


def _require_frames(features: Mapping[str, Feature], camera: Camera, n_frames: int, record: Record) -> None:
    """Refuse a record of another number of frames, be it in one of its features alone."""
    for name in (f"{camera}/encoded", *(name for name, _ in TABLES.values())):
        found = {int(match[1]) for key in features if (match := re.fullmatch(rf"(\d{{1,9}})/{name}", key))}
        if found != set(range(n_frames)):
            missing = sorted(set(range(n_frames)) - found)
            what = f"has no feature `{missing[0]}/{name}`" if missing else f"has frames of `{name}` to {max(found)}"
            raise InputError(f"{record.where} {what}; expected frames 0 to {n_frames - 1}{_others(features, camera)}")


def _others(features: Mapping[str, Feature], camera: Camera) -> str:
    cameras = sorted({key.split("/")[1] for key in features if key.endswith("/encoded") and key.count("/") == 2})
    return f"; its cameras are {', '.join(cameras)}" if cameras and camera not in cameras else ""


def _frame_bytes(features: Mapping[str, Feature], t: int, camera: Camera, record: Record) -> memoryview:
    name = f"{t}/{camera}/encoded"
    values = features.get(name)
    if not isinstance(values, list) or len(values) != 1:
        what = "no feature" if values is None else "no single value of bytes in"
        raise InputError(f"{record.where} has {what} `{name}`{_others(features, camera)}")
    return values[0]


def _table(
    features: Mapping[str, Feature], name: str, n_columns: int, n_frames: int, record: Record
) -> NDArray[np.float32]:
    """The numbers (T, n_columns) of one feature of every frame."""
    table = np.empty((n_frames, n_columns))
    for t in range(n_frames):
        values = features[f"{t}/{name}"]
        if isinstance(values, list) or len(values) != n_columns:
            what = "values of bytes" if isinstance(values, list) else "numbers"
            raise InputError(f"{record.where}: `{t}/{name}` has {len(values)} {what}; expected {n_columns} numbers")
        table[t] = values
    where = Path(record.where)
    require_finite(table, where, f"`{name}` frame")
    return as_float32(table, where)
