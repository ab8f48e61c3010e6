"""The fast parser of evaluations takes and refuses what Python's does."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from cvae.record.epoch_lines import END_BYTES, describe_damage, parse_epochs

LINE = json.dumps(
    {"step": 10, "val/psnr": 20.123456789012345, "train/kl": 1e-7, "x": math.nan, "y": [1, None, True, -0.0, -math.inf]}
)


def by_python(line: bytes) -> Any:
    try:
        values = json.loads(line.decode())
    except ValueError:
        return None
    return values if isinstance(values, dict) and type(values.get("step")) is int else None


def test_a_flipped_bit_is_seen_as_python_sees_it() -> None:
    n_damaged = 0
    for i in range(len(LINE) * 8):
        flipped = bytearray(LINE.encode())
        flipped[i // 8] ^= 1 << i % 8
        if 10 in flipped:
            continue  # two lines
        lines, damaged = parse_epochs(bytes(flipped) + b"\n")
        expected = by_python(bytes(flipped))
        assert (repr(lines), damaged) == (("[]", 1) if expected is None else (repr([expected]), 0))
        n_damaged += damaged
    assert 200 < n_damaged < len(LINE) * 8


@pytest.mark.parametrize(
    "line",
    [LINE, '{"step": 1, "note": "\\ud800"}', '{"step": 1e999}', '{"step": 1, "n": 1' + "0" * 400 + "}", "[]", "1", ""],
)
def test_what_python_takes_is_taken(line: str) -> None:
    expected = by_python(line.encode())
    lines, damaged = parse_epochs(line.encode() + b"\n")
    assert (repr(lines), damaged) == (("[]", 1) if expected is None else (repr([expected]), 0))


def long_record(path: Path, at: int | None = None, how: bytes = b"garbage\n") -> Path:
    """A record many times as long as its ends, with one line put in the place of another."""
    lines = [json.dumps({"step": step, "val/psnr": 20.0}).encode() + b"\n" for step in range(1_000)]
    if at is not None:
        lines[at] = how
    path.write_bytes(b"".join(lines))
    assert path.stat().st_size > 6 * END_BYTES
    return path


@pytest.mark.parametrize(("at", "is_named"), [(None, False), (0, True), (-1, True), (500, False)])
def test_only_the_ends_of_a_long_record_are_looked_at(at: int | None, is_named: bool, tmp_path: Path) -> None:
    path = long_record(tmp_path / "epochs.jsonl", at)
    assert (describe_damage(path, only_ends=True) is not None) == is_named
    assert (describe_damage(path) is not None) == (at is not None)


@pytest.mark.parametrize("torn", [b"", b'{"step": 1000, "va'])
def test_a_torn_last_line_is_no_damage_at_the_end_either(torn: bytes, tmp_path: Path) -> None:
    path = long_record(tmp_path / "epochs.jsonl")
    path.write_bytes(path.read_bytes() + torn)
    assert describe_damage(path, only_ends=True) is None


def test_lines_longer_than_the_ends_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "epochs.jsonl"
    line = json.dumps({"step": 1, "curve": [0.123] * END_BYTES}).encode()
    path.write_bytes(line + b"\n" + line + b"\n")
    assert describe_damage(path, only_ends=True) is None
    path.write_bytes(line + b"\n" + line[:-1] + b"\n")
    assert describe_damage(path, only_ends=True) is not None


def test_what_cannot_be_read_at_all_is_named_by_its_ends_too(tmp_path: Path) -> None:
    assert describe_damage(tmp_path / "none", only_ends=True) is None  # young
    (tmp_path / "a folder").mkdir()
    assert "cannot be read" in str(describe_damage(tmp_path / "a folder", only_ends=True))
