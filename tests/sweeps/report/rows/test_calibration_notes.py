"""The page quotes the simulation of as many arms as the study has."""

import pytest

from sweeps.report.rows.calibration_notes import calibration_notes
from sweeps.report.statistics.calibration import calibration


@pytest.mark.parametrize(
    ("n_arms", "word"), [(1, "two"), (2, "two"), (3, "three"), (4, "three"), (7, "eight"), (12, "eight")]
)
def test_the_nearest_number_of_arms_is_quoted(n_arms, word):
    family, _, looks, _ = calibration_notes(n_arms)
    assert f", {word} equal arms, " in family
    assert looks.startswith(word.capitalize())


def test_the_numbers_are_those_of_the_table():
    (row,) = [row for row in calibration()["looking"] if row["arms"] == "0, 0, 0"]
    looks = calibration_notes(3)[2]
    assert f"{row['naive']:.1%} by the test for one look, in {row['false']:.1%} by the rule" in looks
    assert f"trains {row['runs']:.0f} runs of 60" in looks
