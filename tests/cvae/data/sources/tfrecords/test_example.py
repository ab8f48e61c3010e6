"""tf.train.Example's wire format, as other writers may write it."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae.data.sources.tfrecords.example import parse_example
from cvae.errors import InputError
from tests.cvae.data.sources.tfrecords.tfrecord_files import delimited, example, varint


def test_every_kind_of_feature_comes_back() -> None:
    parsed = parse_example(
        example(
            {
                "pictures": [b"one", b"two"],
                "floats": np.array([1.5, -2.0], np.float32),
                "integers": np.array([3, -1, 2**40], np.int64),
                "none": [],
            }
        ),
        "r",
    )
    assert [bytes(value) for value in parsed["pictures"]] == [b"one", b"two"]
    np.testing.assert_array_equal(parsed["floats"], [1.5, -2.0])
    np.testing.assert_array_equal(parsed["integers"], [3, -1, 2**40])
    assert len(parsed["none"]) == 0


def test_numbers_need_not_be_packed_and_unknown_fields_are_passed_over() -> None:
    floats = b"".join(varint(1 << 3 | 5) + struct.pack("<f", x) for x in (0.5, 4.0))
    integers = b"".join(varint(1 << 3) + varint(n) for n in (7, 300))
    unknown = varint(9 << 3) + varint(5) + varint(8 << 3 | 1) + bytes(8)

    def entry(name: bytes, kind: int, values: bytes) -> bytes:
        return delimited(1, unknown + delimited(1, name) + delimited(2, delimited(kind, values)))

    parsed = parse_example(unknown + delimited(1, entry(b"f", 2, floats) + entry(b"i", 3, integers)), "r")
    np.testing.assert_array_equal(parsed["f"], [0.5, 4.0])
    np.testing.assert_array_equal(parsed["i"], [7, 300])


@pytest.mark.parametrize("data", [b"\x0a\x05abc", b"\x0a", b"\x0b\x00", b"\x80" * 12, b"\x02\x00"])
def test_what_is_no_example_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"the record is no tf.train.Example"):
        parse_example(data, "the record")


SOUND = example({"a": [b"x" * 20], "b": np.arange(4, dtype=np.float32), "c": np.arange(3)})


@given(st.one_of(st.binary(max_size=60), st.integers(0, len(SOUND)).map(lambda n: SOUND[:n])))
def test_no_bytes_are_a_crash(data: bytes) -> None:
    with suppress(InputError):
        parse_example(data, "r")


@given(st.integers(0, len(SOUND) - 1), st.integers(0, 255))
def test_no_changed_byte_is_a_crash(position: int, value: int) -> None:
    changed = bytearray(SOUND)
    changed[position] = value
    with suppress(InputError):
        parse_example(bytes(changed), "r")
