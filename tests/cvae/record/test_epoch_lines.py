"""The fast parser of evaluations takes and refuses what Python's does."""

import json
import math
from typing import Any

import pytest

from cvae.record.epoch_lines import parse_epochs

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
