"""Axes over orders of magnitude: where their ticks stand."""

import altair as alt
import pytest

from sweeps.report.figures.theme import decades, log_axis, symlog_axis


@pytest.mark.parametrize(
    ("low", "high", "powers"),
    [
        (1e-3, 1e-1, [-3, -2, -1]),
        (5e-3, 2e-2, [-3, -2, -1]),  # from at or below to at or above
        (3.0, 4.0, [0, 1]),
        (1e-4, 1e-4, [-4]),
    ],
)
def test_decades_hold_both_ends(low: float, high: float, powers: list[int]) -> None:
    assert list(decades(low, high)) == powers


def test_every_power_of_ten_is_its_own_decade() -> None:
    # log10 of a power of ten that is no exact float must not fall beside the power
    assert [list(decades(10.0**power, 10.0**power)) for power in range(-20, 21)] == [[p] for p in range(-20, 21)]


def test_ticks_stand_at_the_powers_and_where_zero_is_shown_at_zero() -> None:
    of_range = log_axis(alt.X, "x:Q", "beta", (2e-3, 5e-2), range(-3, 0), "label").to_dict()
    assert of_range["axis"] == {"grid": False, "labelExpr": "label", "values": [1e-3, 1e-2, 1e-1]}
    assert of_range["scale"] == {"type": "log", "domain": [2e-3, 5e-2]}
    with_zero = symlog_axis(alt.Y, "y:Q", "KL", 0.01, range(-2, 1)).to_dict()
    assert with_zero["axis"]["values"] == [0.0, 1e-2, 1e-1, 1.0]
    assert with_zero["scale"] == {"type": "symlog", "constant": 0.01}
    assert (of_range["title"], with_zero["title"]) == ("beta", "KL")
