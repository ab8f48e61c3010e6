"""The framing of TFRecord files: every record is found, every fault is named by file and record."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae.data.sources.tfrecords.framing import list_records, masked_crc, read_record, records_digest
from cvae.errors import InputError
from tests.cvae.data.sources.tfrecords.tfrecord_files import framed, write_records

RECORDS = [b"first", b"", b"x" * 300]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_records(tmp_path / "a.tfrecords", RECORDS)


def test_the_checksum_is_the_published_one() -> None:
    # CRC-32C of 32 zero bytes is 8a9136aa (RFC 3720, B.4), rotated right by 15 and shifted by a282ead8.
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) % 2**32


def test_every_record_comes_back(path: Path) -> None:
    records = list_records(path)
    assert [read_record(record) for record in records] == RECORDS
    assert [record.number for record in records] == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: b"", ": is empty"),
        (lambda data: data[:-1], ": record 2 is cut short: 1 of its 300 bytes"),
        (lambda data: data[: len(framed(b"first")) + 5], ": record 1 is cut short"),
        (lambda data: b"\x06" + data[1:], ": record 0 does not match the checksum of its length"),
    ],
    ids=["empty", "cut at the end", "cut in a header", "another length"],
)
def test_a_broken_framing_is_named_by_file_and_record(path: Path, change, said: str) -> None:  # type: ignore[no-untyped-def]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=re.escape(f"{path}{said}")):
        list_records(path)


def test_a_changed_byte_is_named_when_it_is_read(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    records = list_records(path)
    assert read_record(records[0]) == b"first"
    with pytest.raises(InputError, match=re.escape(f"{path}: record 2 does not match its checksum")):
        read_record(records[2])


def test_the_identity_is_that_of_the_records(path: Path, tmp_path: Path) -> None:
    # Not of the place or time; another byte in a record is another checksum, and so another identity.
    before = records_digest([path], tmp_path)
    other = write_records(tmp_path / "elsewhere" / "a.tfrecords", RECORDS)
    assert records_digest([other], tmp_path / "elsewhere") == before
    write_records(path, [b"firsT", *RECORDS[1:]])
    assert records_digest([path], tmp_path) != before


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_no_damage_is_read_as_data(
    tmp_path_factory: pytest.TempPathFactory, records: list[bytes], data: st.DataObject
) -> None:
    # Whatever bytes are lost or changed: an InputError, or records that were written.
    path = tmp_path_factory.mktemp("fuzz") / "a.tfrecords"
    damaged = bytearray(b"".join(map(framed, records)))
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        read = [read_record(record) for record in list_records(path)]
    except InputError:
        return
    assert read == records[: len(read)]
