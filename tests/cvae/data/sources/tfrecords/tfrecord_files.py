"""TFRecord files written by hand from the documentation of the format, as the published data sets are."""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import google_crc32c
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvae.data.sources import Episode, PushingWorld

PER_FILE = 256

Value = bytes | list[bytes] | np.ndarray


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def delimited(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def feature(value: Value) -> bytes:
    if isinstance(value, bytes | list):
        values = [value] if isinstance(value, bytes) else value
        return delimited(1, b"".join(delimited(1, v) for v in values))
    if value.dtype.kind == "f":
        return delimited(2, delimited(1, value.astype("<f4").tobytes()))
    return delimited(3, delimited(1, b"".join(varint(int(v) % 2**64) for v in value.ravel())))


def example(features: Mapping[str, Value]) -> bytes:
    entries = [delimited(1, delimited(1, name.encode()) + delimited(2, feature(v))) for name, v in features.items()]
    return delimited(1, b"".join(entries))


def masked(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17) & 0xFFFFFFFF) + 0xA282EAD8) % 2**32)


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def write_records(path: Path, records: Iterable[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(framed, records)))
    return path


def bair_features(episode: Episode) -> dict[str, Value]:
    """Both cameras: image_aux1 is the episode, image_main its negative."""
    assert episode.positions is not None
    features: dict[str, Value] = {}
    for t, frame in enumerate(episode.frames):
        features[f"{t}/image_main/encoded"] = (255 - frame).tobytes()
        features[f"{t}/image_aux1/encoded"] = frame.tobytes()
        features[f"{t}/action"] = episode.actions[t]
        features[f"{t}/endeffector_pos"] = episode.positions[t]
    return features


def write_bair_download(world: PushingWorld, root: Path, image_size: int, per_file: int = PER_FILE) -> Path:
    """Every split of a world as the published archive unpacks: `root/softmotion30_44k/SPLIT/traj_A_to_B.tfrecords`."""
    folder = root / "softmotion30_44k"
    for split in world.splits():
        write_bair_split(folder / split, list(world.episodes(split, image_size)), per_file)
    return folder


def write_bair_split(folder: Path, episodes: list[Episode], per_file: int = PER_FILE) -> None:
    for first in range(0, len(episodes), per_file):
        records = [example(bair_features(episode)) for episode in episodes[first : first + per_file]]
        write_records(folder / f"traj_{first}_to_{first + per_file - 1}.tfrecords", records)


def any_features(names: Iterable[str]) -> st.SearchStrategy[dict[str, Value]]:
    """Values of any kind and length for some of these features."""
    floats = arrays(np.float32, st.integers(0, 40))
    values = st.one_of(st.binary(max_size=40), st.lists(st.binary(max_size=20), max_size=16), floats)
    return st.dictionaries(st.sampled_from(sorted(names)), values | arrays(np.int64, st.integers(0, 40)), min_size=1)
