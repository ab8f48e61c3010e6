"""The page quotes the simulation of as many arms as the study has."""

import pytest

from sweeps.report.rows.calibration_notes import calibration_notes
from sweeps.report.statistics.calibration import calibration


@pytest.mark.parametrize(
    ("n_arms", "word"), [(1, "two"), (2, "two"), (3, "three"), (4, "three"), (7, "eight"), (12, "eight")]
)
def test_the_nearest_number_of_arms_is_quoted(n_arms, word):
    family, _, looks, _ = calibration_notes(n_arms, 0)
    assert f", {word} equal arms, " in family
    assert looks.startswith(word.capitalize())


def test_the_numbers_are_those_of_the_table():
    (row,) = [row for row in calibration()["looking"] if row["arms"] == "0, 0, 0"]
    looks = calibration_notes(3, 0)[2]
    assert f"{row['naive']:.1%} by the test for one look, in {row['false']:.1%} by the rule" in looks
    assert f"trains {row['runs']:.0f} runs of 60" in looks


@pytest.mark.parametrize(
    ("n_tunings", "said", "row"),
    [
        (1, "by one tuning of 24 trials and 24 seeds an arm", (1, 24)),
        (5, "by 6 tunings of 4 trials and 24 seeds an arm", (6, 24)),
        (30, "by 12 tunings of 2 trials and 24 seeds an arm", (12, 24)),
    ],
)
def test_a_tuned_study_hears_of_equal_strategies(n_tunings, said, row):
    note = calibration_notes(2, n_tunings)[-1]
    (of,) = [r for r in calibration()["strategies"] if (r["tunings"], r["seeds"]) == row]
    assert said in note
    assert f"told apart in {of['told_apart']:.1%} of {of['studies']:,} studies" in note
    assert note.endswith("another tuning would have chosen.") == (n_tunings == 1)
