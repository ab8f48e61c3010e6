"""The tables that the page quotes are what a simulation through the report's own functions gives."""

import math
from pathlib import Path

import pytest

from benchmarks import calibration as simulated
from sweeps.report.analysis import analyse
from sweeps.report.output.write import render_files
from sweeps.report.statistics.calibration import calibration, coverage_row, measured_coverage
from tests.sweeps.report.exact_study import ExactStudy, above, baseline

POWER = {0.0: 0.26, 0.3: 0.35, 0.6: 0.55, 0.8: 0.85}  # the project's science notes
EQUAL = {"0, 0", "0, 0, 0", "0, 0, 0, 0, 0, 0, 0, 0"}
EFFECT = [0.45, 0.12, 0.38, 0.21, 0.55, 0.30, 0.08, 0.41, 0.27, 0.33]


def error(share, n):
    """Return 3.5 standard errors of a share of n."""
    return 3.5 * math.sqrt(max(share * (1 - share), 0.01) / n)


def rows_of(name):
    return calibration()[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "names", "shares"),
    [
        ("coverage", ("seeds", "n"), ("student", "student_of_a_mean", "bca", "where_trained", "false")),
        ("families", ("arms", "sd", "n"), ("false_better", "false_equivalent", "uncorrected_equivalent")),
        ("losses", ("loses", "n"), ("by_survivors", "in_two_parts")),
        ("looking", ("arms",), ("naive", "false", "found")),
        ("power", ("correlation",), ("found",)),
        ("strategies", ("tunings", "seeds"), ("told_apart",)),
    ],
)
def test_the_kept_tables_are_measured_again(table, names, shares):
    n = 100 if table == "looking" else 300
    for row, kept in zip(getattr(simulated, table)(n), rows_of(table), strict=True):
        assert [row[name] for name in names] == [kept[name] for name in names]
        for share in shares:
            assert row[share] == pytest.approx(kept[share], abs=error(kept[share], n)), (share, row)


def test_a_small_simulation_finds_what_the_tables_say():
    # The cheapest rows again, on every run of the tests: few studies, so wide bounds.
    (first, *_) = simulated.power(200)
    assert first["found"] == pytest.approx(rows_of("power")[0]["found"], abs=error(0.27, 200))
    lost = {row["loses"]: row for row in simulated.losses(150) if row["n"] == 20}
    assert lost["its worst 30%"]["by_survivors"] > 0.12 > 0.08 > lost["its worst 30%"]["in_two_parts"]


def test_every_row_rests_on_two_thousand_studies():
    tables = ("coverage", "families", "losses", "looking", "power")
    assert all(row["studies"] >= 2000 for name in tables for row in rows_of(name))
    assert {row["seeds"] for row in rows_of("coverage")} == set(simulated.KINDS)


def test_intervals_of_normal_seeds_cover_and_those_of_one_arm_that_breaks_down_do_not():
    for row in rows_of("coverage"):
        if row["seeds"] in ("normal", "correlated 0.6"):
            assert 0.93 < row["student"] < 0.97
            assert row["false"] <= 0.05 + error(0.05, row["studies"])
    for n in (6, 10):
        assert coverage_row("one arm, 15% break down", n)["student"] < 0.88
        assert coverage_row("one arm skewed", n)["student"] < 0.945
    assert all(coverage_row("one arm, 5% break down", n)["student"] < 0.945 for n in (6, 10, 20))


def test_a_verdict_in_two_parts_covers_where_both_trained():
    of_breakdowns = [row for row in rows_of("coverage") if "break down" in row["seeds"]]
    assert len(of_breakdowns) == 9
    for row in of_breakdowns:
        assert row["where_trained"] == pytest.approx(0.95, abs=error(0.05, row["studies"]))
        assert row["false"] <= 0.05 + error(0.05, row["studies"])


def test_families_are_right_in_nineteen_studies_of_twenty():
    for row in rows_of("families"):
        for key in ("false_better", "false_equivalent"):
            assert row[key] <= 0.05 + error(0.05, row["studies"]), row
    (eight,) = [row for row in rows_of("families") if row["arms"].count("0.1") == 4 and row["n"] == 10]
    assert eight["uncorrected_equivalent"] > 0.15


def test_survivors_do_not_win():
    for row in rows_of("losses"):
        assert row["in_two_parts"] <= 0.025 + error(0.025, row["studies"])
    assert max(row["by_survivors"] for row in rows_of("losses")) > 0.2


def test_the_rule_for_looks_may_be_looked_at():
    for row in rows_of("looking"):
        assert row["false"] <= 0.05 + error(0.05, row["studies"]), row
        assert row["covers"] >= 0.95, row
    equal = {row["arms"]: row for row in rows_of("looking") if row["arms"] in EQUAL}
    assert set(equal) == EQUAL
    assert all(row["naive"] > 0.14 for row in equal.values())


@pytest.mark.parametrize(
    ("arms", "found", "seeds", "runs"),
    [
        ("0, 0", None, 10.8, None),
        ("0, 0.2", 0.71, 13.2, None),
        ("0, 0.5", 1.0, 7.9, None),
        ("0, 0, 0", None, 11.0, 31),
        ("0, 0, 0.2", 0.54, 15.9, 44),
        ("0, 0, 0.5", 1.0, 11.1, 31),
    ],
)
def test_power_and_cost_of_stopping_are_those_of_an_independent_simulation(arms, found, seeds, runs):
    (row,) = [row for row in rows_of("looking") if row["arms"] == arms]
    if found is not None:
        assert row["found"] == pytest.approx(found, abs=error(found, row["studies"]))
    assert row["seeds"] == pytest.approx(seeds, abs=0.5)
    if runs is not None:
        assert row["runs"] == pytest.approx(runs, abs=1.5)


def test_power_is_that_of_the_notes():
    for row in rows_of("power"):
        assert row["found"] == pytest.approx(POWER[row["correlation"]], abs=0.005 + error(row["found"], row["studies"]))


def test_the_page_quotes_the_row_that_fits(tmp_path):
    study = ExactStudy({"a": baseline(10), "b": above(EFFECT)}, flagged=frozenset({("b", 3)}))
    analysis = analyse(study.write(tmp_path / "study"))
    check = next(check for check in analysis.checks if check.title == "Intervals cover what they say")
    assert check.detail.endswith(measured_coverage("one arm, 15% break down", 9))
    page = render_files(analysis, pictures=False)["index.html"].decode()
    assert "most like <strong>one arm, 15% break down</strong>" in page
    assert page.count('<tr class="like">') == 3
    assert all(f"{100 * row['bca']:.1f}%" in page for row in rows_of("coverage"))


def test_the_manual_prints_the_tables():
    page = (Path(__file__).parents[4] / "docs" / "report.md").read_text(encoding="utf-8")
    for row in rows_of("coverage"):
        shares = [row[key] for key in ("student", "where_trained", "student_of_a_mean", "bca", "false")]
        cells = " | ".join(f"{100 * share:.1f}%" for share in shares)
        assert f"| {row['seeds']} | {row['n']} | {cells} |" in page
    for row in rows_of("losses"):
        cells = " | ".join(f"{100 * row[key]:.1f}%" for key in ("by_survivors", "in_two_parts"))
        assert f"| {row['loses']} | {row['n']} | {cells} |" in page
    for row in rows_of("looking"):
        assert f"| {100 * row['naive']:.1f}% | {100 * row['false']:.1f}% | {100 * row['covers']:.1f}% |" in page
    for row in rows_of("families"):
        assert f"| {row['n']} | {100 * row['false_better']:.1f}% | {100 * row['false_equivalent']:.1f}% |" in page
