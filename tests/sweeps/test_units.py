"""Durations, sizes and other amounts, as people write and read them."""

import pytest

from sweeps.units import format_bytes, format_duration, format_flops, format_times, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("45m", 2700), ("8h", 28800), ("1d12h", 129600), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "8x", "h", "-3h", "0", "inf", "nan"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_duration(text)


def test_amounts_as_people_read_them() -> None:
    assert (format_duration(45), format_duration(200), format_duration(7500)) == ("45 s", "3 min 20 s", "2 h 5 min")
    assert (format_bytes(67e6), format_bytes(3.41e9)) == ("67 MB", "3.4 GB")
    assert [format_flops(n) for n in (2.12e10, 5.5e11, 3.1e17)] == ["21.2 GFLOP", "0.55 TFLOP", "0.31 EFLOP"]
    assert [format_times(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]
