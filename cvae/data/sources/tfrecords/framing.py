"""The framing of TFRecord files: length, checksum of the length, bytes, checksum of the bytes.

Source: https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details".
"""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import google_crc32c

from cvae.data.sources.digests import text_digest
from cvae.errors import InputError

HEADER = struct.Struct("<QI")  # length, masked CRC-32C of its eight bytes

FOOTER = struct.Struct("<I")  # masked CRC-32C of the data


class Record(NamedTuple):
    """Where one record lies: its file, its number there from 0, and its data's place in bytes."""

    path: Path
    number: int
    offset: int
    length: int

    @property
    def where(self) -> str:
        """The record for messages."""
        return f"{self.path}: record {self.number}"


def masked_crc(data: bytes | memoryview) -> int:
    """The checksum that the framing stores: CRC-32C, rotated by 15 bits and shifted by a constant."""
    crc = int(google_crc32c.value(bytes(data)))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def list_records(path: Path) -> list[Record]:
    """Every record of a file by its framing alone, the data itself skipped.

    Raises:
        InputError: the file cannot be read, is empty or cut short, or a length does not match its checksum.
    """
    return [record for record, _ in _walk(path)]


def records_digest(paths: Iterable[Path], root: Path) -> str:
    """Identity of the content of files below `root`: lengths and stored checksums of all records.

    A record that is read is held against its checksum, so the checksums stand for the bytes, and 30 GB need not be
    read before they are packed.
    """
    lines = []
    for path in paths:
        lines.append(str(path.relative_to(root)))
        lines += [f"{record.length} {crc:08x}" for record, crc in _walk(path)]
    return text_digest(*lines)


def read_record(record: Record) -> bytes:
    """The data of a record; InputError where it does not match its checksum or cannot be read."""
    try:
        with record.path.open("rb") as file:
            file.seek(record.offset)
            data, footer = file.read(record.length), file.read(FOOTER.size)
    except OSError as error:
        raise InputError(f"{record.path}: cannot be read ({error.strerror})") from error
    if len(footer) < FOOTER.size:
        raise InputError(f"{record.where} is cut short")
    if FOOTER.unpack(footer)[0] != masked_crc(data):
        raise InputError(f"{record.where} does not match its checksum: its bytes are damaged")
    return data


def _walk(path: Path) -> list[tuple[Record, int]]:
    """Every record with its stored checksum."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            return _walk_file(file, path, size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _walk_file(file: BinaryIO, path: Path, size: int) -> list[tuple[Record, int]]:
    if size == 0:
        raise InputError(f"{path}: is empty; expected a TFRecord file")
    found: list[tuple[Record, int]] = []
    start = 0
    while start < size:
        file.seek(start)
        header, where = file.read(HEADER.size), f"{path}: record {len(found)}"
        if len(header) < HEADER.size:
            raise InputError(f"{where} is cut short")
        length, crc = HEADER.unpack(header)
        if crc != masked_crc(header[:8]):
            raise InputError(f"{where} does not match the checksum of its length: it is damaged, or no TFRecord file")
        end = start + HEADER.size + length
        if end + FOOTER.size > size:
            missing = end + FOOTER.size - size
            raise InputError(f"{where} is cut short: {missing} of its {length} bytes and checksum are missing")
        file.seek(end)
        found.append((Record(path, len(found), start + HEADER.size, length), FOOTER.unpack(file.read(FOOTER.size))[0]))
        start = end + FOOTER.size
    return found
