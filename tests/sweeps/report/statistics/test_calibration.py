"""The table that the page prints is what a simulation through the report's own functions gives."""

import math

import pytest

from benchmarks import calibration as simulated
from sweeps.report.analysis import analyse
from sweeps.report.output.write import render_files
from sweeps.report.statistics.calibration import calibration, measured_coverage
from tests.sweeps.report.planted import Planted

POWER = {0.0: 0.26, 0.3: 0.35, 0.6: 0.55, 0.8: 0.85}  # the project's science notes


def error(share, n):
    """Return 3.5 standard errors of a share of n."""
    return 3.5 * math.sqrt(share * (1 - share) / n)


@pytest.mark.slow
def test_coverage_is_what_the_page_prints():
    # 2,000 studies a case; every interval that decides covers 93 to 97% where seeds are normal.
    for row, kept in zip(simulated.coverage(2000), calibration()["coverage"], strict=True):
        assert (row["seeds"], row["n"]) == (kept["seeds"], kept["n"])
        for key in ("student", "student_of_a_mean", "bca"):
            assert row[key] == pytest.approx(kept[key], abs=error(kept[key], 2000)), (key, row)
        if row["seeds"] == "normal":
            assert 0.93 < row["student"] < 0.97


@pytest.mark.slow
def test_chance_wins_one_study_in_twenty_at_most():
    for row in simulated.false_verdicts(2000):
        assert row["false"] <= 0.05 + error(0.05, 2000), row


@pytest.mark.slow
def test_power_is_that_of_the_notes():
    for row in simulated.power(2000):
        assert row["found"] == pytest.approx(POWER[row["correlation"]], abs=0.005 + error(row["formula"], 2000)), row


def test_the_kept_table_holds_what_is_promised():
    kept = calibration()
    assert all(row["studies"] >= 2000 for name in ("coverage", "false_verdicts", "power") for row in kept[name])
    assert all(0.93 <= row["student"] <= 0.97 for row in kept["coverage"] if row["seeds"] == "normal")
    assert all(row["false"] <= 0.05 + error(0.05, row["studies"]) for row in kept["false_verdicts"])
    for row in kept["power"]:
        assert row["found"] == pytest.approx(POWER[row["correlation"]], abs=0.005 + error(row["found"], row["studies"]))


def test_where_coverage_falls_short_the_page_says_so(tmp_path):
    short = [row for row in calibration()["coverage"] if not 0.93 <= row["student_of_a_mean"] <= 0.97]
    assert {(row["seeds"], row["n"]) for row in short} >= {("15% collapsed", 6), ("15% collapsed", 10)}
    analysis = analyse(Planted({"a": 0.0, "b": 0.4}, n_seeds=10, falls={("b", 4): 8.0}).write(tmp_path))
    check = next(check for check in analysis.checks if check.title == "Intervals cover what they say")
    assert check.detail.endswith(measured_coverage(10))
    page = render_files(analysis, pictures=False)["index.html"].decode()
    assert "<strong>Caveat.</strong>" in page
    assert all(f"{100 * row['bca']:.1f}%" in page for row in calibration()["coverage"])
