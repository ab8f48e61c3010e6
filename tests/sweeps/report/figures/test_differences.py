"""The stacked bar of a pair says what verdict.json says."""

import pytest
from scipy.stats import t

from sweeps.report.analysis import analyse
from sweeps.report.figures.all_figures import figures_of
from tests.sweeps.report.exact_study import ExactStudy, above, baseline

EFFECT = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]
EQUAL = [0.12, -0.31, 0.22, -0.08, 0.35, -0.27, 0.05, -0.19, 0.28, -0.14]


def bars(tmp_path, **changes):
    study = ExactStudy({"a": baseline(10), "b": above(EFFECT), "c": above(EQUAL)}, **changes)
    (figure,) = figures_of(analyse(study.write(tmp_path / "study")))["chances"]
    return figure


def test_each_pair_has_three_chances_that_fill_its_bar(tmp_path):
    rows = bars(tmp_path).rows()
    pairs = {row["pair"] for row in rows}
    assert len(pairs) == 3
    for pair in pairs:
        of_pair = [row for row in rows if row["pair"] == pair]
        assert [row["chance"] for row in sorted(of_pair, key=lambda row: row["order"])] == [
            "worse by more than 0.1 dB",
            "no practical difference",
            "better by more than 0.1 dB",
        ]
        assert sum(row["percent"] for row in of_pair) == pytest.approx(100, abs=0.01)


def test_the_chances_are_students_t(tmp_path):
    # c against a: mean 0.003, and its sd; the better part is P(T > (margin - mean) / se).
    rows = {row["chance"]: row["percent"] for row in bars(tmp_path).rows() if row["pair"].startswith("c\n− a")}  # noqa: RUF001
    se = 0.23514 / 10**0.5
    assert rows["better by more than 0.1 dB"] == pytest.approx(100 * t.sf((0.1 - 0.003) / se, 9), abs=0.02)
    assert rows["worse by more than 0.1 dB"] == pytest.approx(100 * t.sf((0.1 + 0.003) / se, 9), abs=0.02)


def test_without_a_margin_there_is_no_practical_difference(tmp_path):
    rows = bars(tmp_path, margin=None).rows()
    assert {row["chance"] for row in rows} == {"worse", "better"}


def test_where_nothing_can_be_told_there_is_no_bar(tmp_path):
    study = ExactStudy({"a": baseline(1), "b": above([0.3])})
    assert figures_of(analyse(study.write(tmp_path / "study")))["chances"] == []
