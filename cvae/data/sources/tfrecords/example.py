"""The wire format of `tf.train.Example`: named lists of bytes, floats or integers.

Source: https://protobuf.dev/programming-guides/encoding and tensorflow/core/example/feature.proto. Written out:
Example {features = 1}, Features {map<string, Feature> feature = 1}, Feature {bytes_list = 1, float_list = 2,
int64_list = 3}, each list {repeated value = 1}, numbers packed or not.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cvae.errors import InputError

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5

#: A feature's values: bytes as they lie in the record, or numbers (n,).
Feature = list[memoryview] | NDArray[np.float32] | NDArray[np.int64]


def parse_example(data: bytes, where: str) -> dict[str, Feature]:
    """Return the features of a serialised Example by name; bytes are views of `data`.

    Raises:
        InputError: the bytes are no Example; `where` names the record.
    """
    features: dict[str, Feature] = {}
    try:
        for features_message in _submessages(memoryview(data), 1):
            for entry in _submessages(features_message, 1):
                names, values = list(_submessages(entry, 1)), list(_submessages(entry, 2))
                name = bytes(names[-1]).decode() if names else ""
                features[name] = _feature(values[-1]) if values else []
    except (ValueError, IndexError) as error:
        raise InputError(f"{where} is no tf.train.Example ({error})") from error
    return features


def _feature(message: memoryview) -> Feature:
    feature: Feature = []
    for kind, wire, value in _fields(message):
        if wire != DELIMITED or kind not in (1, 2, 3):
            continue
        if kind == 1:
            feature = list(_submessages(value, 1))
        elif kind == 2:
            feature = np.frombuffer(b"".join(_numbers(value, FIXED32)), "<f4")
        else:
            feature = np.array([n for v in _numbers(value, VARINT) for n in _integers(v)], dtype=np.int64)
    return feature


def _submessages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The length-delimited fields of one number."""
    return (value for found, wire, value in _fields(message) if found == number and wire == DELIMITED)


def _numbers(message: memoryview, unpacked: int) -> Iterator[memoryview]:
    """The bytes of a list's numbers, packed in one field or each in its own."""
    return (value for found, wire, value in _fields(message) if found == 1 and wire in (unpacked, DELIMITED))


def _integers(packed: memoryview) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value - (1 << 64) if value >= 1 << 63 else value


def _fields(message: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Number, wire type and bytes of every field of a message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == DELIMITED:
            length, at = _varint(message, at)
            end = at + length
        elif wire == VARINT:
            end = _varint(message, at)[1]
        elif wire in (FIXED64, FIXED32):
            end = at + (8 if wire == FIXED64 else 4)
        else:
            raise ValueError(f"a field of wire type {wire}")
        if number == 0 or end > len(message):
            raise ValueError("a field that reaches beyond its message" if number else "a field without a number")
        yield number, wire, message[at:end]
        at = end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("a number that is cut short")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                break
            return value, at
    raise ValueError("a number of more than 64 bits")
