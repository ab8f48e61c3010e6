"""What one run of each arm would have shown, against every pair of runs gone through by hand."""

from itertools import product
from pathlib import Path

from sweeps.report import analyse
from sweeps.report.analysis import Analysis
from sweeps.report.steadiness.one_run_each import OneRunEach, one_run_each, one_run_sentences
from tests.sweeps.report.planted import Planted


def analysis_of(tmp_path: Path, planted: Planted) -> Analysis:
    return analyse(planted.write(tmp_path))


def counts(tmp_path: Path, planted: Planted) -> OneRunEach:
    analysis = analysis_of(tmp_path, planted)
    (row,) = one_run_each(analysis.experiment, analysis.pairs)
    return row


def test_every_way_to_pick_one_run_of_each_counts_once(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, Planted({"x": 0.0, "y": 0.1}, n_seeds=7))
    (row,) = one_run_each(analysis.experiment, analysis.pairs)
    of = {arm.name: list(arm.by_seed.values()) for arm in analysis.arms}
    gaps = [a - b for a, b in product(of[row.a], of[row.b])]
    margin = 0.1
    assert row.ways == len(gaps) == 49
    assert 0 < row.b_ahead < row.a_ahead  # seeds differ by more than the arms do
    assert (row.a_ahead, row.b_ahead) == (sum(g > 0 for g in gaps), sum(g < 0 for g in gaps))
    assert (row.a_beyond, row.b_beyond) == (sum(g > margin for g in gaps), sum(g < -margin for g in gaps))


def test_less_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    row = counts(tmp_path, Planted({"x": 0.0, "y": 9.0}, metric="val/mse", direction="minimize"))
    ahead = {row.a: row.a_ahead, row.b: row.b_ahead}
    assert ahead == {"x": row.ways, "y": 0}


def test_a_run_that_broke_down_is_behind_all_others_and_ahead_of_none(tmp_path: Path) -> None:
    lost = {("x", 0): "failed", ("y", 0): "diverged", ("y", 1): "failed"}
    row = counts(tmp_path, Planted({"x": 9.0, "y": 0.0}, n_seeds=6, statuses=lost))
    ahead = {row.a: row.a_ahead, row.b: row.b_ahead}
    assert row.ways == 36
    assert ahead == {"x": 5 * 6, "y": 1 * 4}  # the fallen x is behind four; against two that fell neither is ahead


def test_the_sentence_has_the_counts_and_the_margin(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, Planted({"x": 0.0, "y": 9.0}))
    assert one_run_sentences(analysis.experiment, analysis.pairs) == [
        "y against x: of 36 ways to pick one run of each, y is ahead in 36 (by more than 0.1 dB in 36), "
        "x in 0 (by more than 0.1 dB in 0)."
    ]
