"""Synthetic sequences in the framing of the published BAIR files: both cameras, 30 frames, 256 records a file."""

import struct
from pathlib import Path

import google_crc32c
import numpy as np

N_FRAMES, SIDE, PER_FILE = 30, 64, 256


def write_split(folder: Path, n_sequences: int) -> None:
    """Write a split of sequences of noise, which no codec and no cache makes small."""
    folder.mkdir(parents=True)
    for first in range(0, n_sequences, PER_FILE):
        with (folder / f"traj_{first}_to_{first + PER_FILE - 1}.tfrecords").open("wb") as file:
            for number in range(first, min(first + PER_FILE, n_sequences)):
                data = _example(number)
                length = struct.pack("<Q", len(data))
                file.write(length + _masked(length) + data + _masked(data))


def _example(number: int) -> bytes:
    random = np.random.default_rng(number)
    entries = []
    for t in range(N_FRAMES):
        for camera in ("image_main", "image_aux1"):
            entries.append(_entry(f"{t}/{camera}/encoded", _delimited(1, _delimited(1, random.bytes(3 * SIDE * SIDE)))))
        for name, n in (("action", 4), ("endeffector_pos", 3)):
            numbers = random.normal(size=n).astype("<f4").tobytes()
            entries.append(_entry(f"{t}/{name}", _delimited(2, _delimited(1, numbers))))
    return _delimited(1, b"".join(entries))


def _entry(name: str, feature: bytes) -> bytes:
    return _delimited(1, _delimited(1, name.encode()) + _delimited(2, feature))


def _delimited(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _masked(data: bytes) -> bytes:
    crc = int(google_crc32c.value(data))
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
